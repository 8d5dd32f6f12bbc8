// The forms of the settings: found, filled in wrongly and rightly, changed by two at a time, deleted.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, open, overflows, shot, signIn, unlabelled, violations } from "./browser.mjs";
import { golden } from "./golden.mjs";
import { demo } from "./node.mjs";
import { check, checkDark } from "./page_checks.mjs";

let browser;
let node;
before(async () => { [browser, node] = await Promise.all([launch(), demo()]); });
after(async () => {
  await browser?.close();
  await node?.stop();
});

const SCRIPT = "<img src=x onerror=alert(1)>";

/** What another administrator does meanwhile. */
const meanwhile = (page, method, path, body) => page.evaluate(async ([method, path, body]) => {
  const headers = { "content-type": method === "PATCH" ? "application/merge-patch+json" : "application/json" };
  const answer = await fetch(`api/v1${path}`, { method, headers, body: body ? JSON.stringify(body) : null });
  return answer.status;
}, [method, path, body]);

const goTo = (page, place) => page.evaluate((place) => { location.hash = place; }, `#/${place}`);
const heading = (page, name) => page.getByRole("heading", { level: 1, name, exact: true }).waitFor();
const saved = (page) => page.getByText("Saved, and in force on every node.").waitFor();

test("byd_08_every_setting_is_found_and_has_a_form_for_everybody", async () => {
  const { page, context, wrong } = await open(browser, node.console);
  await signIn(page);
  await goTo(page, "settings");
  await heading(page, "All settings");
  await page.getByRole("link", { name: "Retention" }).waitFor();
  await check(page, "settings");
  await checkDark(page, "settings");
  await golden(page.getByRole("region", { name: "People" }), "settings");
  const sections = await page.locator("main .sections a").evaluateAll((links) => links.map((link) => link.getAttribute("href").split("/")[2]));
  assert.ok(sections.length >= 19, "every section is there");

  const search = page.getByRole("searchbox", { name: "Search the settings" });
  await search.fill("wrap-up");
  await page.getByRole("link", { name: "Wrap-up (seconds) in Teams" }).waitFor();
  await search.fill("Agent 1002");
  await page.getByRole("link", { name: "1002", exact: true }).waitFor();
  await check(page, "settings-found");
  await search.fill("no such thing at all");
  await page.getByText("Nothing is called so.", { exact: false }).waitFor();
  await check(page, "settings-found-nothing");

  // Every section opens, in both languages, and nothing in it is without words. What is typed is left behind.
  page.on("dialog", (dialog) => void dialog.accept());
  await page.setViewportSize({ width: 320, height: 900 });
  // All forms are made by the same parts; these have every sort of field between them, so axe looks at them.
  const looked = new Set(["agents", "devices", "directories", "headset", "sip", "trust"]);
  for (const section of sections) {
    await goTo(page, `settings/${section}?new=yes`);
    await page.getByRole("button", { name: "Save", exact: true }).waitFor();
    for (const folded of await page.locator("main details:not([open]) > summary").all()) await folded.click();
    for (const use of await page.getByLabel("In use").all()) if (!(await use.isChecked())) await use.check();
    for (const add of await page.locator("main button.add").all()) await add.click();
    if (looked.has(section)) assert.deepEqual(await violations(page), [], `${section}: what axe finds`);
    assert.deepEqual(await unlabelled(page), [], `${section}: fields without a label`);
    assert.equal(await overflows(page), false, `${section}: wider than 320 pixels`);
    await shot(page, `settings-form-${section}`);
    // In a window this small language and appearance are behind the menu.
    await page.getByRole("button", { name: /^(Menu|Menü)$/ }).click();
    await page.getByLabel("Language").selectOption("de");
    await page.getByRole("button", { name: "Speichern", exact: true }).waitFor();
    const text = await page.locator("main").innerText();
    assert.doesNotMatch(text, /\b(the|where|must|which|whole number)\b/i, `${section} speaks English in German`);
    assert.equal(await overflows(page), false, `${section}: wider than 320 pixels in German`);
    await page.getByLabel("Sprache").selectOption("en");
  }
  await goTo(page, "settings");
  await heading(page, "All settings");
  assert.deepEqual(wrong, []);
  await context.close();
});

