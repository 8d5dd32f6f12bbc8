// A customer's mails through the whole: real mail servers, the program, the workspace of two agents and their supervisor.
//
// ```text
//  customer --SMTP--> queue's mailbox --IDLE--> node --routing--> workspace --answer--> customer's mailbox
// ```

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { promisify } from "node:util";
import { launch, open } from "./browser.mjs";
import { demo, until } from "./node.mjs";
import { check, checkDark } from "./page_checks.mjs";

const CUSTOMER = "customer@else.test";
const SUBJECT = "Where is my order 4711?";
const LEFT_OUT = /(left out: (dovecot|postfix)|not permitted here: postfix).*/;

let browser;
let node;
/** Why nothing can be tried here. */
let missing = "";
const opened = [];
before(async () => {
  try {
    [browser, node] = await Promise.all([launch(), demo({ arguments: ["--mail"] })]);
  } catch (error) {
    missing = LEFT_OUT.exec(error.message)?.[0] ?? "";
    if (!missing) throw error;
    console.log(missing);
  }
});
after(async () => {
  await Promise.all(opened.map((one) => one.context.close()));
  await browser?.close();
  await node?.stop();
});
afterEach(() => {
  for (const one of opened) assert.deepEqual(one.wrong, []);
});

const run = promisify(execFile);
const peers = (...line) => run(join(dirname(node.program), "jackfield-peers"), line);
const place = ({ host, port }) => `${host}:${port}`;

const TEXT = "Content-Type: text/html; charset=utf-8";

/** Sends a mail as the customer's own program writes it; tells its Message-ID. */
async function send(subject, body, more = [], type = TEXT) {
  const file = join(node.folder, "mail.eml");
  writeFileSync(file, [
    `From: Ada Example <${CUSTOMER}>`, "To: support@demo.test", `Subject: ${subject}`, `Date: ${new Date().toUTCString().replace("GMT", "+0000")}`,
    `Message-ID: <${crypto.randomUUID()}@else.test>`, ...more, "MIME-Version: 1.0", type, "", body, "",
  ].join("\r\n"));
  const line = ["mail-send", "--smtp", place(node.endpoints.smtp), "--from", CUSTOMER, "--to", "support@demo.test", "--file", file];
  return JSON.parse((await peers(...line)).stdout).message_id;
}

/** The mails of a mailbox with that subject; waits until there is one. */
async function received(address, subject, folder = "INBOX") {
  const password = join(node.folder, "password");
  writeFileSync(password, node.endpoints.mailboxes.find((one) => one.address === address).password);
  const { stdout } = await peers("mail-read", "--imaps", place(node.endpoints.imaps), "--ca", node.endpoints.mail_ca, "--user", address,
    "--password-file", password, "--folder", folder, "--wait-subject", subject);
  return stdout.trim().split("\n").map((one) => JSON.parse(one)).filter((one) => one.subject === subject);
}

/** An agent's browser, at work with mails and chats alone. */
async function agent(id) {
  const one = await open(browser, "about:blank");
  opened.push(one);
  await one.context.addInitScript(() => { if (window.top === window) localStorage.setItem("jackfield.workspace.alerts", "off"); });
  one.page.on("dialog", (dialog) => { one.wrong.push(`a text was run: ${dialog.message()}`); void dialog.dismiss(); });
  const { page } = one;
  page.setDefaultTimeout(15_000);
  await page.goto(node.endpoints.workspace);
  await page.getByLabel("Name").fill(id);
  await page.getByLabel("Password").fill(`demo-${id}`);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByRole("radio", { name: /^Email and chat only/ }).check();
  await page.getByRole("button", { name: "Start", exact: true }).click();
  return {
    page,
    button: (name) => page.getByRole("button", { name, exact: true }),
    writing: () => page.getByRole("textbox", { name: "Text" }),
    tab: (subject) => page.locator(`a.tab[title="${subject}"]`),
    state: async (label) => {
      await page.getByRole("combobox", { name: "Email and chat" }).selectOption({ label });
      await page.locator(".control-ready, .control-not-ready").first().waitFor();
    },
  };
}

