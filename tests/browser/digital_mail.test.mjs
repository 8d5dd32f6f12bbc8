// Test buttons of queues and mail servers, the agents of a queue, and the page of digital channels, beside real
// mail servers.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, open, signIn, violations, shot } from "./browser.mjs";
import { demo } from "./node.mjs";
import { check, checkDark } from "./page_checks.mjs";

const LEFT_OUT = /(left out: (dovecot|postfix)|not permitted here: postfix).*/;
const LONG = { timeout: 30_000 };

let browser;
let node;
/** Why nothing can be tried here. */
let missing = "";
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
  await browser?.close();
  await node?.stop();
});

const goTo = (page, place) => page.evaluate((place) => { location.hash = place; }, `#/${place}`);
const heading = (page, name) => page.getByRole("heading", { level: 1, name, exact: true }).waitFor();

/** What a program does beside the pages. */
const send = (page, method, path, body) => page.evaluate(async ([method, path, body]) => {
  const answer = await fetch(`api/v1${path}`, {
    method, headers: { "content-type": "application/json" }, body: body === undefined ? null : JSON.stringify(body),
  });
  const text = await answer.text();
  return [answer.status, answer.headers.get("content-type")?.includes("ndjson") ? text.trim().split("\n").map((line) => JSON.parse(line)) : JSON.parse(text)];
}, [method, path, body]);

const tested = (page) => page.getByRole("region", { name: "Test", exact: true });
const says = (page, text) => tested(page).getByText(text, { exact: false }).first().waitFor(LONG);

/** The words of a check that failed. */
const failed = async (page, what) => {
  const item = tested(page).getByRole("listitem").filter({ hasText: `${what}: does not work` });
  await item.first().waitFor(LONG);
  return item.first().innerText();
};

/** The name of the queue whose mailbox is support@demo.test. */
async function supportQueue(page) {
  const [, { items }] = await send(page, "GET", "/csqs");
  return items.find((it) => it.email?.address === "support@demo.test").name;
}

test("ccp_04_the_test_button_tells_each_check_of_a_queues_mailbox_saved_or_not", async (context) => {
  if (missing) return context.skip(missing);
  const { page, context: window, wrong } = await open(browser, node.console);
  await signIn(page);
  const queue = await supportQueue(page);
  await goTo(page, `settings/csqs/${queue}`);
  await heading(page, queue);
  // By the keyboard alone.
  await tested(page).getByRole("button", { name: "Test", exact: true }).focus();
  await page.keyboard.press("Enter");
  await says(page, "Everything works.");
  for (const what of ["Connection", "TLS", "Sign-in", "Inbox folder", "Drafts folder", "Folder for sent mails"]) await says(page, `${what}: works`);
  await says(page, "Outbox folder: not needed");
  await check(page, "mail-test");
  await checkDark(page, "mail-test");

  // What stands in the form is tried without being saved.
  const mailbox = page.getByRole("group", { name: "Mailbox", exact: true });
  await mailbox.getByLabel("Inbox folder").fill("Nowhere");
  await says(page, "The form has changed since this test.");
  await tested(page).getByRole("button", { name: "Test what stands in the form" }).click();
  const told = await failed(page, "Inbox folder");
  assert.match(told, /no folder Nowhere.*\n+.*Create the folder/s);
  await says(page, "Not everything works.");
  const [, kept] = await send(page, "GET", `/csqs/${encodeURIComponent(queue)}`);
  assert.notEqual(kept.email.inbox_folder, "Nowhere");
  await check(page, "mail-test-failed");

  // A password that is kept goes to no other server; typed, it does.
  const server = (await send(page, "GET", "/mail-servers"))[1].items[0];
  const other = { ...server, name: "other", smtp_port: 1 };
  assert.equal((await send(page, "PUT", "/mail-servers/other", other))[0], 201);
  await page.getByRole("button", { name: "Discard changes" }).click();
  await page.reload();
  await heading(page, queue);
  await mailbox.getByLabel(/^Mail server\b/).selectOption("other");
  await tested(page).getByRole("button", { name: "Test what stands in the form" }).click();
  await page.locator(".error", { hasText: "was kept for another server" }).first().waitFor();
  await mailbox.getByRole("button", { name: "Replace: Password" }).click();
  await mailbox.getByLabel("Password", { exact: true }).fill("demo-support");
  await tested(page).getByRole("button", { name: "Test what stands in the form" }).click();
  // Nobody listens at its port for sending.
  await failed(page, "Connection");
  await says(page, "Inbox folder: works");
  await page.getByRole("button", { name: "Discard changes" }).click();

  // Each is in the audit log, with the servers and without a secret.
  const [, audit] = await send(page, "GET", "/audit?limit=20");
  const entries = audit.items.filter((it) => it.deed?.action === "mail_tested" || it.action === "mail_tested");
  assert.ok(entries.length >= 3, JSON.stringify(audit.items.map((it) => it.action ?? it.deed?.action)));
  assert.ok(!JSON.stringify(audit).includes("demo-support"));
  assert.deepEqual(wrong, []);
  await window.close();
});

