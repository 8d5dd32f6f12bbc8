// The agents' workspace as somebody uses it, before a made-up node: what the page itself keeps, tells and refuses.

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

test("rte_08_work_begins_with_or_without_an_extension_and_shows_voice_only_with_one", async () => {
  node.world.desk = null;
  node.world.signedIn = null;
  await start();
  await page.getByLabel("Name").waitFor();
  await check(page, "workspace-sign-in");
  await page.getByLabel("Name").fill("cleo");
  await page.getByLabel("Password").fill("secret");
  await button("Sign in").click();
  await page.getByRole("heading", { name: "Start work" }).waitFor();
  await page.getByRole("radio", { name: /^With extension/ }).check();
  await button("Start").click();
  await page.getByText("Type the digits of your extension.").waitFor();
  await check(page, "workspace-start");
  await checkDark(page, "workspace-start");
  await page.getByRole("textbox", { name: "Extension" }).fill("666");
  await button("Start").click();
  await page.getByText("the extension 666 has no phone; choose another").waitFor();
  await page.getByRole("textbox", { name: "Extension" }).fill("2001");
  await button("Start").click();
  await page.getByLabel("Voice").waitFor();
  await page.getByLabel("Email and chat").selectOption({ label: "Ready" });
  await until(() => node.world.desk.state === "ready", "the state at the node");
  assert.equal(node.world.voice.state, "not_ready", "voice has a state of its own");

  await button("Sign out").click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("2 contacts in your hands go back to their queues.", { exact: false }).waitFor();
  await dialog.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("radio", { name: /^Email and chat only/ }).check();
  await button("Start").click();
  await page.getByRole("heading", { name: "My contacts (2 of 5)" }).waitFor();
  assert.equal(await page.getByLabel("Voice").count(), 0, "no voice control without an extension");
});

test("mail_08_reload_loses_no_keystroke", async () => {
  await start(contact(FIRST));
  await opened();
  await reply("Reply all");
  await page.keyboard.type("Dear Ada, ");
  await page.keyboard.press("Control+b");
  await page.keyboard.type("bold");
  await page.keyboard.press("Control+b");
  await page.keyboard.type(" to the last keY");
  // No pause: the node has nothing of the end yet.
  await page.reload();
  await writing().getByText("to the last keY").waitFor();
  await until(() => draft()?.html.endsWith("<strong>bold</strong> to the last keY</p>"), "the draft at the node");
  assert.deepEqual([draft().mode, draft().to, draft().cc], ["reply_all", ["Ada Example <ada@example.org>"], ["friend@example.org"]]);
  await check(page, "workspace-reply");
  await checkDark(page, "workspace-reply");
  // Another browser has it from the node.
  await page.evaluate(() => localStorage.removeItem(`jackfield.draft.1001.${"1".padStart(32, "0")}`));
  await page.reload();
  await writing().getByText("to the last keY").waitFor();
});

test("mail_08_a_lost_node_and_a_session_that_ends_lose_no_keystroke", async () => {
  await start(contact(FIRST));
  await opened();
  await open_();
  await reply();
  await page.keyboard.type("one ");
  await until(() => draft()?.html.includes("one"), "the first save");
  await node.away();
  await page.getByText("The connection to the node is lost.", { exact: false }).waitFor();
  await page.keyboard.type("two ");
  await page.getByText("Kept in this browser", { exact: false }).waitFor();
  await check(page, "workspace-lost");
  await node.back();
  await until(() => draft().html.includes("one two"), "the draft after the node came back", 30_000);
  await page.getByText("The connection to the node is lost.", { exact: false }).waitFor({ state: "detached" });

  node.world.signedIn = null;
  await page.keyboard.type("three");
  const again = page.getByRole("dialog", { name: "Please sign in again" });
  await again.getByLabel("Password").fill("secret");
  await again.getByRole("button", { name: "Sign in" }).click();
  await until(() => draft().html.includes("one two three"), "the draft after the sign-in");
  await again.waitFor({ state: "detached" });
});

