// The settings of emails and chats: set up in their order by an administrator, sorted, deleted.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, open, signIn } from "./browser.mjs";
import { demo } from "./node.mjs";
import { check, checkDark } from "./page_checks.mjs";

let browser;
let node;
before(async () => { [browser, node] = await Promise.all([launch(), demo()]); });
after(async () => {
  await browser?.close();
  await node?.stop();
});

const goTo = (page, place) => page.evaluate((place) => { location.hash = place; }, `#/${place}`);
const heading = (page, name) => page.getByRole("heading", { level: 1, name, exact: true }).waitFor();
const save = (page) => page.getByRole("button", { name: "Save", exact: true }).click();
const fault = (page, text) => page.locator(".error", { hasText: text }).first().waitFor();

/** What a program does beside the pages. */
const send = (page, method, path, body) => page.evaluate(async ([method, path, body]) => {
  const answer = await fetch(`api/v1${path}`, {
    method, headers: { "content-type": "application/json" }, body: body === undefined ? null : JSON.stringify(body),
  });
  return [answer.status, await answer.json()];
}, [method, path, body]);

const put = async (page, path, body) => {
  const [status, told] = await send(page, "PUT", path, body);
  assert.ok(status === 200 || status === 201, `${path}: ${status} ${JSON.stringify(told)}`);
};

/** The cells of a column, row by row. */
const column = (page, place) => page.getByRole("row").filter({ has: page.getByRole("cell") })
  .evaluateAll((rows, place) => rows.map((row) => row.children[place].textContent.trim()), place);

test("ccp_04_an_email_queue_is_set_up_in_the_console_with_every_limit_told_at_its_field", async () => {
  const { page, context, wrong } = await open(browser, node.console);
  await signIn(page);
  await put(page, "/skills/German", {});
  await goTo(page, "settings/mail-servers?new=yes");
  await heading(page, "New: mail server");
  await page.getByLabel(/^Name\b/).first().fill("own");
  await page.getByLabel("Kind").selectOption("imap");
  await page.getByLabel("Incoming: host (IMAP)").fill("192.0.2.1");
  await page.getByLabel("Outgoing: host (SMTP)").fill("smtp.example");
  await save(page);
  await fault(page, "addresses in numbers are refused here");
  await check(page, "settings-mail-server-wrong");
  await page.getByLabel("Incoming: host (IMAP)").fill("imap.example");
  await page.locator("summary", { hasText: "More" }).click();
  await page.getByLabel("Use the SOCKS proxy").check();
  await save(page);
  await fault(page, "proxies.socks is not set; set it first");
  await page.getByLabel("Use the SOCKS proxy").uncheck();
  await save(page);
  await heading(page, "own");

  await goTo(page, "settings/csqs?new=yes");
  await heading(page, "New: contact service queue");
  await page.getByLabel(/^Name\b/).first().fill("support");
  await page.getByLabel("Type", { exact: true }).selectOption("email");
  await page.getByLabel("Another skill").selectOption("German");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await page.getByLabel("German: least competence (1 to 10)").fill("3");
  const mailbox = page.getByRole("group", { name: "Mailbox", exact: true });
  await mailbox.getByLabel("In use").first().check();
  await mailbox.getByLabel(/^Mail server\b/).selectOption("own");
  await mailbox.getByLabel("Email address").fill("support@example.com");
  await mailbox.getByLabel("Look for mails every (seconds)").fill("59");
  await save(page);
  await fault(page, "must be a whole number from 60 to 3600, not 59");
  await mailbox.getByLabel("Look for mails every (seconds)").fill("60");
  await save(page);
  await fault(page, "asks for one with basic");
  await mailbox.getByLabel("Password", { exact: true }).fill("hunter2");
  await check(page, "settings-csq");
  await save(page);
  await heading(page, "support");
  await checkDark(page, "settings-csq");
  const [, kept] = await send(page, "GET", "/csqs/support");
  assert.deepEqual([kept.email.password_sealed, kept.email.password, kept.email.poll_seconds], ["(set)", undefined, 60]);

  // A key of Google's comes as the file that was downloaded.
  await page.getByLabel("Choose the file: Private key (JSON file of Google)").setInputFiles({
    name: "key.json", mimeType: "application/json", buffer: Buffer.from("{\n \"type\": \"other\"\n}"),
  });
  await save(page);
  await fault(page, "must be the JSON file of a Google service account");
  await page.getByRole("button", { name: "Discard changes" }).click();
  assert.deepEqual(wrong, []);
  await context.close();
});

