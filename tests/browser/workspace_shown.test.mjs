// What the node knows of a contact and the workspace shows: mails that never came, what became of answers, what is
// odd about a mail, contacts of others to read, and a view that breaks. The node is made up.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { launch, open } from "./browser.mjs";
import { until } from "./node.mjs";
import { check, checkDark } from "./page_checks.mjs";
import { mock } from "./workspace_mock.mjs";

const id = (number) => String(number).padStart(32, "0");
const FIRST = id(1);
const SECOND = id(2);
const ago = (minutes) => new Date(Date.now() - minutes * 60_000).toISOString();
const MARKUP = "<img src=x onerror=alert(1)>";
/** What the workspace may load before it is of use, packed as browsers get it: a change that needs more says so here. */
const FIRST_LOAD_BYTES_MAX = 132 * 1024;

let browser;
let node;
let page;
let context;
let wrong;
before(async () => { browser = await launch(); });
after(async () => { await browser?.close(); });
beforeEach(async () => {
  node = await mock({ signedIn: "cleo" });
  node.world.desk = { state: "ready", reason: null, since: ago(0), contacts: [], changes: 1 };
});
afterEach(async () => {
  await context?.close();
  context = null;
  await node.stop();
  assert.deepEqual(wrong, []);
});

async function start(hash = "", options = {}) {
  ({ page, context, wrong } = await open(browser, "about:blank", options));
  await context.addInitScript(() => { if (window.top === window) localStorage.setItem("jackfield.workspace.alerts", "off"); });
  page.on("dialog", (dialog) => { wrong.push(`a text was run: ${dialog.message()}`); void dialog.dismiss(); });
  await page.goto(`${node.address}${hash}`);
}
const contact = (number) => `#/contacts/${number}`;
const button = (name) => page.getByRole("button", { name, exact: true });
const region = (name) => page.getByRole("region", { name, exact: true });
const title = (name) => page.getByRole("heading", { level: 1, name }).waitFor();

test("mail_01_a_mail_that_could_not_be_fetched_breaks_nothing_and_can_be_requeued_or_discarded", async () => {
  node.arrive(3, { customer: { name: "", address: "" }, subject: "", notice: "cannot_fetch" }, null);
  await start(contact(id(3)));
  await title("(no subject)");
  await page.getByText("This mail could not be fetched whole from the mail server.").waitFor();
  await page.getByText("There is no mail to show").waitFor();
  await page.locator(".contact-head").getByText("Unknown sender").waitFor();
  await region("Text of the mail").getByText("Support", { exact: true }).waitFor();
  for (const name of ["Reply", "Reply all", "Forward"]) assert.equal(await button(name).count(), 0, name);
  assert.equal(await page.getByRole("link", { name: "Save the whole mail as it came" }).count(), 0);
  assert.equal(await page.locator("iframe").count(), 0);
  await page.keyboard.press("r");
  assert.equal(await page.getByRole("textbox", { name: "Text" }).count(), 0, "no answer to nobody");
  await check(page, "workspace-no-mail");
  await checkDark(page, "workspace-no-mail");
  await button("Wrap-up (0 of 5)").click();
  await page.getByRole("dialog").getByRole("checkbox", { name: "Lost" }).check();
  await page.getByRole("dialog").getByRole("button", { name: "Done" }).click();
  await button("Wrap-up (1 of 5)").waitFor();
  await button("Requeue").click();
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
  await button("Discard").click();
  await page.getByRole("dialog").getByRole("button", { name: "Discard" }).click();
  await page.getByText("The mail of Unknown sender was discarded.").waitFor();
  // The others are as they were.
  await page.getByRole("link", { name: /Ada Example/ }).click();
  await title("Order 4711 has not come");
});

test("dsk_07_a_view_that_breaks_says_so_and_the_others_go_on", async () => {
  const one = node.world.all.get(FIRST);
  one.beside = { conversation: null };
  await start(contact(FIRST));
  const broken = page.getByRole("heading", { level: 1, name: "This view broke" });
  await broken.waitFor();
  await check(page, "workspace-broken");
  await page.getByRole("link", { name: /plain\.customer@example\.net/ }).click();
  await title(`Question ${MARKUP}`);
  assert.equal(await broken.count(), 0);
  await page.getByRole("link", { name: /Ada Example/ }).click();
  await broken.waitFor();
  await page.getByRole("heading", { name: "My contacts (2 of 5)" }).waitFor();
  delete one.beside;
  await page.getByRole("alert").getByRole("button", { name: "Try again" }).click();
  await title("Order 4711 has not come");
  assert.equal(await broken.count(), 0);
});