test("mail_08_what_was_saved_elsewhere_is_not_written_over_unasked", async () => {
  await start(contact(FIRST));
  await opened();
  await reply();
  await page.keyboard.type("mine");
  await until(() => draft()?.html === "<p>mine</p>", "the first save");
  node.world.drafts.set(FIRST, { ...draft(), html: "<p>theirs</p>", version: 77 });
  await page.keyboard.type(" and more");
  await page.getByText("This answer was changed elsewhere, too.").waitFor();
  assert.equal(draft().html, "<p>theirs</p>");
  await check(page, "workspace-conflict");
  await button("Keep mine").click();
  await until(() => draft().html === "<p>mine and more</p>", "mine after the choice");
  node.world.drafts.set(FIRST, { ...draft(), html: "<p>theirs again</p>", version: 99 });
  await writing().click();
  await page.keyboard.type("!");
  await button("Take the other one").click();
  await writing().getByText("theirs again").waitFor();
});

test("mail_08_an_answer_that_is_lost_on_its_way_is_no_conflict_with_oneself", async () => {
  await start(contact(FIRST));
  await opened();
  await reply();
  node.world.fail("PUT /workspace/contacts/" + FIRST + "/draft", "lost");
  await page.keyboard.type("first");
  await until(() => draft()?.html === "<p>first</p>", "the save whose answer is lost");
  await page.keyboard.type(" and second");
  await until(() => draft().html === "<p>first and second</p>", "what was typed since", 30_000);
  assert.equal(await page.getByText("This answer was changed elsewhere, too.").count(), 0);
  // A reload in between makes no difference.
  node.world.fail("PUT /workspace/contacts/" + FIRST + "/draft", "lost");
  await page.keyboard.type(", third");
  await until(() => draft().html.includes("third"), "the next one that is lost");
  await page.keyboard.type(", fourth");
  await page.reload();
  await until(() => draft().html === "<p>first and second, third, fourth</p>", "all of it", 30_000);
  assert.equal(await page.getByText("This answer was changed elsewhere, too.").count(), 0);
});

test("mail_09_what_was_typed_goes_along_with_a_requeue_and_a_sign_out", async () => {
  await start(contact(FIRST));
  await opened();
  await reply();
  await page.keyboard.type("the last words");
  await page.keyboard.press("Escape");
  await button("Requeue").click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("radio", { name: "Returns" }).check();
  node.world.fail("PUT /workspace/contacts/" + FIRST + "/draft", [503, { status: 503, code: "busy", title: "busy", detail: "busy", errors: [] }]);
  await dialog.getByRole("button", { name: "Requeue to Returns" }).click();
  await page.getByText("The mail of Ada Example waits in Returns.").or(dialog.getByText("is not saved yet and would be lost", { exact: false })).first().waitFor();
  if (node.world.all.get(FIRST).state !== "queued") await dialog.getByRole("button", { name: "Requeue to Returns" }).click();
  await page.getByText("The mail of Ada Example waits in Returns.").waitFor();
  assert.equal(draft().html, "<p>the last words</p>", "the draft went along");
  await page.goto(`${node.address}${contact(SECOND)}`);
  await button("Reply").waitFor();
  await reply();
  await page.keyboard.type("good night");
  await button("Sign out").click();
  await page.getByRole("dialog").getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Start work" }).waitFor();
  assert.match(draft(SECOND).html, /good night/);
});

test("mail_04_recipients_are_chips_with_their_limit", async () => {
  await start(contact(SECOND));
  await button("Reply").waitFor();
  await reply();
  // Reply-To goes before From (MAIL-05).
  await page.getByText("Office <office@example.net>").nth(0).waitFor();
  const cc = page.getByRole("textbox", { name: /^Cc/ });
  await cc.fill("no address");
  await cc.press("Enter");
  await page.getByText("no address is no address. Write it as name@example.org.").waitFor();
  await check(page, "workspace-recipient-wrong");
  await cc.fill("");
  await cc.fill("\"Doe, Jane\" <jane@example.org>");
  await cc.press("Enter");
  const more = Array.from({ length: 25 }, (_, place) => `p${place}@example.org`).join("; ");
  await cc.fill(`${more},`);
  await page.getByText("At most 20 addresses; 6 were left out.").waitFor();
  await until(() => draft(SECOND)?.cc.length === 20, "twenty at the node");
  assert.equal(draft(SECOND).cc[0], "\"Doe, Jane\" <jane@example.org>");
  await button("Remove p0@example.org").click();
  await until(() => draft(SECOND).cc.length === 19, "one less");
  // Plain text takes no predefined response (MAIL-11).
  await page.getByText("Not for a mail in plain text.").waitFor();
  assert.ok(await button("Put at the end").isDisabled());
});

