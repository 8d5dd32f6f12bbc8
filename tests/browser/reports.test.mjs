// Reports of email in the console: counted from contacts that came by mail, shown, drawn and saved.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { promisify } from "node:util";
import { launch, open, shot, signIn } from "./browser.mjs";
import { demo, until } from "./node.mjs";
import { check, checkDark } from "./page_checks.mjs";

const LEFT_OUT = /(left out: (dovecot|postfix)|not permitted here: postfix).*/;

let browser;
let node;
let own;
/** Why nothing can be tried here. */
let missing = "";
before(async () => {
  try {
    [browser, node] = await Promise.all([launch(), demo({ arguments: ["--mail"] })]);
  } catch (error) {
    missing = LEFT_OUT.exec(error.message)?.[0] ?? "";
    if (!missing) throw error;
    console.log(missing);
    return;
  }
  own = await open(browser, node.console);
  await own.page.getByLabel("Name").waitFor();
  await signIn(own.page);
  await own.page.getByRole("heading", { level: 1 }).waitFor();
  own.page.setDefaultTimeout(15_000);
});
after(async () => {
  await browser?.close();
  await node?.stop();
});
afterEach(() => assert.deepEqual(own?.wrong ?? [], []));

const run = promisify(execFile);

/** Sends a mail to the queue `support` as a customer does. */
async function send(subject) {
  const file = join(node.folder, "mail.eml");
  writeFileSync(file, [
    "From: Ada Example <customer@else.test>", "To: support@demo.test", `Subject: ${subject}`, `Date: ${new Date().toUTCString().replace("GMT", "+0000")}`,
    `Message-ID: <${crypto.randomUUID()}@else.test>`, "Content-Type: text/plain; charset=utf-8", "", "Hello", "",
  ].join("\r\n"));
  const { host, port } = node.endpoints.smtp;
  await run(join(dirname(node.program), "jackfield-peers"), [
    "mail-send", "--smtp", `${host}:${port}`, "--from", "customer@else.test", "--to", "support@demo.test", "--file", file,
  ]);
}

/** Asks the node as the console's page does. */
async function ask(path) {
  return own.page.evaluate(async (path) => {
    const answer = await fetch(`api/v1${path}`);
    return { status: answer.status, body: await answer.json() };
  }, path);
}

/** An agent's browser, at work with mails alone and Ready. */
async function agent(id) {
  const one = await open(browser, "about:blank");
  await one.context.addInitScript(() => { if (window.top === window) localStorage.setItem("jackfield.workspace.alerts", "off"); });
  const { page } = one;
  page.setDefaultTimeout(15_000);
  await page.goto(node.endpoints.workspace);
  await page.getByLabel("Name").fill(id);
  await page.getByLabel("Password").fill(`demo-${id}`);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByRole("radio", { name: /^Email and chat only/ }).check();
  await page.getByRole("button", { name: "Start", exact: true }).click();
  await page.getByRole("combobox", { name: "Email and chat" }).selectOption({ label: "Ready" });
  return one;
}

/** Goes to the report with that query. */
async function show(query = "") {
  const { page } = own;
  await page.goto(`${node.console}#/reports${query}`);
  await page.getByRole("heading", { level: 1, name: "Reports" }).waitFor();
  await page.getByText("Loading …").waitFor({ state: "detached" });
  return page;
}

/** The cells of a row by the titles of their columns. */
async function cells(page, caption, row) {
  const table = page.getByRole("table", { name: caption });
  await table.waitFor();
  const titles = await table.locator("thead th").allInnerTexts();
  const line = table.getByRole("row").filter({ has: page.getByRole("rowheader", { name: row }) });
  const told = await line.locator("th, td").allInnerTexts();
  return Object.fromEntries(titles.map((title, place) => [title.trim(), told[place]?.trim()]));
}

test("rpt_01_a_report_without_mails_says_so_and_what_to_do", async () => {
  if (missing) return;
  const page = await show();
  await page.getByText("No mail came in this time.").waitFor();
  await check(page, "reports-none");
});

