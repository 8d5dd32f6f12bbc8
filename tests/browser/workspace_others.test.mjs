// The workspace while others act: mails that come and go, other tabs, news that is newer than an answer. The node is made up.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { launch, open } from "./browser.mjs";
import { until } from "./node.mjs";
import { check, checkDark } from "./page_checks.mjs";
import { mock } from "./workspace_mock.mjs";

const FIRST = "1".padStart(32, "0");
const SECOND = "2".padStart(32, "0");
const ready = () => ({ state: "ready", reason: null, since: new Date().toISOString(), contacts: [], changes: 1 });

let browser;
let node;
let page;
let context;
let wrong;
before(async () => { browser = await launch(); });
after(async () => { await browser?.close(); });
beforeEach(async () => {
  node = await mock({ signedIn: "cleo" });
  node.world.desk = ready();
});
afterEach(async () => {
  await context?.close();
  context = null;
  await node.stop();
  assert.deepEqual(wrong, []);
});

/** Opens the workspace, with the question for sounds answered. */
async function start(hash = "", { asks = false, ...options } = {}) {
  ({ page, context, wrong } = await open(browser, "about:blank", options));
  if (!asks) await context.addInitScript(() => { if (window.top === window && !localStorage.getItem("jackfield.workspace.alerts")) localStorage.setItem("jackfield.workspace.alerts", "off"); });
  page.on("dialog", (dialog) => { wrong.push(`a text was run: ${dialog.message()}`); void dialog.dismiss(); });
  await page.goto(`${node.address}${hash}`);
}
const contact = (number) => `#/contacts/${number}`;
const button = (name) => page.getByRole("button", { name, exact: true });
const writing = () => page.getByRole("textbox", { name: "Text" });
const draft = (number = FIRST) => node.world.drafts.get(number);
async function reply(name = "Reply") {
  await button(name).click();
  await writing().waitFor();
  await writing().click();
}
const keep = (number = FIRST) => page.evaluate((id) => JSON.parse(localStorage.getItem(`jackfield.draft.1001.${id}`))?.html ?? null, number);
const opened = () => page.getByRole("heading", { level: 1, name: "Order 4711 has not come" }).waitFor();
const open_ = () => until(() => node.world.streams.size > 0, "the stream of events");

test("dsk_10_a_mail_that_comes_takes_no_focus_and_marks_its_tab", async () => {
  await start(contact(FIRST));
  await opened();
  await open_();
  await reply();
  await page.keyboard.type("half a sen");
  node.arrive(3, { subject: "A third one" });
  await page.getByRole("status").getByText("New mail from Ada Example: A third one").waitFor();
  await page.keyboard.type("tence");
  await until(async () => await keep() === "<p>half a sentence</p>", "the focus stays where somebody writes");
  const tab = page.getByRole("listitem").filter({ hasText: "Ada Example" }).nth(1).getByRole("link");
  assert.equal(await tab.getAttribute("title"), "A third one");
  await tab.getByText("new").waitFor();
  assert.match(await page.title(), /^\(1\) /);
  // The envelope became a pencil where an answer is begun.
  await page.getByRole("link", { name: /^Mail, answer begun Ada Example/ }).waitFor();
  await check(page, "workspace-arrived");
  await tab.click();
  await page.getByRole("heading", { level: 1, name: "A third one" }).waitFor();
  await tab.getByText("new").waitFor({ state: "detached" });
});

test("dsk_10_who_loses_a_contact_to_others_is_told_and_what_was_typed_is_kept", async () => {
  await start(contact(FIRST));
  await opened();
  await open_();
  await reply();
  await page.keyboard.type("a begun answer");
  await until(() => draft()?.html === "<p>a begun answer</p>", "the draft at the node");
  await page.getByText(/^Saved /).waitFor();
  node.take(FIRST);
  await page.getByText("The mail of Ada Example is no longer in your hands. What you wrote is kept with it.").waitFor();
  await page.getByRole("heading", { name: "My contacts (1 of 5)" }).waitFor();
  assert.equal(await page.getByText("Your text was not saved").count(), 0);
  // What the node has not got is not lost with it.
  await page.route("**/draft", (route) => route.abort());
  await page.goto(`${node.address}${contact(SECOND)}`);
  await button("Reply").waitFor();
  await reply();
  await page.keyboard.type("typed in vain");
  await page.getByText("Kept in this browser", { exact: false }).waitFor();
  node.take(SECOND);
  const told = page.getByText("The mail of plain.customer@example.net is no longer in your hands. What you wrote last was not saved", { exact: false });
  // Whoever goes on typing presses no shortcuts, though the field is gone.
  while (!await told.isVisible()) await page.keyboard.type("x");
  await page.keyboard.type("?");
  const kept = page.getByRole("region", { name: "Your text was not saved" });
  assert.match(await kept.getByLabel("Your text").inputValue(), /^typed in vainx*$/);
  assert.equal(await page.getByRole("dialog").count(), 0);
  await page.getByText("You can read this contact.", { exact: false }).waitFor();
  await page.frameLocator("iframe").getByText("Plain words", { exact: false }).waitFor();
  await check(page, "workspace-unsaved");
  await checkDark(page, "workspace-unsaved");
  await kept.getByRole("button", { name: "Put it away" }).click();
  await until(async () => await kept.count() === 0, "it is put away");
});