test("ccp_02_the_test_button_tells_whether_both_mail_servers_answer", async (context) => {
  if (missing) return context.skip(missing);
  const { page, context: window, wrong } = await open(browser, node.console);
  await signIn(page);
  await page.getByLabel("Language").selectOption("de");
  await goTo(page, "settings/mail-servers/demo");
  await heading(page, "demo");
  const section = tested(page);
  await section.getByRole("button", { name: "Testen", exact: true }).click();
  await section.getByText("Alles funktioniert.").waitFor(LONG);
  assert.equal(await section.getByText("Anmeldung").count(), 0, "nobody signs in");
  await page.getByLabel("Eingang: Port").fill("1");
  await section.getByRole("button", { name: "Angaben im Formular testen" }).click();
  await section.getByText("Verbindung: funktioniert nicht").waitFor(LONG);
  await section.getByText("Prüfen Sie Name und Port", { exact: false }).waitFor();
  await section.getByText("TLS: nicht versucht").waitFor();
  await check(page, "mail-server-test-de");
  // A form with a fault is not tried: the fault is told at its field.
  await page.getByLabel("Eingang: Rechner (IMAP)").fill("192.0.2.1");
  await section.getByRole("button", { name: "Angaben im Formular testen" }).click();
  await page.locator(".error").first().waitFor();
  await page.getByRole("button", { name: "Änderungen verwerfen" }).click();
  assert.deepEqual(wrong, []);
  await window.close();
});

test("ccp_04_whoever_stops_a_test_or_leaves_ends_it_at_the_node", async (context) => {
  if (missing) return context.skip(missing);
  const { page, context: window, wrong } = await open(browser, node.console);
  await signIn(page);
  // Nobody answers at addresses for documentation, so this one waits until it is stopped.
  await goTo(page, "settings/mail-servers?new=yes");
  await heading(page, "New: mail server");
  await page.getByLabel(/^Name\b/).first().fill("silent");
  await page.getByLabel("Kind").selectOption("imap");
  await page.getByLabel("Incoming: host (IMAP)").fill("localhost");
  await page.getByLabel("Incoming: port").fill(String(await silentPort()));
  await page.getByLabel("Outgoing: host (SMTP)").fill("localhost");
  await tested(page).getByRole("button", { name: "Test what stands in the form" }).click();
  await says(page, "TLS: being tried …");
  await check(page, "mail-test-running");
  await tested(page).getByRole("button", { name: "Stop" }).click();
  await says(page, "The test was stopped.");
  const left = async () => {
    const [, audit] = await send(page, "GET", "/audit?limit=5");
    return JSON.stringify(audit.items).includes('"left"');
  };
  for (let tries = 0; !await left(); tries += 1) {
    assert.ok(tries < 100, "the node went on with the test");
    await page.waitForTimeout(100);
  }
  const [status] = await send(page, "GET", "/mail-servers/silent");
  assert.equal(status, 404, "nothing is saved");
  assert.deepEqual(wrong, []);
  await window.close();
});

/** A port where somebody accepts and says nothing. */
async function silentPort() {
  const { createServer } = await import("node:net");
  const server = createServer(() => {});
  await new Promise((resolve) => server.listen(0, "localhost", resolve));
  server.unref();
  return server.address().port;
}

