// The pages of the system: nodes, log, tests, certificates, backups, audit, flight recorder, account, about.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, open, signIn } from "./browser.mjs";
import { golden } from "./golden.mjs";
import { answer, MARKUP } from "./made_up.mjs";
import { demo, until } from "./node.mjs";
import { check, checkDark } from "./page_checks.mjs";

let browser;
let node;
let own;
before(async () => {
  [browser, node] = await Promise.all([launch(), demo()]);
  own = await open(browser, node.console);
  await own.page.getByLabel("Name").waitFor();
  await signIn(own.page);
  await own.page.getByRole("heading", { level: 1 }).waitFor();
});
after(async () => {
  await browser?.close();
  await node?.stop();
});

/** Goes to a page and waits until what it asks for is there. */
async function show(path, title) {
  const { page } = own;
  await page.goto(`${node.console}#/${path}`);
  await page.getByRole("heading", { level: 1, name: title }).waitFor();
  await page.getByText("Loading …").waitFor({ state: "detached" });
  return page;
}

test("ops_06_maintenance_is_asked_for_and_told", async () => {
  const page = await show("nodes", "Nodes");
  await page.getByRole("table", { name: "Nodes" }).waitFor();
  await check(page, "nodes");
  await checkDark(page, "nodes");
  await page.getByRole("button", { name: "Begin maintenance" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.waitFor();
  await check(page, "nodes-sure");
  // Escape leaves everything as it is, and the focus goes back to where it was.
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  await page.waitForFunction(() => document.activeElement?.textContent === "Begin maintenance");
  await page.getByRole("button", { name: "Begin maintenance" }).click();
  await dialog.getByRole("button", { name: "Begin maintenance" }).click();
  await page.getByText("This node is in maintenance.").waitFor();
  await page.getByRole("button", { name: "End maintenance" }).click();
  await page.getByText("This node takes sign-ins.").waitFor();
  await page.getByLabel("For how many minutes").fill("2");
  await page.getByRole("button", { name: "Set", exact: true }).click();
  await page.getByText("The level is debug for 2 minutes.").waitFor();
  await page.getByRole("button", { name: "Reload now" }).click();
  await page.getByText("Reloaded").waitFor();
});

test("ops_06_the_log_is_followed_and_held", async () => {
  const page = await show("log", "Log");
  const lines = page.getByRole("log");
  await lines.waitFor();
  await check(page, "log");
  await checkDark(page, "log");
  await page.getByRole("button", { name: "Hold" }).click();
  await page.getByRole("button", { name: "Go on" }).click();
  await page.getByLabel("Contains").fill("no line has these words <b>");
  await page.getByText("No line fits").waitFor();
  await check(page, "log-nothing");
});

test("ops_15_every_peer_is_tested_step_by_step", async () => {
  const page = await show("probes", "Tests of peers");
  await page.getByRole("button", { name: "Test Store" }).click();
  await page.getByText("read as it was written").waitFor();
  await check(page, "probes");
  await checkDark(page, "probes");
  // What fails says so and why.
  await page.getByLabel("Name of the phone").fill("SEPFFFFFFFFFFFF");
  await page.getByRole("button", { name: "Test its push" }).click();
  await until(() => page.getByText(/Does not work|no such|unknown|not known/i).count(), "the failure in words");
  await check(page, "probes-failed");
});

test("ops_08_certificates_are_shown_asked_for_and_refused_in_words", async () => {
  const page = await show("certificates", "Certificates");
  await page.getByRole("heading", { name: /In force/ }).first().waitFor();
  await check(page, "certificates");
  await checkDark(page, "certificates");
  await page.getByLabel("For which listener").first().selectOption("phone");
  await page.getByLabel("Organisation").fill("Hospital <b>");
  // The demo's certificates are files that its configuration names: it says so, and nothing typed is lost.
  await page.getByRole("button", { name: "Make the request" }).click();
  await page.getByRole("alert").getByText("which rule", { exact: false }).waitFor();
  assert.equal(await page.getByLabel("Organisation").inputValue(), "Hospital <b>");
  await answer(page, "/certificates/request", { text: "-----BEGIN CERTIFICATE REQUEST-----" });
  await page.getByRole("button", { name: "Make the request" }).click();
  await page.getByText("BEGIN CERTIFICATE REQUEST").waitFor();
  await page.unrouteAll({ behavior: "ignoreErrors" });
  await page.getByLabel("Certificates as PEM, the server's first").fill("this is no certificate");
  await page.getByRole("button", { name: "Import", exact: true }).click();
  await page.getByRole("alert").waitFor();
  assert.equal(await page.getByLabel("Certificates as PEM, the server's first").inputValue(), "this is no certificate");
  await check(page, "certificates-refused");
});

test("ops_04_a_backup_is_made_verified_and_looked_into", async () => {
  const page = await show("backups", "Backups and retention");
  await page.getByText("No backup yet").waitFor();
  await golden(page.getByRole("main").getByRole("region", { name: "Backups on this node" }), "backups-none");
  await page.getByLabel("Passphrase", { exact: false }).first().fill("a long passphrase");
  await page.getByRole("button", { name: "Make a backup" }).click();
  await page.getByText("was made.").waitFor();
  await check(page, "backups");
  await checkDark(page, "backups");
  await page.getByRole("button", { name: /^Verify backup-/ }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Passphrase", { exact: false }).fill("another passphrase");
  await dialog.getByRole("button", { name: "Verify" }).click();
  await dialog.getByRole("alert").waitFor();
  await dialog.getByLabel("Passphrase", { exact: false }).fill("a long passphrase");
  await dialog.getByRole("button", { name: "Verify" }).click();
  await dialog.getByText("It is whole.").waitFor();
  await check(page, "backups-verify");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: /^Restore backup-/ }).click();
  await dialog.getByLabel("Passphrase", { exact: false }).fill("a long passphrase");
  await dialog.getByRole("button", { name: "Look" }).click();
  await dialog.getByText("Everything that was changed since then is lost", { exact: false }).waitFor();
  await check(page, "backups-restore");
  await page.keyboard.press("Escape");
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: /^Download backup-/ }).click(),
  ]);
  assert.match(download.suggestedFilename(), /^backup-.*\.jackfield$/);
  await page.getByLabel("Agent").fill("1003");
  await page.getByRole("button", { name: "See what would be erased" }).click();
  await page.getByRole("button", { name: "Erase for good" }).waitFor();
});