test("mail_07_files_keep_their_limits_and_each_refusal_names_its_file", async () => {
  await start(contact(FIRST));
  await opened();
  await reply();
  const input = page.locator(".files input[type=file]");
  const file = (name, size) => ({ name, mimeType: "application/octet-stream", buffer: Buffer.alloc(size, 1) });
  await input.setInputFiles(file("huge.bin", 10 * 1024 * 1024 + 1));
  await page.getByText("huge.bin was not added: it has 10 MB, and a file may have 10 MB.").or(page.getByText(/^huge\.bin was not added: it has/)).first().waitFor();
  await input.setInputFiles(file("nothing.txt", 0));
  await page.getByText("nothing.txt was not added: it is empty or a folder.").waitFor();
  for (const name of ["a.bin", "b.bin"]) await input.setInputFiles(file(name, 9 * 1024 * 1024));
  await until(() => node.world.files.get(FIRST)?.length === 2, "two files");
  await input.setInputFiles(file("c.bin", 3 * 1024 * 1024));
  await page.getByText("c.bin was not added: all files together may have 20 MB.").waitFor();
  await button("Remove b.bin").click();
  await until(() => node.world.files.get(FIRST).length === 1, "one file");
  await input.setInputFiles(Array.from({ length: 11 }, (_, place) => file(`n${place}.txt`, 10)));
  await page.getByText("n9.txt was not added: an answer has at most 10 files, pictures in the text included.").waitFor();
  await until(() => node.world.files.get(FIRST).length === 10, "ten files");
  await check(page, "workspace-files");
});

test("mail_07_pictures_are_pasted_and_files_dropped", async () => {
  await start(contact(FIRST));
  await opened();
  await reply();
  await page.keyboard.type("See ");
  await page.evaluate(() => {
    const data = new DataTransfer();
    const bytes = Uint8Array.from(atob("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="), (sign) => sign.charCodeAt(0));
    data.items.add(new File([bytes], "shot.png", { type: "image/png" }));
    document.querySelector(".writing").dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
  });
  await page.locator(".writing img[alt='shot.png']").waitFor();
  await until(async () => await page.locator(".writing img[alt='shot.png']").evaluate((image) => image.naturalWidth) === 1, "the picture is shown");
  await until(() => /<p>See <img src="files\/[0-9a-f]+" alt="shot.png"><\/p>/.test(draft()?.html ?? ""), "the picture in the draft");
  await page.evaluate(() => {
    const data = new DataTransfer();
    data.items.add(new File(["words"], "notes.txt", { type: "text/plain" }));
    document.querySelector(".reply").dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
  });
  await page.getByText("notes.txt").first().waitFor();
  await button("Send").click();
  await until(() => node.world.sent.length === 1, "the answer");
  assert.deepEqual(node.world.sent[0].files, ["shot.png", "notes.txt"]);
});

test("mail_11_what_is_pasted_becomes_what_an_answer_may_have", async () => {
  await start(contact(FIRST));
  await opened();
  await reply();
  await page.evaluate(() => {
    const data = new DataTransfer();
    data.setData("text/html", "<meta charset=utf-8><style>p{color:red}</style><p class=x style='text-align:center;color:red' onclick=alert(1)>Middle <b>bold<script>alert(1)</script></b> <a href='javascript:alert(1)'>bad</a> "
      + "<a href=https://example.org>good</a><p>unclosed &amp; <i>next</i><ul><li>one<li>two</ul><img src=x onerror=alert(1)><table><tr><td>cell</table><svg onload=alert(1)>");
    document.querySelector(".writing").dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
  });
  await until(() => draft()?.html.includes("cell"), "the paste");
  assert.equal(draft().html, "<p style=\"text-align: center;\">Middle <strong>bold</strong> bad <a href=\"https://example.org\" rel=\"noopener noreferrer\">good</a></p><p>unclosed &amp; <em>next</em></p>"
    + "<ul><li><p>one</p></li><li><p>two</p></li></ul><p>cell</p>");
  await button("Put at the end").click();
  await until(() => draft().html.endsWith("<p>We are <strong>sorry</strong> for the trouble.</p><ul><li><p>We look into it</p></li><li><p>You hear from us</p></li></ul>"), "the predefined response");
});

