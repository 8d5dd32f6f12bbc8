// The workspace of whoever leads a team, and the numbers of the day, before a made-up node.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { launch, open, shot } from "./browser.mjs";
import { until } from "./node.mjs";
import { check, checkDark } from "./page_checks.mjs";
import { mock } from "./workspace_mock.mjs";

const FIRST = "1".padStart(32, "0");

let browser;
let node;
let page;
let context;
let wrong;
before(async () => { browser = await launch(); });
after(async () => { await browser?.close(); });
beforeEach(async () => {
  node = await mock({ signedIn: "cleo" });
  node.world.desk = { state: "ready", reason: null, since: new Date().toISOString(), contacts: [], changes: 1 };
});
afterEach(async () => {
  await context?.close();
  context = null;
  await node.stop();
  assert.deepEqual(wrong, []);
});

/** Opens the workspace, with the question for sounds answered. */
async function start(hash = "") {
  ({ page, context, wrong } = await open(browser, "about:blank"));
  await context.addInitScript(() => { if (window.top === window) localStorage.setItem("jackfield.workspace.alerts", "off"); });
  page.on("dialog", (dialog) => { wrong.push(`a text was run: ${dialog.message()}`); void dialog.dismiss(); });
  await page.goto(`${node.address}${hash}`);
}
const contact = (number) => `#/contacts/${number}`;
const button = (name) => page.getByRole("button", { name, exact: true });

test("rpt_02_the_day_so_far_and_what_waits_since_when_stand_beside_the_contacts", async () => {
  await start(contact(FIRST));
  const today = page.getByRole("region", { name: "Today" });
  await today.getByText("14", { exact: true }).waitFor();
  assert.match(await today.innerText(), /Answered\s+14\s+Forwarded\s+0\s+Discarded\s+2\s+Requeued\s+1\s+Taken away\s+0\s+Handling, mean\s+4 mins 14 secs/);
  const waiting = page.getByRole("region", { name: "Waiting" });
  await waiting.getByText("oldest for 1 hr").waitFor();
  assert.match(await waiting.innerText(), /Sales\s+1\s+oldest for [23] min/);
  // What changes is asked for at once: one was answered, and Sales waits no longer.
  node.world.numbers = { replied: 15 };
  node.world.waiting = { Support: 3, Sales: 0 };
  node.push("waiting", node.world.waiting);
  await today.getByText("15", { exact: true }).waitFor();
  assert.equal(await waiting.getByText("Sales").count(), 0);
  await check(page, "workspace-numbers");
});

test("rpt_02_numbers_that_change_all_the_time_are_asked_for_now_and_then", async () => {
  const aborted = [];
  await start();
  page.on("requestfailed", (request) => aborted.push(request.url()));
  const today = page.getByRole("region", { name: "Today" });
  await today.getByText("14", { exact: true }).waitFor();
  const waiting = page.getByRole("region", { name: "Waiting" });
  const change = async (count) => {
    node.world.waiting = { Support: count };
    node.push("waiting", node.world.waiting);
    await waiting.getByText(String(count), { exact: true }).waitFor();
  };
  const begun = () => page.evaluate(() => performance.getEntriesByType("resource").filter((one) => one.name.includes("/numbers?")).map((one) => one.startTime));
  // While one answer is awaited nothing else is asked for, and it is not given up.
  let go = () => {};
  let questions = 0;
  const mayGo = new Promise((resolve) => { go = resolve; });
  await page.route("**/numbers?**", async (route) => {
    questions += 1;
    await mayGo;
    await route.continue();
  });
  await change(101);
  await until(() => questions === 1, "the question");
  for (let count = 102; count < 112; count += 1) await change(count);
  assert.deepEqual([questions, aborted], [1, []]);
  node.world.numbers = { replied: 15 };
  go();
  await today.getByText("15", { exact: true }).waitFor();
  node.world.numbers = { replied: 16 };
  for (let count = 112; count < 122; count += 1) await change(count);
  await today.getByText("16", { exact: true }).waitFor();
  const times = await begun();
  times.slice(1).forEach((at, place) => assert.ok(at - times[place] > 4_900, `${times.join(", ")}: they are apart`));
  assert.deepEqual(aborted, []);
});