test("ops_02_the_audit_log_is_filtered_and_its_chain_checked", async () => {
  const page = await show("audit", "Audit log");
  await page.getByRole("button", { name: /^Entry/ }).first().waitFor();
  await check(page, "audit");
  await checkDark(page, "audit");
  await page.getByRole("button", { name: /^Entry/ }).first().click();
  await page.getByRole("dialog").waitFor();
  await check(page, "audit-entry");
  await page.getByRole("button", { name: "Close" }).click();
  await page.getByRole("button", { name: "Check the chain" }).click();
  await page.getByText("The chain is whole", { exact: false }).waitFor();
  await answer(page, "/audit/check", { intact: false, why: "entry 2 is not what entry 3 says", first: 1, last: 3 });
  await page.getByRole("button", { name: "Check the chain" }).click();
  await page.getByText("The chain is broken", { exact: false }).waitFor();
  await page.unrouteAll({ behavior: "ignoreErrors" });
  await page.getByLabel("Who", { exact: true }).fill("nobody <img src=x onerror=alert(1)>");
  await page.getByRole("button", { name: "Filter" }).click();
  await page.getByText("No entry fits").waitFor();
  await check(page, "audit-nothing");
});

test("byd_02_the_flight_recorder_shows_one_timeline", async () => {
  const page = await show("flight-recorder?agent=1001", "Flight recorder");
  assert.equal(await page.getByLabel("Agent").inputValue(), "1001");
  await page.getByRole("status").filter({ hasText: /Everything is there since|off or empty/ }).waitFor();
  await check(page, "flight-recorder");
  await checkDark(page, "flight-recorder");
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Save as text" }).click()]);
  assert.equal(download.suggestedFilename(), "flight-recorder.txt");
  // What does not fit into a row is read whole.
  const words = `cti -> SET_AGENT_STATE_REQ agent 1001 ${MARKUP}`;
  await answer(page, "/flight-recorder", { node: "gw-1", since_at: "2026-01-31T08:00:00Z", left_out: 0, records: [{
    number: 1, at: "2026-01-31T08:00:01.234567Z", node: "gw-1", link: "cti", way: "out", message: "SET_AGENT_STATE_REQ", peer: "a", agent: "1001",
    agent_inferred: true, device: null, line: "2001", calls: ["17"], said: { state: "ready", label: MARKUP }, words,
  }] });
  await page.getByRole("button", { name: "Show", exact: true }).click();
  await page.getByRole("button", { name: words }).click();
  await page.getByRole("dialog", { name: "One message" }).getByText("sent by us", { exact: false }).waitFor();
  await check(page, "flight-recorder-one");
  await page.keyboard.press("Escape");
  await until(() => page.evaluate((words) => document.activeElement?.textContent === words, words), "the focus where it was");
  await page.unrouteAll({ behavior: "ignoreErrors" });
});

