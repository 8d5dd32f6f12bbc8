// Whoever is quicker than the page is drawn, and what others change meanwhile: no key goes astray, nothing is closed.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, open, signIn } from "./browser.mjs";
import { demo } from "./node.mjs";

let browser;
let node;
before(async () => { [browser, node] = await Promise.all([launch(), demo()]); });
after(async () => {
  await browser?.close();
  await node?.stop();
});

/** So late is everything that a page leaves for its next frame, as on a machine that is busy. */
const FRAME_LATE_MILLISECONDS = 300;

/** A page that is signed in, whose frames are late; `asked` tells what it asked before something was left. */
async function late(stays = true) {
  const { page, context, wrong } = await open(browser, node.console);
  const asked = [];
  page.on("dialog", (dialog) => {
    asked.push(dialog.message());
    void (stays ? dialog.dismiss() : dialog.accept());
  });
  await signIn(page);
  await page.evaluate((milliseconds) => {
    const frame = globalThis.requestAnimationFrame.bind(globalThis);
    globalThis.requestAnimationFrame = (draw) => setTimeout(() => frame(draw), milliseconds);
  }, FRAME_LATE_MILLISECONDS);
  return { page, context, wrong, asked };
}

/** What the page left for later is done. */
const drawn = (page) => page.evaluate(async () => {
  for (let frame = 0; frame < 3; frame += 1) await new Promise((done) => requestAnimationFrame(done));
});

const goTo = (page, place) => page.evaluate((place) => { location.hash = place; }, `#/${place}`);
const heading = (page, name) => page.getByRole("heading", { level: 1, name, exact: true }).waitFor();
const focused = (page) => page.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.labels?.[0]?.textContent ?? document.activeElement?.textContent);

/** What another administrator does meanwhile. */
const meanwhile = (page, method, path, body) => page.evaluate(async ([method, path, body]) => {
  const answer = await fetch(`api/v1${path}`, { method, headers: { "content-type": "application/json" }, body: body ? JSON.stringify(body) : null });
  return answer.status;
}, [method, path, body]);

test("lists_in_forms_have_the_focus_where_the_next_key_is_meant", async () => {
  const { page, context, wrong } = await late(false);
  await goTo(page, "settings/layouts/default");
  const left = page.getByRole("group", { name: "Left column" });
  const labels = () => left.getByLabel("Label").evaluateAll((fields) => fields.map((field) => field.value));
  await left.getByRole("button", { name: "Move down: Left field 1" }).focus();
  assert.deepEqual(await labels(), ["Contract", "Product"]);
  await page.keyboard.press("Enter");
  assert.equal(await focused(page), "Move down: Left field 2", "the focus goes along at once");
  assert.deepEqual(await labels(), ["Product", "Contract"]);
  // Pressed once too often it does nothing; it surely removes nothing.
  await page.keyboard.press("Enter");
  assert.equal(await focused(page), "Move down: Left field 2");
  assert.deepEqual(await labels(), ["Product", "Contract"]);
  await left.getByRole("button", { name: "Move up: Left field 2" }).focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Enter");
  assert.equal(await focused(page), "Move up: Left field 1");
  assert.deepEqual(await labels(), ["Contract", "Product"]);
  await left.getByRole("button", { name: "Add: Left field" }).focus();
  await page.keyboard.press("Enter");
  await page.keyboard.type("Third");
  await page.keyboard.press("Tab");
  await page.keyboard.type("callVariable6");
  assert.deepEqual(await labels(), ["Contract", "Product", "Third"]);
  assert.equal(await left.getByLabel("Call variable").last().inputValue(), "callVariable6");
  await left.getByRole("button", { name: "Remove: Left field 3" }).focus();
  await page.keyboard.press("Enter");
  assert.equal(await focused(page), "Remove: Left field 2");
  await left.getByLabel("Label").first().focus();
  await drawn(page);
  assert.match(await focused(page), /^Label/, "nothing takes the focus later");
  assert.deepEqual(wrong, []);
  await context.close();
});