test("mail_16_the_conversation_tells_what_became_of_each_answer_and_what_servers_said", async () => {
  const out = (number, minutes, state, more = {}) => ({
    id: id(number), at: ago(minutes), direction: "out", from: { name: "Berta", address: "support@example.com" }, subject: `Answer ${number}`, agent: "1002",
    to: ["ada@example.org"], cc: [], files: [], state, reason: null, next_try_at: null, ...more,
  });
  const note = (minutes, more) => ({ at: ago(minutes), contact: FIRST, is_ours: false, recipient: "ada@example.org", action: "failed", status: "5.1.1", ...more });
  node.world.all.get(FIRST).beside = {
    conversation: [
      { id: id(900), at: ago(600), direction: "in", from: { name: "Ada Example", address: "ada@example.org" }, subject: "Where is it?" },
      out(900, 500, "sent", { files: [{ name: "list.pdf", bytes: 1_000 }] }), out(901, 400, "sending"), out(902, 300, "delayed", { next_try_at: ago(-5) }), out(903, 200, "unknown"),
      out(904, 150, "failed", { reason: `554 ${MARKUP}` }),
      { id: FIRST, at: ago(41), direction: "in", from: { name: "Ada Example", address: "ada@example.org" }, subject: "Order 4711 has not come" },
    ],
    notes: [note(450, { status: `5.1.1 ${MARKUP}` }), note(440, { action: "delayed", recipient: "b@example.org" }), note(20, { is_ours: true, recipient: "", status: "550 5.7.1 not allowed here" })],
    failed_answer: note(20, { is_ours: true, recipient: "", status: "550 5.7.1 not allowed here" }),
    draft: { mode: "reply", to: ["ada@example.org"], cc: [], bcc: [], subject: "Re: Order", html: "<p>as it was</p>", version: 1, saved_at: ago(20), files: [] },
  };
  await start(contact(FIRST));
  await title("Order 4711 has not come");
  const said = page.getByRole("status").filter({ hasText: "Your last answer was not delivered" });
  await said.getByText("What the server said: 550 5.7.1 not allowed here").waitFor();
  await page.getByRole("textbox", { name: "Text" }).getByText("as it was").waitFor();
  const above = await page.evaluate(() => {
    const [notice, reply] = [document.querySelector(".contact-main > .notice"), document.querySelector(".reply")];
    return Boolean(notice && reply && notice.compareDocumentPosition(reply) & Node.DOCUMENT_POSITION_FOLLOWING);
  });
  assert.ok(above, "it stands above the reply");
  const lines = await region("Conversation").getByRole("listitem").allInnerTexts();
  const order = ["Where is it?", "Answer 900", "It did not arrive: ada@example.org", "It arrives late", "Answer 901", "Answer 902", "Answer 903", "Answer 904", "Order 4711", "The answer came back"];
  assert.equal(lines.length, order.length, lines.join("\n"));
  order.forEach((text, place) => assert.ok(lines[place].includes(text), `${text} is line ${place}: ${lines[place]}`));
  for (const [place, text] of [[1, "Sent"], [1, "Files: list.pdf"], [2, `5.1.1 ${MARKUP}`], [4, "On its way"], [5, "Delayed"], [6, "Not known"], [7, "Failed"], [7, `554 ${MARKUP}`]]) assert.ok(lines[place].includes(text), `${text} in ${lines[place]}`);
  assert.equal(await page.locator("main img[src=x]").count(), 0);
  await check(page, "workspace-conversation");
  await checkDark(page, "workspace-conversation");
  // A sent answer is shown in a frame that can do nothing.
  await region("Conversation").getByRole("button", { name: "Show the answer" }).first().click();
  const frame = page.locator("iframe[title='Text of the answer']");
  assert.equal(await frame.getAttribute("sandbox"), "allow-popups allow-popups-to-escape-sandbox");
  assert.equal(await frame.getAttribute("src"), `api/v1/workspace/contacts/${id(900)}/answer/body`);
  await frame.contentFrame().getByText("We are looking for your order.").waitFor();
  await check(page, "workspace-answer");
});