test("mail_11_what_is_pasted_cannot_keep_the_page_busy", async () => {
  await start(contact(FIRST));
  await opened();
  await reply();
  const paste = (html) => page.evaluate((html) => {
    const data = new DataTransfer();
    data.setData("text/html", html);
    document.querySelector(".writing").dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
  }, html);
  // Each of these took minutes or more where a part of a tag could be read in several ways.
  for (const [one, times] of [["<p" + " ".repeat(60) + "\"", 1], ["<!", 100_000], ["</a", 100_000], ["<p a=b/// ", 20_000], ["<p \"", 50_000], ["<script>", 20_000], ["<!--", 50_000]]) {
    await paste(one.repeat(times) + "<p>");
    await page.keyboard.press("Control+z");
  }
  await paste("a < b & c <p>1 <em>two</em>");
  await writing().getByText("two").waitFor();
  await writing().getByText("a < b & c").first().waitFor();
});

test("mail_11_every_button_of_the_text_does_what_it_says", async () => {
  await start(contact(FIRST));
  await opened();
  await reply();
  await page.keyboard.type("word");
  await page.keyboard.press("Control+a");
  for (const name of ["Bold", "Italic", "Underlined", "Centred", "More indent"]) await button(name).click();
  await until(() => draft()?.html === "<p style=\"text-align: center; margin-left: 40px;\"><strong><em><u>word</u></em></strong></p>", "formats");
  for (const name of ["Bold", "Italic", "Underlined", "Right", "Less indent", "Numbered list"]) await button(name).click();
  await until(() => draft().html === "<ol><li><p style=\"text-align: right;\">word</p></li></ol>", "a numbered list");
  await button("List").click();
  await button("Left").click();
  await until(() => draft().html === "<ul><li><p>word</p></li></ul>", "a list");
  await button("List").click();
  await page.keyboard.press("Control+a");
  await button("Link").click();
  const dialog = page.getByRole("dialog", { name: "Link" });
  await dialog.getByLabel("Address of the link").fill("javascript:alert(1)");
  await dialog.getByRole("button", { name: "Put in" }).click();
  await dialog.getByText("This is no address that can be used here.").waitFor();
  await check(page, "workspace-link");
  await dialog.getByLabel("Address of the link").fill("https://example.org/x");
  await dialog.getByRole("button", { name: "Put in" }).click();
  await until(() => draft().html === "<p><a href=\"https://example.org/x\" rel=\"noopener noreferrer\">word</a></p>", "a link");
  await page.keyboard.press("End");
  await button("Picture").click();
  await page.getByLabel("Address of the picture").fill("https://pictures.example.org/logo.png");
  await page.getByLabel("What it shows").fill("Logo");
  await button("Put in").click();
  await until(() => draft().html.includes("<img src=\"https://pictures.example.org/logo.png\" alt=\"Logo\">"), "a picture by its address");
  // Its server is not told that somebody writes.
  assert.equal(await page.locator(".writing img[src^='https']").count(), 0);
});

test("mail_09_requeue_asks_searches_and_is_off_while_forwarding", async () => {
  await start(contact(FIRST));
  await opened();
  await reply("Forward");
  assert.ok(await button("Requeue").isDisabled());
  assert.equal(await page.locator(".files input[type=file]").count(), 0, "a forward takes no further files");
  await check(page, "workspace-forward");
  await button("Send").click();
  await page.getByText("Say to whom it goes: add an address to To.").waitFor();
  assert.equal(node.world.sent.length, 0);
  await button("Delete draft").click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete draft" }).click();
  await writing().waitFor({ state: "detached" });
  assert.equal(await keep(), null);
  await button("Requeue").click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Search queues").fill("ret");
  await dialog.getByRole("radio", { name: "Returns" }).check();
  assert.equal(await dialog.getByRole("radio").count(), 1);
  await check(page, "workspace-requeue");
  await dialog.getByRole("button", { name: "Requeue to Returns" }).click();
  await page.getByText("The mail of Ada Example waits in Returns.").waitFor();
  assert.equal(node.world.all.get(FIRST).csq, "Returns");
  await page.getByRole("heading", { name: "My contacts (1 of 5)" }).waitFor();
});

test("mail_10_discard_asks_first_and_takes_the_draft_along", async () => {
  await start(contact(FIRST));
  await opened();
  await reply();
  await page.keyboard.type("in vain");
  await button("Discard").click();
  await check(page, "workspace-discard");
  await page.getByRole("dialog").getByRole("button", { name: "Discard" }).click();
  await page.getByText("The mail of Ada Example was discarded.").waitFor();
  assert.equal(node.world.all.get(FIRST).how, "discarded");
  assert.equal(await keep(), null);
});