test("ops_06_leaving_a_form_at_once_asks_for_what_is_unsaved_and_for_nothing_else", async () => {
  const { page, context, wrong, asked } = await late();
  await goTo(page, "settings/teams/Sales");
  await heading(page, "Sales");
  await page.getByRole("button", { name: "Save", exact: true }).waitFor();
  /** Changes the form and leaves it, before the next frame. */
  const leave = (change, place) => page.evaluate(async ([change, place]) => {
    if (change === null) {
      [...document.querySelectorAll(".form-foot button")].find((button) => button.textContent === "Discard changes").click();
    } else {
      const field = [...document.querySelectorAll("form label")].find((label) => label.textContent.startsWith("Wrap-up (seconds)")).control;
      field.value = change;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
    // What a change draws is drawn once nothing else is to be done.
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
    location.hash = place;
    await new Promise((done) => addEventListener("hashchange", done, { once: true }));
  }, [change, place]);
  await leave("41", "#/settings/teams");
  await page.getByText("There are changes that are not saved.").waitFor();
  assert.equal(asked.length, 1, "what was typed just now is asked for");
  assert.equal(await page.getByLabel("Wrap-up (seconds)").inputValue(), "41");
  await leave(null, "#/settings/skills");
  await heading(page, "Skills");
  assert.equal(asked.length, 1, "what was discarded just now is not");
  assert.deepEqual(wrong, []);
  await context.close();
});

test("a_field_that_becomes_a_search_keeps_the_focus", async () => {
  const { page, context, wrong } = await late(false);
  let give;
  const given = new Promise((done) => { give = done; });
  await page.route(/\/api\/v1\/teams\?/, async (route) => {
    await given;
    const items = Array.from({ length: 200 }, (_, place) => ({ name: `Team ${place}` }));
    await route.fulfill({ json: { items, next: "Team 199", total: 5_000 } });
  });
  await goTo(page, "settings/agents?new=yes");
  const field = page.getByLabel("Team", { exact: true });
  await field.focus();
  assert.equal(await page.evaluate(() => document.activeElement?.localName), "select", "so long as nobody knows how many there are");
  give();
  await page.locator("input[list]").and(field).waitFor();
  await page.waitForFunction(() => document.activeElement?.localName === "input" && document.activeElement.hasAttribute("list"));
  await page.keyboard.type("Team 7");
  assert.equal(await field.inputValue(), "Team 7");
  assert.deepEqual(wrong, []);
  await context.close();
});

test("ops_06_what_others_change_closes_no_dialog_and_takes_no_focus", async () => {
  const { page, context, wrong } = await late(false);
  const row = (name) => page.locator("main tr", { hasText: name });
  assert.equal(await meanwhile(page, "PUT", "/skills/Kept", {}), 201);
  await goTo(page, "settings/skills");
  await page.getByRole("link", { name: "Kept", exact: true }).focus();
  assert.equal(await meanwhile(page, "PUT", "/skills/News-1", {}), 201);
  await row("News-1").waitFor({ state: "attached" });
  assert.equal(await focused(page), "Kept", "the row somebody is at stays");

  await page.getByRole("button", { name: "Delete: Kept" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Cancel" }).focus();
  assert.equal(await meanwhile(page, "PUT", "/skills/News-2", {}), 201);
  await row("News-2").waitFor({ state: "attached" });
  await drawn(page);
  assert.equal(await focused(page), "Cancel");
  // Even if what is to be deleted is gone by then, whoever was asked gets an answer.
  assert.equal(await meanwhile(page, "DELETE", "/skills/News-1"), 200);
  await row("News-1").waitFor({ state: "detached" });
  await dialog.getByRole("button", { name: "Delete", exact: true }).click();
  await row("Kept").waitFor({ state: "detached" });
  await dialog.waitFor({ state: "hidden" });
  await drawn(page);
  assert.equal(await focused(page), "Skills", "the heading has the focus once the row is gone");

  // A document that is open stays open, with its dialog, and with what is typed.
  await goTo(page, "settings/skills/News-2");
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await dialog.getByText("This removes", { exact: false }).waitFor();
  const number = (text) => Number(/"number":(\d+)/.exec(text)?.[1]);
  const told = page.evaluate(() => new Promise((done) => {
    // The page's own stream is not to be seen from here; this one hears the same.
    const stream = new EventSource("api/v1/events?topics=settings");
    let heard = 0;
    stream.addEventListener("settings", (event) => {
      heard += 1;
      if (heard === 1) globalThis.isListening = true;
      else {
        stream.close();
        done(event.data);
      }
    });
  }));
  await page.waitForFunction(() => globalThis.isListening);
  assert.equal(await meanwhile(page, "PUT", "/skills/News-3", {}), 201);
  assert.ok(number(await told) > 0);
  await drawn(page);
  assert.ok(await dialog.isVisible());
  await dialog.getByRole("button", { name: "Delete", exact: true }).click();
  await heading(page, "Skills");
  await row("News-2").waitFor({ state: "detached" });
  assert.equal(await meanwhile(page, "DELETE", "/skills/News-3"), 200);
  assert.deepEqual(wrong, []);
  await context.close();
});