test("ops_06_two_administrators_do_not_overwrite_each_other_and_lose_nothing_they_typed", async () => {
  const { page, context, wrong } = await open(browser, node.console);
  await signIn(page);
  await goTo(page, "settings/teams?new=yes");
  await heading(page, "New: team");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByRole("alert").waitFor();
  await page.getByLabel("Wrap-up (seconds)").fill("99999");
  await page.getByLabel("Name", { exact: false }).first().fill(SCRIPT);
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.locator(".field .error", { hasText: "must be a whole number from 0 to 7200, not 99999" }).waitFor();
  assert.ok(await page.getByRole("alert").evaluate((alert) => alert.contains(document.activeElement)), "what is wrong has the focus");
  await check(page, "settings-team-wrong");
  await golden(page.locator("main form"), "settings-team-wrong");
  await page.getByRole("alert").getByRole("button", { name: "Wrap-up (seconds)" }).click();
  assert.equal(await page.evaluate(() => document.activeElement?.value), "99999");
  await page.keyboard.press("ControlOrMeta+A");
  await page.keyboard.type("30");
  await page.keyboard.press("Enter");
  await heading(page, SCRIPT);

  // An agent with an unknown team is refused at the field by the node.
  await goTo(page, "settings/agents?new=yes");
  await page.getByLabel("Agent ID").fill("7001");
  await page.getByLabel("Name", { exact: true }).fill(SCRIPT);
  await page.getByLabel("Team", { exact: true }).selectOption(SCRIPT);
  await page.getByLabel("Extension").fill("7001");
  await page.getByLabel("Password", { exact: true }).fill("secret-7001");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await heading(page, `${SCRIPT} (7001)`);
  await page.getByText("Is set, and never shown.").waitFor();
  await check(page, "settings-agent");
  await checkDark(page, "settings-agent");
  await golden(page.locator("main"), "settings-agent");

  // Somebody else changes it while this form is filled in.
  await page.getByLabel("Name", { exact: true }).fill("Mine");
  await page.getByLabel("Extension").fill("7002");
  await page.getByText("There are changes that are not saved.").waitFor();
  assert.equal(await meanwhile(page, "PATCH", "/agents/7001", { name: "Theirs", alias: "Ada" }), 200);
  await page.getByRole("button", { name: "Save", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("Somebody else changed it meanwhile").waitFor();
  await check(page, "settings-conflict");
  await golden(dialog, "settings-conflict");
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  await page.waitForFunction(() => document.activeElement?.textContent === "Save");
  assert.equal(await page.getByLabel("Name", { exact: true }).inputValue(), "Mine");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await dialog.getByRole("group", { name: "Name", exact: true }).getByLabel("As it is now", { exact: false }).check();
  await dialog.getByRole("button", { name: "Go on with this" }).click();
  assert.equal(await page.getByLabel("Name", { exact: true }).inputValue(), "Theirs");
  assert.equal(await page.getByLabel("Extension").inputValue(), "7002");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await saved(page);
  const kept = await page.evaluate(async () => (await fetch("api/v1/agents/7001")).json());
  assert.deepEqual([kept.name, kept.alias, kept.extension, kept.password_hash], ["Theirs", "Ada", "7002", "(set)"]);

  // What is not saved is not lost by a wrong click.
  await page.getByLabel("Extension").fill("7003");
  await page.getByText("There are changes that are not saved.").waitFor();
  page.once("dialog", (asked) => void asked.dismiss());
  await page.getByRole("link", { name: "Back to Agents" }).click();
  assert.equal(await page.getByLabel("Extension").inputValue(), "7003");
  await page.getByRole("button", { name: "Discard changes" }).click();
  assert.equal(await page.getByLabel("Extension").inputValue(), "7002");

  // The team cannot go while the agent is in it; the agent can.
  await goTo(page, `settings/teams/${encodeURIComponent(SCRIPT)}`);
  await heading(page, SCRIPT);
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await dialog.getByText("This removes", { exact: false }).waitFor();
  await check(page, "settings-delete");
  await dialog.getByRole("button", { name: "Delete", exact: true }).click();
  await dialog.getByRole("link", { name: "Agents: 7001 (Team)" }).waitFor();
  await check(page, "settings-in-use");
  await golden(dialog, "settings-in-use");
  await dialog.getByRole("link", { name: "Agents: 7001 (Team)" }).click();
  await heading(page, "Theirs (7001)");
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await dialog.getByRole("button", { name: "Delete", exact: true }).click();
  await heading(page, "Agents");
  await goTo(page, "settings/teams");
  await page.getByRole("link", { name: SCRIPT, exact: true }).waitFor();
  // What somebody else adds is seen without a look: the node tells that the settings have another number.
  await goTo(page, "settings/skills");
  await page.getByText("There is no skill yet.", { exact: false }).waitFor();
  assert.equal(await meanwhile(page, "PUT", "/skills/German", {}), 201);
  await page.getByRole("link", { name: "German", exact: true }).waitFor();
  assert.equal(await meanwhile(page, "DELETE", "/skills/German"), 200);
  await page.getByText("There is no skill yet.", { exact: false }).waitFor();
  await goTo(page, "settings/teams");
  await page.getByRole("button", { name: `Delete: ${SCRIPT}` }).click();
  await dialog.getByRole("button", { name: "Delete", exact: true }).click();
  await page.getByText(SCRIPT).first().waitFor({ state: "hidden" });
  assert.deepEqual(wrong, []);
  await context.close();
});

test("lists_in_forms_are_ordered_by_keys_and_secrets_are_replaced", async () => {
  const { page, context, wrong } = await open(browser, node.console);
  await signIn(page);
  await goTo(page, "settings/layouts/default");
  await heading(page, "default");
  const left = page.getByRole("group", { name: "Left column" });
  await left.getByRole("button", { name: "Move down: Left field 1" }).focus();
  await page.keyboard.press("Enter");
  assert.equal(await left.getByLabel("Label").first().inputValue(), "Product");
  await left.getByRole("button", { name: "Move up: Left field 2" }).focus();
  await page.keyboard.press("Enter");
  await left.getByRole("button", { name: "Add: Left field" }).click();
  await page.waitForFunction(() => document.activeElement?.closest("[data-item='2']"));
  await page.keyboard.type("Third");
  await page.keyboard.press("Tab");
  await page.keyboard.type("callVariable6");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await saved(page);
  await check(page, "settings-layout");
  await golden(page.locator("main"), "settings-layout");

  await goTo(page, "settings/phone-service");
  await page.getByRole("button", { name: "Replace: Password" }).click();
  await page.getByLabel("Password", { exact: true }).fill("with ü");
  await page.getByRole("button", { name: "Keep the one that is set: Password" }).click();
  await page.getByText("Is set, and never shown.").waitFor();
  await page.getByLabel("Sign out silent phones after (seconds)").fill("30");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  // What only the node knows is said at the field, too.
  await page.locator(".field .error", { hasText: "must be 0 (never) or 120 to 86400 seconds, not 30" }).waitFor();
  assert.equal(await page.getByLabel("Sign out silent phones after (seconds)").inputValue(), "30");
  // Without a network nothing is saved, and nothing is lost.
  await page.getByLabel("Sign out silent phones after (seconds)").fill("240");
  await context.setOffline(true);
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByRole("alert").getByText("The node does not answer.", { exact: false }).waitFor();
  assert.equal(await page.getByLabel("Sign out silent phones after (seconds)").inputValue(), "240");
  await context.setOffline(false);
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await saved(page);
  await page.getByLabel("Sign out silent phones after (seconds)").fill("120");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByText("There are changes that are not saved.").waitFor({ state: "hidden" });
  await goTo(page, "settings");
  await heading(page, "All settings");
  assert.deepEqual(wrong, []);
  await context.close();
});

test("a_list_of_24000_agents_draws_what_is_seen", async () => {
  const { page, context, wrong } = await open(browser, node.console);
  await signIn(page);
  await page.route(/\/api\/v1\/agents\?/, async (route) => {
    const from = Number(new URL(route.request().url()).searchParams.get("after") ?? 0);
    const items = Array.from({ length: 1000 }, (_, place) => ({ id: String(100_000 + from + place), name: `Agent ${from + place}`, team: "Sales", roles: ["agent"] }));
    await route.fulfill({ json: { items, next: from + 1000 < 24_000 ? String(from + 1000) : null, total: 24_000 } });
  });
  await goTo(page, "settings/agents");
  await page.getByText("24,000 in all").waitFor();
  assert.ok(await page.getByRole("row").count() < 100, "not every row is drawn");
  const search = page.getByRole("searchbox", { name: "Search in Agents" });
  await search.fill("Agent 23999");
  await page.getByRole("link", { name: "123999", exact: true }).waitFor();
  await page.getByText("1 of 24,000").waitFor();
  await check(page, "settings-agents-many");
  await search.fill("nobody");
  await page.getByText("No entry matches.", { exact: false }).waitFor();
  await page.getByRole("button", { name: "Clear" }).click();
  await page.getByText("24,000 in all").waitFor();
  // So many are not offered in one list either: they are looked for.
  await goTo(page, "settings/teams/Sales");
  await page.getByRole("button", { name: "Add: Supervisor" }).click();
  const supervisor = page.getByRole("combobox", { name: "Supervisor 1" });
  // It is a list until it is known that there are too many for one.
  await page.locator("main input[list]").waitFor();
  await supervisor.fill("23");
  const offered = page.locator("datalist option");
  await offered.first().waitFor({ state: "attached" });
  assert.ok(await offered.count() <= 50, "few are offered at a time");
  await check(page, "settings-reference-many");
  await page.getByRole("button", { name: "Discard changes" }).click();
  await page.unroute(/\/api\/v1\/agents\?/);
  await goTo(page, "settings/directories");
  await page.getByText("There is no directory;", { exact: false }).waitFor();
  await check(page, "settings-directories-none");
  await golden(page.locator("main"), "settings-directories-none");
  await page.route(/\/api\/v1\/skills\?/, (route) => route.fulfill({ status: 503, json: { code: "unavailable", detail: "the store does not answer", reference: "ABCDEFGH", status: 503, title: "-", type: "-" }, contentType: "application/problem+json" }));
  await goTo(page, "settings/skills");
  await page.getByText("the store does not answer").waitFor();
  await check(page, "settings-skills-broken");
  assert.deepEqual(wrong, []);
  await context.close();
});

test("byd_05_settings_that_a_file_rules_are_shown_and_not_changed", async () => {
  const { page, context, wrong } = await open(browser, node.console);
  await signIn(page);
  await page.route(/\/api\/v1\/status$/, async (route) => {
    const answer = await route.fetch();
    const status = await answer.json();
    await route.fulfill({ json: { ...status, settings: { ...status.settings, from_file: "/etc/jackfield/settings.yaml", drift: { changes: 3 } } } });
  });
  await goTo(page, "settings/teams/Sales");
  await page.getByText("The file /etc/jackfield/settings.yaml rules these settings", { exact: false }).waitFor();
  assert.equal(await page.getByLabel("Wrap-up (seconds)").isDisabled(), true);
  assert.equal(await page.getByRole("button", { name: "Save", exact: true }).count(), 0);
  await check(page, "settings-ruled");
  await goTo(page, "settings-file");
  await page.getByText("The file has 3 changes that are not in force.", { exact: false }).waitFor();
  await check(page, "settings-file-drift");
  await golden(page.locator("main"), "settings-file-drift");
  assert.deepEqual(wrong, []);
  await context.close();
});