let first;
let second;

test("mail_03_a_mail_reaches_an_agent_and_its_answer_the_customers_thread", async () => {
  if (missing) return;
  second = await agent("1002");
  first = await agent("1001");
  await first.state("Ready");
  const { page, button } = first;
  const question = await send(SUBJECT, "<p>Hello,</p><p>my order has <b>not</b> come.</p><p>Ada</p>");
  await page.getByRole("status").getByText(`New mail from Ada Example: ${SUBJECT}`).waitFor();
  await check(page, "journey-arrived");
  await first.tab(SUBJECT).click();
  await page.getByRole("heading", { level: 1, name: SUBJECT }).waitFor();
  await page.frameLocator("iframe").getByText("my order has", { exact: false }).waitFor();
  await button("Reply").click();
  await first.writing().click();
  await page.keyboard.type("Dear Ada, it is ");
  await page.keyboard.press("Control+b");
  await page.keyboard.type("on its way");
  await page.keyboard.press("Control+b");
  await page.keyboard.type(".");
  await page.locator(".files input[type=file]").setInputFiles({ name: "delivery.txt", mimeType: "text/plain", buffer: Buffer.from("It comes on Monday.") });
  await page.getByRole("button", { name: "Remove delivery.txt" }).waitFor();
  await button("Put at the end").click();
  await first.writing().getByText("look into it").waitFor();
  await page.getByText(/^Saved /).waitFor();
  await check(page, "journey-answer");
  await checkDark(page, "journey-answer");
  await button("Send").click();
  await page.getByText("The answer to Ada Example is sent.").waitFor();

  const answers = await received(CUSTOMER, `Re: ${SUBJECT}`);
  assert.equal(answers.length, 1);
  const [answer] = answers;
  assert.equal(answer.in_reply_to, question);
  assert.match(answer.references, new RegExp(question.replace(/[^\w]/g, "\\$&")));
  assert.match(answer.from, /support@demo\.test/);
  const raw = Buffer.from(answer.raw_base64, "base64").toString();
  assert.match(raw, /<strong>on its way<\/strong>|<b>on its way<\/b>/);
  assert.match(raw, /filename="?delivery\.txt/);
  assert.ok(raw.includes(Buffer.from("It comes on Monday.").toString("base64")), "the file is whole");
  assert.match(raw, /look into it/);
  assert.match(raw, /Customer service of the demo/, "the signature");
  assert.equal((await received("support@demo.test", `Re: ${SUBJECT}`, "Sent Items")).length, 1, "it is filed once");
});

test("mail_07_a_picture_within_a_mail_is_seen_and_one_without_a_place_is_a_file", async () => {
  if (missing) return;
  const subject = "A photo of it";
  const { page, button } = first;
  const picture = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
  const part = (name, type, bytes) => [`--b`, `Content-Type: ${type}; name=${name}`, `Content-ID: <${name}@else.test>`, `Content-Disposition: inline; filename=${name}`, "Content-Transfer-Encoding: base64", "", bytes];
  const drawing = Buffer.from("<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>").toString("base64");
  await send(subject, [
    "--b", TEXT, "", "<p>See <img src=\"cid:photo.png@else.test\" alt=\"The photo\"> and <img src=\"cid:drawing.svg@else.test\" alt=\"A drawing\"></p>",
    ...part("photo.png", "image/png", picture), ...part("drawing.svg", "image/svg+xml", drawing), ...part("unused.png", "image/png", picture), "--b--",
  ].join("\r\n"), [], "Content-Type: multipart/related; boundary=b");
  await first.tab(subject).click();
  const photo = page.frameLocator("iframe").getByAltText("The photo");
  await photo.waitFor();
  await until(() => photo.evaluate((image) => image.naturalWidth > 0), "the picture is seen");
  await page.frameLocator("iframe").getByAltText("A drawing").waitFor();
  await page.getByRole("heading", { name: "Attachments (2)" }).waitFor();
  for (const name of ["drawing.svg", "unused.png"]) await page.getByRole("link", { name: `Save ${name}` }).waitFor();
  await check(page, "journey-picture");
  await checkDark(page, "journey-picture");
  await button("Discard").click();
  await page.getByRole("dialog").getByRole("button", { name: "Discard" }).click();
  await first.tab(subject).waitFor({ state: "detached" });
});

test("mail_02_a_customers_answer_comes_back_to_who_answered_and_a_reload_keeps_all", async () => {
  if (missing) return;
  // The other agent waits for longer and would get a mail of nobody.
  await first.state("Not ready: Lunch");
  await second.state("Ready");
  await first.state("Ready");
  const [{ message_id: answered }] = await received(CUSTOMER, `Re: ${SUBJECT}`);
  await send(`Re: ${SUBJECT}`, "<p>Thank you. It has come, but it is <b>broken</b>.</p>", [`In-Reply-To: ${answered}`, `References: ${answered}`]);
  await first.tab(`Re: ${SUBJECT}`).click();
  const { page } = first;
  await page.getByRole("heading", { level: 1, name: `Re: ${SUBJECT}` }).waitFor();
  assert.equal(await second.page.locator("a.tab").count(), 0);
  const conversation = page.getByRole("region", { name: "Conversation" });
  await conversation.getByText(/^Answer · /).waitFor();
  await conversation.getByText(/^\W*Sent$/).first().waitFor();
  await conversation.getByRole("button", { name: "Show the answer" }).click();
  await page.frameLocator("iframe[title='Text of the answer']").getByText("on its way").waitFor();
  assert.equal(await conversation.getByRole("listitem").count(), 3, "question, answer, and what came back");
  await first.button("Reply").click();
  await first.writing().click();
  await page.keyboard.type("We are sorry, we will");
  await page.getByText(/^Saved /).waitFor();
  await page.keyboard.type(" send anotheR");
  await page.reload();
  await first.writing().getByText("We are sorry, we will send anotheR").waitFor();
  await first.tab(`Re: ${SUBJECT}`).waitFor();
  await page.frameLocator("iframe").getByText("It has come, but", { exact: false }).waitFor();
  await check(page, "journey-conversation");
  await checkDark(page, "journey-conversation");
});

test("mail_09_a_contact_is_requeued_to_another_and_given_back_by_the_supervisor", async () => {
  if (missing) return;
  const subject = `Re: ${SUBJECT}`;
  await first.button("Requeue").click();
  const dialog = first.page.getByRole("dialog");
  await dialog.getByRole("radio", { name: "billing" }).check();
  await dialog.getByRole("button", { name: "Requeue to billing" }).click();
  await first.page.getByText("The mail of Ada Example waits in billing.").waitFor();
  await second.tab(subject).click();
  await second.page.getByRole("heading", { level: 1, name: subject }).waitFor();
  assert.equal(await first.page.locator("a.tab").count(), 0);

  const boss = await agent("1900");
  const { page } = boss;
  await page.getByRole("link", { name: "Team", exact: true }).click();
  const row = (name) => page.getByRole("row").filter({ has: page.getByRole("rowheader", { name }) });
  await row("Agent 1002").getByText(subject).waitFor();
  await check(page, "journey-team");
  await checkDark(page, "journey-team");
  await row("Agent 1002").getByRole("button", { name: /^Give to/ }).click();
  await page.getByRole("dialog").getByLabel("An agent").last().selectOption("1001");
  await check(page, "journey-give");
  await page.getByRole("dialog").getByRole("button", { name: "Give", exact: true }).click();
  await first.tab(subject).waitFor();
  await second.tab(subject).waitFor({ state: "detached" });
  await row("Agent 1001").getByText(subject).waitFor();
});