test("ccp_16_the_wrap_up_picker_counts_and_ends_at_five", async () => {
  await start(contact(FIRST));
  await opened();
  await button("Wrap-up (0 of 5)").click();
  const dialog = page.getByRole("dialog");
  for (const [place, name] of ["Late", "Lost", "Damaged", "Refund", "Invoice"].entries()) {
    await dialog.getByRole("checkbox", { name }).check();
    await dialog.getByText(`${place + 1} of at most 5 chosen`).waitFor();
  }
  assert.ok(await dialog.getByRole("checkbox", { name: "Reminder" }).isDisabled());
  await check(page, "workspace-wrap-up");
  await dialog.getByRole("checkbox", { name: "Lost" }).uncheck();
  await dialog.getByText("4 of at most 5 chosen").waitFor();
  await until(() => node.world.all.get(FIRST).wrap_up.length === 4, "four at the node");
  await dialog.getByRole("button", { name: "Done" }).click();
  await button("Wrap-up (4 of 5)").waitFor();
  node.world.categories = false;
  await page.reload();
  await button("Wrap-up (4 of 5)").click();
  await page.getByText("No reasons are set up for this queue.").waitFor();
});

test("mail_04_sending_says_what_came_of_it", async () => {
  await start(contact(FIRST));
  await opened();
  await open_();
  await reply();
  await button("Send").click();
  await page.getByText("The text is empty. Send it all the same?").waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
  await writing().click();
  await page.keyboard.type("Done.");
  node.world.fail("/send", [422, { code: "invalid", detail: "the mail server of Support is not set up", status: 422 }]);
  await page.keyboard.press("Control+Enter");
  await page.getByText("the mail server of Support is not set up").waitFor();
  await check(page, "workspace-refused");
  // An answer that is lost says nothing of what was done: it is looked up, and may then be sent again.
  await page.route("**/send", (route) => route.abort(), { times: 1 });
  await writing().click();
  await page.keyboard.press("Control+Enter");
  await page.getByText("It was not sent. You can send it again.").waitFor();
  await writing().click();
  await page.keyboard.press("Control+Enter");
  await page.getByText("The answer to Ada Example is sent.").waitFor();
  assert.equal(node.world.sent.length, 1);
  assert.equal(node.world.sent[0].html, "<p>Done.</p>");
  assert.equal(await keep(), null, "nothing of it stays in this browser");
});

test("mail_05_an_answer_that_nobody_knows_of_is_told_with_where_to_look", async () => {
  const unclear = { at: new Date().toISOString(), contact: FIRST, is_ours: true, recipient: "", action: "unclear", status: "nobody knows" };
  const failed = { at: new Date().toISOString(), contact: null, is_ours: false, recipient: "ada@example.com", action: "failed", status: "5.1.1" };
  const taken = { ...unclear, action: "taken", status: "" };
  node.world.all.get(FIRST).beside = { notes: [unclear, failed, taken], failed_answer: unclear };
  await start(contact(FIRST));
  await opened();
  await page.getByText("Nobody knows whether your last answer arrived").waitFor();
  await page.getByText("Look among the sent mails, or ask the customer", { exact: false }).waitFor();
  const conversation = page.getByRole("region", { name: "Conversation" });
  await conversation.getByText("The answer came back: nobody knows whether it arrived").waitFor();
  await conversation.getByText("The mail server took the answer after all").waitFor();
  await conversation.getByText("It did not arrive: ada@example.com").waitFor();
  await check(page, "workspace-notes");
});

test("mail_16_conversation_and_earlier_contacts_stand_beside_and_closed_mails_are_found", async () => {
  await start(contact(FIRST));
  await opened();
  await page.getByRole("region", { name: "Conversation" }).getByText("Re: Order 4711 has not come").waitFor();
  await page.getByRole("region", { name: "Earlier contacts" }).getByText("A question of last year").waitFor();
  const frame = page.frameLocator("iframe");
  await frame.getByText("my order has", { exact: false }).waitFor();
  assert.equal(await page.locator("iframe").getAttribute("sandbox"), "allow-popups allow-popups-to-escape-sandbox");
  assert.equal(await frame.getByText("remote content").count(), 0);
  await button("Show remote content").click();
  await frame.getByText("remote content").waitFor();
  await page.getByRole("link", { name: "Save invoice.pdf" }).waitFor();
  await check(page, "workspace-mail");
  await page.keyboard.press("/");
  await page.getByLabel("Words").fill("bill");
  await button("Search").click();
  await page.getByRole("cell", { name: "Found bill" }).waitFor();
  await check(page, "workspace-search");
  await page.getByLabel("Words").fill("nothing");
  await button("Search").click();
  await page.getByText("Nothing was found.").waitFor();
});