test("rpt_02_the_team_is_asked_for_again_once_the_answer_came", async () => {
  node.world.roles = ["agent", "supervisor"];
  const aborted = [];
  ({ page, context, wrong } = await open(browser, "about:blank"));
  await page.clock.install();
  await page.goto(`${node.address}#/team`);
  page.on("requestfailed", (request) => aborted.push(request.url()));
  await page.getByText("8 waiting, 2 in hand").waitFor();
  let go = () => {};
  let questions = 0;
  const mayGo = new Promise((resolve) => { go = resolve; });
  await page.route("**/team?**", async (route) => {
    questions += 1;
    await mayGo;
    await route.continue();
  });
  await page.clock.fastForward(5_000);
  await until(() => questions === 1, "the next round");
  node.world.waiting = { Support: 30, Sales: 1 };
  for (let round = 0; round < 3; round += 1) await page.clock.fastForward(5_000);
  // What is asked for by hand is asked for after the answer.
  await button("Release Ada Example: About yesterday").click();
  await page.getByText("Released: any agent who may takes it.").waitFor();
  assert.deepEqual([questions, aborted], [1, []]);
  go();
  await until(() => questions === 2, "the question after the deed");
  await page.getByText("31 waiting, 2 in hand").waitFor();
  assert.deepEqual(aborted, []);
});

test("rpt_02_a_question_that_fails_at_midnight_takes_nothing_away", async () => {
  node.world.roles = ["agent", "supervisor"];
  ({ page, context, wrong } = await open(browser, "about:blank"));
  await page.clock.install({ time: new Date("2030-05-01T23:59:30Z") });
  await page.goto(`${node.address}#/team`);
  await page.getByText("8 waiting, 2 in hand").waitFor();
  await button("Give to … Ada Example: Order 4711 has not come").click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("radio", { name: "A queue" }).check();
  await dialog.getByLabel("A queue").last().selectOption("Sales");
  // To this browser it is the next day already, and to the node it is not.
  await page.route(/workspace\/(team|numbers)\?since=2030-05-02/, (route) => route.fulfill({ status: 422, contentType: "application/problem+json", body: JSON.stringify({ status: 422, code: "invalid", detail: "since: this is yet to come" }) }));
  await page.clock.fastForward(40_000);
  await page.getByText("since: this is yet to come").waitFor();
  await page.getByText("These numbers may be old.").waitFor();
  await page.getByText("8 waiting, 2 in hand").waitFor();
  assert.equal(await dialog.getByLabel("A queue").last().inputValue(), "Sales");
  await shot(page, "workspace-team-midnight");
  await page.unrouteAll();
  await page.clock.fastForward(30_000);
  await page.getByText("since: this is yet to come").waitFor({ state: "detached" });
  await page.getByText("These numbers may be old.").waitFor({ state: "detached" });
  await dialog.getByRole("button", { name: "Give", exact: true }).click();
  const asked = await until(() => node.world.asked.find((one) => one.path.endsWith("/reassign")), "the contact is given");
  assert.deepEqual(asked.body, { csq: "Sales" });
});

test("rpt_02_a_supervisor_watches_sums_and_plots_of_the_team", async () => {
  node.world.roles = ["agent", "supervisor"];
  await start("#/team");
  await page.getByText("2 signed in: 1 ready, 1 not ready").waitFor();
  await page.getByText("8 waiting, 2 in hand").waitFor();
  for (const name of ["Waiting mails", "Mails in hand", "Agents of your teams"]) await page.getByRole("img", { name, exact: true }).waitFor();
  const row = page.getByRole("row", { name: /Cleo Agent/ });
  assert.match(await row.innerText(), /Answered 14\s+Discarded 2\s+Requeued 1\s+Handling, mean: 4 mins/);
  await button("Show as a table: Agents of your teams").click();
  await page.getByRole("columnheader", { name: "Not ready" }).waitFor();
});