test("dsk_10_who_sends_requeues_or_discards_is_not_told_that_others_took_the_contact", async () => {
  await start(contact(FIRST));
  await opened();
  await open_();
  await reply();
  await page.keyboard.type("Done.");
  await button("Send").click();
  await page.getByText("The answer to Ada Example is sent.").waitFor();
  await page.goto(`${node.address}${contact(SECOND)}`);
  await button("Requeue").click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("radio", { name: "Returns" }).check();
  await dialog.getByRole("button", { name: "Requeue to Returns" }).click();
  await page.getByText("waits in Returns.", { exact: false }).waitFor();
  node.arrive(5, { subject: "For the bin" });
  await page.goto(`${node.address}${contact("5".padStart(32, "0"))}`);
  await button("Discard").click();
  await dialog.getByRole("button", { name: "Discard" }).click();
  await page.getByText("was discarded.", { exact: false }).waitFor();
  // One that is taken by others is told: so what was told of before would stand here, too.
  node.arrive(6, { subject: "For others", customer: { name: "Berta", address: "berta@example.org" } });
  await page.getByText("New mail from Berta", { exact: false }).waitFor();
  node.take("6".padStart(32, "0"));
  await page.getByText("The mail of Berta is no longer in your hands.").waitFor();
  assert.equal(await page.getByText("is no longer in your hands.", { exact: false }).count(), 1);
});

test("dsk_10_what_the_stream_told_is_not_undone_by_an_older_answer", async () => {
  await start(contact(FIRST));
  await opened();
  await open_();
  node.world.waiting = { Support: 41, Sales: 1 };
  let asked = () => {};
  let go = () => {};
  const isAsked = new Promise((resolve) => { asked = resolve; });
  const mayGo = new Promise((resolve) => { go = resolve; });
  await page.route("**/api/v1/workspace/contacts", async (route) => {
    const response = await route.fetch();
    asked();
    await mayGo;
    await route.fulfill({ response });
  }, { times: 1 });
  // What cannot be read makes the page ask for all anew.
  node.push("contact", null);
  await isAsked;
  node.arrive(8, { subject: "Newer than the list", customer: { name: "Berta", address: "berta@example.org" } });
  node.take(SECOND);
  await page.locator("a.tab[title='Newer than the list']").waitFor();
  await page.getByText("The mail of plain.customer@example.net is no longer in your hands.").waitFor();
  const told = page.getByText("New mail from Berta", { exact: false });
  const count = await told.count();
  go();
  // The answer is shown where no event was newer.
  await page.getByRole("region", { name: "Waiting" }).getByText("41", { exact: true }).waitFor();
  await page.locator("a.tab[title='Newer than the list']").waitFor();
  assert.equal(await page.locator("a.tab").count(), 2, "one came and one went");
  assert.equal(await told.count(), count, "it is told once");
});

test("dsk_10_of_two_tabs_one_makes_sounds_and_one_writes", async () => {
  await start(contact(FIRST), { asks: true });
  await opened();
  await open_();
  assert.equal(await page.evaluate(() => document.documentElement.dataset.sounds), undefined, "no sound before the click");
  await button("Turn on sounds and notifications").click();
  await reply();
  await page.keyboard.type("first tab");
  const other = await context.newPage();
  await other.goto(`${node.address}${contact(FIRST)}`);
  await other.getByText("This answer is open in another tab of this browser.").waitFor();
  await other.getByRole("heading", { level: 1 }).click();
  const sounds = (tab) => tab.evaluate(() => Number(document.documentElement.dataset.sounds ?? 0));
  await until(() => node.world.streams.size === 2, "both streams");
  const before_ = await sounds(page);
  node.arrive(5, { subject: "For both" });
  for (const tab of [page, other]) await tab.getByText("New mail from Ada Example: For both").waitFor();
  assert.deepEqual([await sounds(page) - before_, await sounds(other)], [1, 0]);
  await other.getByRole("button", { name: "Write here instead" }).click();
  await page.getByText("This answer is open in another tab of this browser.").waitFor();
  await other.getByRole("textbox", { name: "Text" }).getByText("first tab").waitFor();
  await other.getByRole("textbox", { name: "Text" }).click();
  await other.keyboard.press("Control+End");
  await other.keyboard.type(", second tab");
  await until(() => draft().html === "<p>first tab, second tab</p>", "the other goes on");
});

test("mail_08_what_another_tab_wrote_last_is_sent_by_the_tab_that_goes_on_with_it", async () => {
  await start(contact(FIRST));
  await opened();
  await reply();
  await page.keyboard.type("first words");
  await until(() => draft()?.html === "<p>first words</p>", "the first save");
  const other = await context.newPage();
  await other.goto(`${node.address}${contact(FIRST)}`);
  await other.getByText("This answer is open in another tab of this browser.").waitFor();
  await other.getByRole("textbox", { name: "Text" }).getByText("first words").waitFor();
  // The tab that writes cannot save any more.
  await page.route("**/draft", (route) => route.abort());
  await page.keyboard.type(" and the last");
  await until(async () => await keep() === "<p>first words and the last</p>", "the last words in this browser");
  await other.getByRole("button", { name: "Write here instead" }).click();
  await other.getByRole("textbox", { name: "Text" }).getByText("and the last").waitFor();
  await other.getByRole("button", { name: "Send", exact: true }).click();
  await until(() => node.world.sent.length === 1, "the answer");
  assert.equal(node.world.sent[0].html, "<p>first words and the last</p>");
});