test("mail_16_contacts_of_others_are_opened_to_read_from_conversation_search_and_earlier_ones", async () => {
  await start(contact(FIRST));
  await title("Order 4711 has not come");
  await region("Earlier contacts").getByRole("link", { name: "A question of last year" }).click();
  await title("A question of last year");
  await page.getByText("You can read this contact. It is not in your hands.").waitFor();
  await page.getByText(/^answered, /).waitFor();
  await page.frameLocator("iframe").getByText("my order has", { exact: false }).waitFor();
  for (const name of ["Reply", "Requeue", "Discard"]) assert.equal(await button(name).count(), 0, name);
  await check(page, "workspace-reading");
  await checkDark(page, "workspace-reading");
  await page.goBack();
  await title("Order 4711 has not come");
  await region("Conversation").getByRole("link").first().click();
  await title("Order 900 has not come");
  await page.keyboard.press("/");
  await page.getByText("not what the mails say", { exact: false }).waitFor();
  await page.getByLabel("Words").fill("much");
  await button("Search").click();
  await page.getByText("There are more than are shown.", { exact: false }).waitFor();
  await page.getByLabel("Words").fill("bill");
  await button("Search").click();
  await page.getByRole("link", { name: "Found bill" }).click();
  await page.getByText("You can read this contact. It is not in your hands.").waitFor();
  await page.getByText("Payment: Invoice").waitFor();
  // What may not be read, or is not there, looks the same.
  await page.goto(`${node.address}${contact(id(12345))}`);
  await page.getByText("You cannot read this contact").waitFor();
  // One that comes into one's hands is worked on from then on.
  await page.goto(`${node.address}${contact(id(71))}`);
  await page.getByText("You can read this contact.", { exact: false }).waitFor();
  await until(() => node.world.streams.size > 0, "the stream of events");
  const one = { ...node.world.others.get(id(71)), state: "active", agent: "1001" };
  node.world.all.set(one.id, one);
  node.push("contact", { ...one, mail: undefined });
  await button("Reply").waitFor();
});

test("mail_16_a_supervisor_reads_and_gives_what_waits_without_a_desk_too", async () => {
  node.world.roles = ["supervisor"];
  node.world.agent = null;
  node.world.desk = null;
  await start("#/team");
  const row = page.getByRole("row", { name: /^Support/ });
  await row.getByText("waits for 1002").waitFor();
  assert.equal(await row.getByRole("listitem").count(), 5);
  await row.getByRole("button", { name: "Show all 7" }).click();
  // The rest of them is asked for.
  await row.getByRole("listitem").nth(6).waitFor();
  assert.equal(await row.getByRole("listitem").count(), 7);
  assert.equal(await row.getByRole("button", { name: /^Release/ }).count(), 1);
  await check(page, "workspace-team-waiting");
  await checkDark(page, "workspace-team-waiting");
  await button("Give to … Ada Example: Waiting 2").click();
  await page.getByRole("dialog").getByRole("button", { name: "Give", exact: true }).click();
  const asked = await until(() => node.world.asked.find((one) => one.path.endsWith("/reassign")), "the contact is given");
  assert.equal(asked.path, `contacts/${id(72)}/reassign`);
  await row.getByRole("link", { name: "Ada Example: Waiting 1" }).click();
  await title("Waiting 1");
  await page.getByText(/^waiting, since /).waitFor();
  await page.goBack();
  await page.getByRole("link", { name: "Ada Example: Order 4711 has not come" }).click();
  await title("Order 4711 has not come");
  assert.equal(await button("Reply").count(), 0, "it is in the agent's hands");
});