test("mail_16_what_stands_beside_an_open_contact_follows_what_happens", async () => {
  ({ page, context, wrong } = await open(browser, "about:blank"));
  await page.clock.install();
  await page.goto(`${node.address}${contact(FIRST)}`);
  await opened();
  await open_();
  await reply();
  await page.keyboard.type("half a sen");
  const conversation = page.getByRole("region", { name: "Conversation" });
  const count = await conversation.getByRole("listitem").count();
  const place = await page.evaluate(() => {
    scrollTo(0, 200);
    document.querySelector("iframe.mail-body").dataset.same = "yes";
    return scrollY;
  });
  // Without any event: a server reports that the answer before did not arrive.
  const note = { at: new Date().toISOString(), contact: FIRST, is_ours: false, recipient: "ada@example.org", action: "failed", status: "5.1.1" };
  node.world.all.get(FIRST).beside = { notes: [note] };
  await page.clock.fastForward(61_000);
  await conversation.getByText("It did not arrive: ada@example.org").waitFor();
  assert.equal(await conversation.getByRole("listitem").count(), count + 1);
  await page.keyboard.type("tence");
  await writing().getByText("half a sentence").waitFor();
  assert.equal(await page.evaluate(() => scrollY), place, "nothing moves");
  assert.equal(await page.locator("iframe.mail-body").getAttribute("data-same"), "yes", "the mail is not loaded anew");
  // The customer writes once more: the event of that mail tells of it at once.
  node.world.all.get(FIRST).beside = { notes: [note, { ...note, action: "delayed" }] };
  await page.clock.fastForward(3_000);
  node.arrive(9, { subject: "One more thing", conversation: "c1" });
  await conversation.getByText("It arrives late", { exact: false }).waitFor();
  await page.keyboard.type(" more");
  await until(async () => await keep() === "<p>half a sentence more</p>", "the focus stays in the text");
  // The mail's frame runs nothing, not even the clock of this test.
  wrong = wrong.filter((one) => !one.startsWith("Blocked script execution"));
});

test("dsk_07_keys_do_what_buttons_do_are_listed_and_can_be_turned_off", async () => {
  await start();
  await page.getByText("Choose a contact").waitFor();
  await page.keyboard.press("2");
  await page.getByRole("heading", { level: 1, name: /^Question/ }).waitFor();
  await page.keyboard.press("k");
  await opened();
  await page.keyboard.press("s");
  await until(() => node.world.desk.state === "not_ready", "s changes the state");
  await page.keyboard.press("w");
  await page.getByRole("dialog", { name: "Wrap-up reasons" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" }).catch(() => {});
  await until(async () => await page.locator("dialog[open]").count() === 0, "the dialog closes");
  await page.keyboard.press("f");
  await page.getByRole("heading", { name: "Forward" }).waitFor();
  await page.keyboard.press("a");
  await page.getByRole("heading", { name: "Reply to all" }).waitFor();
  await page.keyboard.press("e");
  await page.keyboard.type("rfdq?");
  await writing().getByText("rfdq?").waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.press("?");
  const help = page.getByRole("dialog", { name: "Keys" });
  await help.getByRole("cell", { name: "Requeue" }).waitFor();
  await check(page, "workspace-keys");
  await help.getByRole("checkbox", { name: "Single keys act" }).uncheck();
  await help.getByRole("button", { name: "Close" }).click();
  await until(async () => await page.locator("dialog[open]").count() === 0, "the help closes");
  await page.keyboard.press("d");
  await page.keyboard.press("?");
  await page.keyboard.press("j");
  assert.equal(await page.locator("dialog[open]").count(), 0);
  await opened();
});

test("the_workspace_speaks_german_and_shows_no_text_of_a_customer_as_markup", async () => {
  await start(contact(SECOND), { locale: "de-DE", asks: true });
  await page.getByRole("heading", { level: 1, name: "Question <img src=x onerror=alert(1)>" }).waitFor();
  await button("Antworten").click();
  await page.getByRole("textbox", { name: "Text" }).waitFor();
  await check(page, "workspace-german");
  assert.equal(await page.getAttribute("html", "lang"), "de");
  assert.equal(await page.locator("main img[src=x]").count(), 0);
});