test("ccp_14_a_queue_shows_who_qualifies_and_prints_all_of_them", async (context) => {
  if (missing) return context.skip(missing);
  const { page, context: window, wrong } = await open(browser, node.console);
  await signIn(page);
  await send(page, "PUT", "/skills/many", {});
  await send(page, "PUT", "/csqs/crowd", { channel: "chat", skills: { many: 2 }, selection: "most_skilled" });
  for (const from of [0, 1_000]) {
    const edits = Array.from({ length: 1_000 }, (_, at) => {
      const id = `c${String(from + at).padStart(4, "0")}`;
      return { put: { section: "agents", name: id, document: { id, name: `Crowd ${id}`, skills: { many: 1 + (from + at) % 10 } } } };
    });
    const [status, told] = await send(page, "POST", "/settings/changes", { edits });
    assert.equal(status, 200, JSON.stringify(told).slice(0, 500));
  }
  await goTo(page, "settings/csqs/crowd");
  await heading(page, "crowd");
  const section = page.getByRole("region", { name: "Agents who qualify now" });
  // Who has less than the least competence is not among them.
  await section.getByText("1,800 agents qualify; 0 of them are ready").waitFor(LONG);
  const table = section.getByRole("table");
  assert.ok(await table.getByRole("row").count() < 60, "only what is seen is drawn");
  const first = () => table.getByRole("row").nth(1).getByRole("cell").nth(2).innerText();
  assert.equal(await first(), "10", "the most skilled first");
  await table.getByRole("button", { name: "Competence" }).click();
  assert.equal(await first(), "2");
  await check(page, "queue-agents");
  await section.getByRole("link", { name: "Printable report" }).click();
  await heading(page, "Queue crowd");
  const whole = page.getByRole("region", { name: "Agents who qualify now" }).getByRole("row");
  await whole.nth(1_800).waitFor(LONG);
  assert.equal(await whole.count(), 1_801);
  await page.emulateMedia({ media: "print" });
  assert.equal(await page.getByRole("navigation").isVisible(), false);
  assert.equal(await page.getByRole("button", { name: "Print" }).count(), 0, "no button on paper");
  await page.emulateMedia({ media: "screen" });
  const printed = page.evaluate(() => new Promise((resolve) => { window.print = () => resolve(true); }));
  await page.getByRole("button", { name: "Print" }).click();
  assert.equal(await printed, true);
  // A supervisor's queue with few agents is a plain table, with states.
  const queue = await supportQueue(page);
  await goTo(page, `queue-agents/${queue}`);
  await heading(page, `Queue ${queue}`);
  await page.getByText("of them are ready for emails and chats").waitFor(LONG);
  await check(page, "queue-report");
  await checkDark(page, "queue-report");
  assert.deepEqual(wrong, []);
  await window.close();
});

test("ccp_11_the_page_of_digital_channels_looks_anew_at_each_visit", async (context) => {
  if (missing) return context.skip(missing);
  const { page, context: window, wrong } = await open(browser, node.console);
  await signIn(page);
  await send(page, "DELETE", "/mail-servers/other");
  await goTo(page, "digital");
  await heading(page, "Digital channels");
  const servers = page.getByRole("region", { name: "Mail servers" });
  const cache = page.getByRole("region", { name: "Mail cache" });
  await servers.getByText(/^\W*Reachable$/).first().waitFor(LONG);
  await cache.getByText(/^\W*Working$/).first().waitFor(LONG);
  await check(page, "digital");
  await checkDark(page, "digital");
  // A server that is away is told of at the next visit, with what to do, and again once it is back.
  const server = (await send(page, "GET", "/mail-servers/demo"))[1];
  const [status, told] = await send(page, "PUT", "/mail-servers/demo", { ...server, smtp_port: 1 });
  assert.equal(status, 200, JSON.stringify(told));
  await page.getByRole("button", { name: "Look again" }).click();
  await servers.getByText(/^\W*Not reachable$/).first().waitFor(LONG);
  await servers.getByText("Sending (SMTP), Connection", { exact: false }).waitFor();
  await check(page, "digital-unreachable");
  await send(page, "PUT", "/mail-servers/demo", server);
  await page.getByRole("button", { name: "Look again" }).click();
  await servers.getByText(/^\W*Not reachable$/).first().waitFor({ state: "hidden", ...LONG });
  assert.deepEqual(await violations(page), []);
  await shot(page, "digital-again");
  assert.deepEqual(wrong, []);
  await window.close();
});