test("rpt_02_of_many_queues_the_busiest_have_a_line_each_and_the_rest_one", async () => {
  node.world.roles = ["agent", "supervisor"];
  node.world.more = ["Returns", "Press", "Orders", "Fairs", "Archive", "Jobs"];
  await start("#/team");
  const plot = page.getByRole("figure").filter({ has: page.getByRole("img", { name: "Waiting mails", exact: true }) });
  await plot.waitFor();
  const legend = (await plot.locator(".legend li").allInnerTexts()).map((text) => text.split("\n")[0]);
  assert.match(legend.join(", "), /^(Sales|Support), Returns, Press, Orders, 4 others$/);
  const kinds = await plot.locator("path.line").evaluateAll((paths) => paths.map((path) => path.getAttribute("class")));
  assert.equal(new Set(kinds).size, kinds.length, "no two lines look alike");
  await check(page, "workspace-team-many");
  await checkDark(page, "workspace-team-many");
  await plot.getByRole("button", { name: "Show as a table: Waiting mails" }).click();
  const table = page.getByRole("group", { name: "Waiting mails" });
  assert.deepEqual((await table.getByRole("columnheader").allInnerTexts()).slice(1).sort(), ["Archive", "Fairs", "Jobs", "Orders", "Press", "Returns", "Sales", "Support"]);
});

test("rte_06_a_supervisor_sees_the_team_gives_contacts_and_changes_skills", async () => {
  node.world.roles = ["agent", "supervisor"];
  await start("#/team");
  await page.getByRole("heading", { level: 1, name: "Team" }).waitFor();
  await page.getByRole("row", { name: /Berta Example/ }).getByText("Talking").waitFor();
  await check(page, "workspace-team");
  await checkDark(page, "workspace-team");
  const asked = (path) => until(() => node.world.asked.find((one) => one.path.includes(path)), path);
  await button("Release Ada Example: About yesterday").click();
  await asked("/release");
  await button("Give to … Ada Example: Order 4711 has not come").click();
  await page.getByLabel("An agent").last().waitFor();
  await check(page, "workspace-give");
  await page.getByRole("dialog").getByRole("button", { name: "Give", exact: true }).click();
  assert.deepEqual((await asked(`${FIRST}/reassign`)).body, { agent: "1002" });
  await button("Change skills: Berta Example").click();
  await page.getByLabel("Orders").fill("9");
  await page.getByLabel("Press").fill("0");
  await button("Save").click();
  assert.deepEqual((await asked("agents/1002/skills")).body, { skills: { Orders: 9 } });
});

test("rte_06_whom_a_contact_is_given_to_is_chosen_by_the_supervisor_alone", async () => {
  node.world.roles = ["agent", "supervisor"];
  await start("#/team");
  const giving = button("Give to … Ada Example: Waiting 6");
  await giving.click();
  const dialog = page.getByRole("dialog");
  const whom = dialog.getByLabel("An agent").last();
  const chosen = () => whom.evaluate((select) => select.selectedOptions[0]?.label ?? "");
  assert.equal(await chosen(), "Cleo Agent (1001)");
  // The first of the list signs out while the dialog is open.
  node.world.away = new Set(["1001"]);
  const give = dialog.getByRole("button", { name: "Give", exact: true });
  await until(async () => await chosen() === "Choose", "nobody is chosen");
  assert.ok(await give.isDisabled(), "nobody is given it by chance");
  await check(page, "workspace-give-nobody");
  await whom.selectOption({ label: "Berta Example (1002)" });
  node.world.away = new Set(["1003", "1001"]);
  await until(async () => await whom.getByText("Dora").count() === 0, "the next round");
  assert.equal(await chosen(), "Berta Example (1002)");
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await until(() => giving.evaluate((one) => one === document.activeElement), "the focus is where it was");
  // Each time that it opens the choice is made anew.
  await giving.click();
  assert.equal(await chosen(), "Berta Example (1002)");
  await give.click();
  const asked = await until(() => node.world.asked.find((one) => one.path.endsWith("/reassign")), "the contact is given");
  assert.deepEqual(asked.body, { agent: "1002" });
});

test("rte_06_a_queue_that_is_gone_says_so_and_takes_no_contact", async () => {
  node.world.roles = ["agent", "supervisor"];
  node.world.gone = ["Archive"];
  await start("#/team");
  const row = page.getByRole("row", { name: /^Archive/ });
  await row.getByRole("rowheader").getByText("No longer in the settings: give these to somebody.").waitFor();
  assert.equal(await row.getByRole("button", { name: /^Change skills/ }).count(), 0);
  assert.equal(await page.getByText("No longer in the settings", { exact: false }).count(), 1);
  await check(page, "workspace-team-gone");
  await checkDark(page, "workspace-team-gone");
  await row.getByRole("button", { name: "Give to … Ada Example: Left behind" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("radio", { name: "A queue" }).check();
  assert.deepEqual(await dialog.getByLabel("A queue").last().locator("option").allInnerTexts(), ["Support", "Sales"]);
});