test("ccp_14_lists_of_queues_and_responses_sort_by_name_and_type", async () => {
  const { page, context, wrong } = await open(browser, node.console);
  await signIn(page);
  await put(page, "/skills/German", {});
  for (const [name, channel] of [["b-chat", "chat"], ["a-chat", "chat"]]) {
    await put(page, `/csqs/${name}`, { channel, skills: { German: 1 } });
  }
  await put(page, "/mail-servers/sorted", { kind: "exchange", imap_host: "imap.sorted.example", smtp_host: "smtp.sorted.example" });
  await put(page, "/csqs/c-email", { skills: { German: 1 }, email: { mail_server: "sorted", address: "c@example.com", password: "x" } });
  await put(page, "/predefined-responses/b", { text: "<p>Hello</p>" });
  await put(page, "/predefined-responses/a", { text: "Hello", channel: "chat" });
  await goTo(page, "settings/csqs");
  await heading(page, "Contact service queues");
  await page.getByRole("link", { name: "c-email", exact: true }).waitFor();
  const sorted = async (title, place) => {
    await page.getByRole("columnheader", { name: title }).getByRole("button").click();
    return column(page, place);
  };
  const isRising = (cells) => cells.every((cell, at) => at === 0 || cells[at - 1].localeCompare(cell) <= 0);
  const first = await column(page, 0);
  assert.ok(isRising(first), `by name: ${first}`);
  const types = await sorted("Type", 1);
  assert.ok(isRising(types) && new Set(types).size === 2, `by type: ${types}`);
  const falling = (await sorted("Type", 1)).reverse();
  assert.ok(isRising(falling), `by type, the other way: ${falling}`);
  await check(page, "settings-csqs");
  await goTo(page, "settings/predefined-responses");
  await heading(page, "Predefined responses");
  await page.getByRole("link", { name: "b", exact: true }).waitFor();
  assert.deepEqual(await column(page, 0), ["a", "b"]);
  assert.deepEqual(await sorted("Type", 0), ["a", "b"]);
  assert.deepEqual(await sorted("Type", 0), ["b", "a"]);
  assert.deepEqual(wrong, []);
  await context.close();
});

test("ccp_05_deleting_a_queue_warns_and_who_names_it_is_told", async () => {
  const { page, context, wrong } = await open(browser, node.console);
  await signIn(page);
  await put(page, "/skills/German", {});
  await put(page, "/csqs/doomed", { channel: "chat", skills: { German: 1 } });
  await put(page, "/wrap-up-categories/Sale", { reasons: ["Bought"], csqs: ["doomed"] });
  await goTo(page, "settings/csqs/doomed");
  await heading(page, "doomed");
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("No mail is fetched for it any more", { exact: false }).waitFor();
  await check(page, "settings-csq-delete");
  await dialog.getByRole("button", { name: "Delete", exact: true }).click();
  await dialog.getByRole("link", { name: "Wrap-up reasons of emails and chats: Sale (Only in these queues)" }).waitFor();
  await dialog.getByRole("button", { name: "Close" }).click();
  await send(page, "DELETE", "/wrap-up-categories/Sale");
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await dialog.getByRole("button", { name: "Delete", exact: true }).click();
  await heading(page, "Contact service queues");
  await page.getByRole("link", { name: "doomed", exact: true }).waitFor({ state: "hidden" });
  assert.deepEqual(wrong, []);
  await context.close();
});

test("ccp_08_a_new_signature_begins_with_the_agents_alias", async () => {
  const { page, context, wrong } = await open(browser, node.console);
  await signIn(page);
  await send(page, "DELETE", "/email-signatures/All");
  await goTo(page, "settings/email-signatures?new=yes");
  await heading(page, "New: email signature");
  assert.equal(await page.getByLabel("Content").inputValue(), "<p>{{agent-alias}}</p>");
  await page.getByLabel(/^Name\b/).first().fill("All");
  await save(page);
  await heading(page, "All");
  await goTo(page, "settings/email-signatures?new=yes");
  await heading(page, "New: email signature");
  await page.getByLabel(/^Name\b/).first().fill("Other");
  await save(page);
  await fault(page, "is empty, so it is for all CSQs, as \"All\" is already");
  assert.deepEqual(wrong, []);
  await context.close();
});