test("ops_06_tokens_are_made_shown_once_and_revoked", async () => {
  const page = await show("account", "Your account");
  await check(page, "account");
  await checkDark(page, "account");
  await page.getByLabel("What it is for").fill("<i>nightly report</i>");
  await page.getByLabel("Administrator").check();
  await page.getByRole("button", { name: "Make a token" }).click();
  await page.getByText("It is not shown again", { exact: false }).waitFor();
  await check(page, "account-token");
  await page.getByRole("button", { name: "Revoke <i>nightly report</i>" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Revoke" }).click();
  await page.getByText("No token yet").waitFor();
});

test("ops_06_the_program_says_what_is_in_it", async () => {
  const page = await show("about", "About");
  await page.getByText("Apache-2.0", { exact: false }).first().waitFor();
  await check(page, "about");
  await checkDark(page, "about");
});

test("a_directory_says_how_taking_agents_over_went_and_asks_before_many_go", async () => {
  const { page } = own;
  const report = {
    at: 1_769_846_400_000_000, result: "too_many_removals", why: "412 agents would go", found: 12, added: 0, changed: 0, removed: 412,
    held_up: [{ who: "1007", why: "is in a call" }], failed: [{ who: MARKUP, why: "has no number" }], not_taken: 5,
  };
  const directories = [{ name: "hospital", every_minutes: 60, last: report }, { name: MARKUP, every_minutes: null, last: null }];
  const asked = [];
  await answer(page, "/directories", { items: directories.map(({ name }) => ({ name })), next: null, total: 2 });
  await answer(page, "/directory-status", { directories });
  await answer(page, "/directories/hospital/sync", (_, request) => {
    asked.push(request.postDataJSON());
    return { ...report, result: "done", why: null };
  });
  await show("settings/directories", "Directories (LDAP)");
  const region = page.getByRole("region", { name: "Agents taken over" });
  await region.getByText("Held: too many would go").waitFor();
  await region.getByRole("link", { name: "Set up taking over" }).waitFor();
  await region.locator("summary").click();
  await region.getByText("3 more are not listed.").waitFor();
  await check(page, "directories-held");
  await checkDark(page, "directories-held");
  await region.getByRole("button", { name: "Take over from hospital, and remove 412 agents" }).click();
  const dialog = page.getByRole("dialog", { name: "Remove 412 agents that are no more in hospital?" });
  await dialog.waitFor();
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  assert.deepEqual(asked, []);
  await region.getByRole("button", { name: "Take over from hospital, and remove 412 agents" }).click();
  await dialog.getByRole("button", { name: "Remove 412 agents" }).click();
  await dialog.waitFor({ state: "hidden" });
  assert.deepEqual(asked, [{ removals: true }]);
  await page.unrouteAll({ behavior: "ignoreErrors" });
});

test("byd_08_every_page_speaks_german", async () => {
  const { page } = own;
  await page.getByLabel("Language").selectOption("de");
  const titles = [["nodes", "Knoten"], ["log", "Protokoll"], ["probes", "Tests der Gegenstellen"], ["certificates", "Zertifikate"],
    ["backups", "Sicherungen und Aufbewahrung"], ["audit", "Auditprotokoll"], ["flight-recorder", "Flugschreiber"], ["account", "Ihr Konto"], ["about", "Über Jackfield"]];
  for (const [path, title] of titles) {
    await page.goto(`${node.console}#/${path}`);
    await page.getByRole("heading", { level: 1, name: title }).waitFor();
    await until(async () => (await page.title()).startsWith(title), `the title ${title}`);
  }
  assert.deepEqual(own.wrong, []);
});