test("rpt_01_reports_count_what_agents_did_and_are_drawn_and_saved", async () => {
  if (missing) return;
  for (const subject of ["First", "Second", "Third"]) await send(subject);
  await until(async () => (await ask("/reports/email-csq-activity")).body.items[0]?.arrived === 3, "three contacts");
  const one = await agent("1001");
  await one.page.locator("a.tab").first().waitFor();
  await one.page.locator("a.tab[title=First]").click();
  await one.page.getByRole("heading", { level: 1, name: "First" }).waitFor();
  await one.page.getByRole("button", { name: "Discard", exact: true }).click();
  await one.page.getByRole("dialog").getByRole("button", { name: "Discard", exact: true }).click();
  await one.page.getByText(/was discarded/).waitFor();
  const today = one.page.getByRole("region", { name: "Today" });
  await until(async () => /Discarded\s+1\s/.test(await today.innerText()), "the agent's own number", 40_000);
  let page = await show("?days=1");
  const row = await until(async () => {
    const found = await cells(page, "Email by queue", /./);
    return found.Came === "3" && found;
  }, "the queue's row");
  assert.deepEqual([row.Discarded, row.Waiting, row["In hand"]], ["1", "0", "2"]);
  assert.match(row["To the end, longest"], /^0:0\d:\d\d$/);
  const plot = page.getByRole("img", { name: "Mails that came, by hour (UTC)" });
  await plot.waitFor();
  await check(page, "reports-queues");
  await checkDark(page, "reports-queues");
  await page.getByRole("button", { name: /^Show as a table: Mails that came/ }).click();
  assert.equal(await page.locator("figure tbody tr").last().locator("td").first().innerText(), "3");
  page = await show("?which=agents");
  const done = await cells(page, "Email by agent", /1001/);
  assert.deepEqual([done.Assigned, done.Discarded, done["In hand"]], ["3", "1", "2"]);
  await check(page, "reports-agents");
  page = await show("?which=pairs&days=92&zone=Asia%2FKolkata");
  await until(async () => (await cells(page, "Email by queue and agent", /./).catch(() => ({}))).Assigned === "3", "the pair's row");
  const coming = page.waitForEvent("download");
  await page.getByRole("button", { name: "As a table (CSV)" }).click();
  const saved = await coming;
  assert.equal(saved.suggestedFilename(), "email-pairs.csv");
  const [head, line] = readFileSync(await saved.path(), "utf8").split("\r\n");
  assert.match(head, /^csq,agent,name,assigned,replied,/);
  assert.match(line, /^"[^"]+","1001","[^"]*","3","0","0","1","0","0","2",/);
  await one.context.close();
});

test("rpt_01_a_stretch_is_chosen_by_days_and_zone_and_a_wrong_one_is_told", async () => {
  if (missing) return;
  const page = await show("?days=own&first=2026-03-28&last=2026-03-30&zone=Europe%2FBerlin");
  await page.getByText("No mail came in this time.").waitFor();
  const asked = page.waitForRequest((request) => request.url().includes("/reports/"));
  await page.getByLabel("Last day").fill("2026-03-29");
  const query = new URL((await asked).url()).searchParams;
  // The clocks go forward on the last day, which has 23 hours.
  assert.equal(query.get("from"), "2026-03-27T23:00:00.000Z");
  assert.equal(query.get("to"), "2026-03-29T22:00:00.000Z");
  assert.equal(query.get("time_zone"), "Europe/Berlin");
  await page.getByLabel("Last day").fill("2026-03-01");
  await page.getByText("Choose a last day that is not before the first one.").waitFor();
  await check(page, "reports-own-days");
  // The longest is told with what to do.
  await page.getByLabel("First day").fill("2025-01-01");
  await page.getByText("at most 92 days before to", { exact: false }).waitFor();
});

test("rpt_01_the_page_speaks_german_and_fits_small_screens", async () => {
  if (missing) return;
  const { page } = own;
  await page.evaluate(() => localStorage.setItem("jackfield.language", "de"));
  await page.goto(`${node.console}#/reports?days=1&again`);
  await page.reload();
  await page.getByRole("heading", { level: 1, name: "Berichte" }).waitFor();
  await page.getByRole("img", { name: "Eingegangene E-Mails nach Stunden (UTC)" }).waitFor();
  await check(page, "reports-german");
  await page.setViewportSize({ width: 360, height: 800 });
  await shot(page, "reports-german-360");
  await checkDark(page, "reports-german-360");
  await page.evaluate(() => localStorage.setItem("jackfield.language", "en"));
});

test("rpt_03_a_token_of_the_role_report_reads_reports_over_the_network_and_no_more", async () => {
  if (missing) return;
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const base = `${node.console}api/v1`;
  const basicOf = (account) => `Basic ${Buffer.from(account).toString("base64")}`;
  const put = await context.request.put(`${base}/accounts/reporting`, {
    headers: { authorization: basicOf("admin:demo-admin"), "if-none-match": "*" }, data: { name: "reporting", roles: ["report"], password: "for reports alone" },
  });
  assert.ok(put.ok(), await put.text());
  const basic = basicOf("reporting:for reports alone");
  const made = await context.request.post(`${base}/tokens`, { headers: { authorization: basic }, data: { name: "wallboard", roles: ["report"], days: 1 } });
  assert.equal(made.status(), 201, await made.text());
  const headers = { authorization: `Bearer ${(await made.json()).token}` };
  const get = (path) => context.request.get(`${base}${path}`, { headers });
  const report = await get("/reports/email-csq-activity");
  assert.equal((await report.json()).items[0].arrived, 3);
  assert.match(await (await get("/reports/email-agent-activity.csv")).text(), /^agent,name,assigned,.*\r\n"1001",/);
  for (const path of ["/workspace/contacts", "/workspace/team", "/workspace/search", "/workspace/numbers", "/audit", "/accounts", "/settings", "/overview", "/csqs"]) {
    assert.equal((await get(path)).status(), 403, path);
  }
  await context.close();
});