test("mail_07_what_is_odd_about_a_mail_has_a_line_each", async () => {
  const one = node.world.all.get(FIRST);
  one.names = id(800);
  Object.assign(one.mail, { notices: ["calendar", "tnef", "partial", "external_body", "no_text"], has_several_from: true, is_cut: true, sent_at: ago(600), is_unverified: true });
  one.automatic = true;
  one.beside = { names_is_readable: true, recipients: {
    reply: { to: [{ name: "", address: "ada@example.org" }], cc: [], left_out: 0 },
    reply_all: { to: Array.from({ length: 20 }, (_, place) => ({ name: "", address: `p${place}@example.org` })), cc: [], left_out: 15 },
  } };
  await start(contact(FIRST));
  await title("Order 4711 has not come");
  const odd = page.getByRole("group", { name: "What to know about this mail" });
  const lines = await odd.getByRole("listitem").allInnerTexts();
  const words = ["an invitation", "winmail.dat", "one piece of a longer mail", "another server", "no text to show", "several senders", "left out", "names another conversation"];
  assert.equal(lines.length, words.length, lines.join("\n"));
  words.forEach((word, place) => assert.ok(lines[place].includes(word), `${word} in ${lines[place]}`));
  const sent = page.locator(".mail-head > div").filter({ has: page.getByText("Sent", { exact: true }) });
  await sent.waitFor();
  await page.getByText("The sender may be forged: check before you act on it.").waitFor();
  await page.getByText("This mail was made by a machine.").waitFor();
  await check(page, "workspace-odd");
  await checkDark(page, "workspace-odd");
  await button("Reply all").click();
  await page.getByText("15 of the mail's recipients are left out: To and Cc have room for 20 each.").waitFor();
  await button("Reply").click();
  assert.equal(await page.getByText("recipients are left out", { exact: false }).count(), 0);
  await odd.getByRole("link", { name: "Open that conversation" }).click();
  await title("A question of last year");
  // Where both times are near each other one is enough, and a mail without anything odd says nothing.
  await page.goto(`${node.address}${contact(SECOND)}`);
  await title(`Question ${MARKUP}`);
  assert.equal(await sent.count(), 0);
  assert.equal(await odd.count(), 0);
});

test("byd_08_the_workspace_tells_of_answers_and_others_contacts_in_german_too", async () => {
  node.world.all.get(FIRST).beside = { notes: [{ at: ago(5), contact: FIRST, is_ours: false, recipient: "ada@example.org", action: "failed", status: "5.1.1" }] };
  await start(contact(FIRST), { locale: "de-DE" });
  await title("Order 4711 has not come");
  await region("Verlauf").getByText("Nicht angekommen: ada@example.org").waitFor();
  await region("Verlauf").getByText("Gesendet").waitFor();
  await region("Frühere Kontakte").getByRole("link").click();
  await page.getByText("Sie können diesen Kontakt lesen. Er liegt nicht bei Ihnen.").waitFor();
  await check(page, "workspace-reading-german");
});

test("dsk_07_the_workspaces_first_load_stays_within_its_budget", async (run) => {
  const dist = fileURLToPath(new URL("../../gateway/web/dist/", import.meta.url));
  await start(contact(FIRST));
  await title("Order 4711 has not come");
  const names = await page.evaluate(() => performance.getEntriesByType("resource").map((one) => new URL(one.name).pathname).filter((name) => name.startsWith("/assets/")));
  assert.ok(names.length >= 2, `${names.length} files`);
  const sizes = ["/workspace.html", ...new Set(names)].map((name) => gzipSync(readFileSync(`${dist}${name}`), { level: 9 }).length);
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  run.diagnostic(`first load: ${bytes} bytes in ${sizes.length} files`);
  assert.ok(bytes <= FIRST_LOAD_BYTES_MAX, `${bytes} bytes are more than ${FIRST_LOAD_BYTES_MAX}`);
});

test("mail_07_the_page_says_why_the_virus_scanner_refuses_a_file_and_saves_the_others", async () => {
  node.world.refusesFile = "attachments/1";
  await start(contact(FIRST));
  await title("Order 4711 has not come");
  await page.getByRole("link", { name: "Save invoice.pdf" }).click();
  await page.getByRole("alert").getByText("the virus scanner found Test.Marker").waitFor();
  await check(page, "workspace-virus");
  await checkDark(page, "workspace-virus");
  const saved = page.waitForEvent("download");
  await page.getByRole("link", { name: /^Save a very long name/ }).click();
  assert.match((await saved).suggestedFilename(), /^a very long name/);
  const whole = page.waitForEvent("download");
  await page.getByRole("link", { name: "Save the whole mail as it came" }).click();
  assert.equal((await whole).suggestedFilename(), `${FIRST}.eml`);
});
