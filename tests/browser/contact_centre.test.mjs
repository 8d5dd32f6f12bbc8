// What somebody sees who leads or runs the contact centre: the overview, agents, phones, headsets and CTI,
// against a node where that is enough and made-up answers where a state is hard to have at will.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { launch, open, overflows, shot, signIn } from "./browser.mjs";
import { golden } from "./golden.mjs";
import * as made from "./made_up.mjs";
import { demo, until } from "./node.mjs";
import { check, checkDark } from "./page_checks.mjs";
import { phone } from "./phone.mjs";

let browser;
let node;
let page;
let context;
let wrong;

before(async () => {
  [browser, node] = await Promise.all([launch(), demo({ arguments: ["--cti"] })]);
  ({ page, context, wrong } = await open(browser, node.console));
  page.on("dialog", (dialog) => { wrong.push(`a text was run: ${dialog.message()}`); void dialog.dismiss(); });
  await signIn(page);
});
after(async () => {
  await browser?.close();
  await node?.stop();
});
beforeEach(async () => {
  // The news of the node do not mix with what is made up.
  await page.route(/\/api\/v1\/events/, (route) => route.fulfill({ contentType: "text/event-stream", body: "retry: 600000\n\n" }));
  await made.answer(page, "/history", made.history);
});
afterEach(async () => {
  await page.unrouteAll({ behavior: "ignoreErrors" });
  assert.equal(await page.locator("main img").count(), 0, "no text became markup");
  assert.deepEqual(wrong, []);
});

/** Opens a page of the console as if it were opened anew. */
async function go(hash, heading) {
  await page.goto("about:blank");
  await page.goto(`${node.console}${hash}`);
  await page.getByRole("heading", { level: 1, name: heading, exact: true }).waitFor();
}

const main = () => page.locator("main .page").first();
/** Compares the page when all of it has come. */
async function tree(name) {
  await page.waitForLoadState("networkidle");
  await golden(main(), name);
}

const region = (name) => page.getByRole("region", { name, exact: true });

const AMISS = [
  made.part("node", "ok", { name: "gw-1" }), made.part("store"), made.part("clock"),
  made.part("maintenance", "partial", { code: "maintenance_on", reason: "sign-ins are refused here while maintenance is on; end it when you are done" }),
  made.part("settings_file", "off", { code: "settings_without_file", reason: "no file rules the settings: they are changed here and by programs" }),
  made.part("surface", "ok", { name: "phone" }), made.part("listener", "ok", { name: "console" }),
  made.part("certificate", "ok", { name: `trust/${made.MARKUP}` }),
  made.part("cti_pair", "missing", {
    name: "east", page: "#/cti", code: "cti_down", arguments: { why: made.MARKUP },
    reason: `neither side of the pair serves us, so its agents' states are not known: ${made.MARKUP}. Test both sides`,
  }),
  made.part("registrations", "partial", { page: "#/devices", code: "registrations_amiss", arguments: { missing: 3, all: 120 }, reason: "3 of 120 phones that are to register here are not registered; see that they are there" }),
  made.part("syslog", "off", { code: "syslog_none", reason: "no syslog receiver is set: the log stays on this machine" }),
  made.part("something_new", "unknown", { code: "something_new", reason: "a newer node says more than this page knows" }),
];

test("ccp_01_the_overview_says_what_needs_a_look_and_why", async () => {
  await made.answer(page, "/overview", made.overview(AMISS));
  await go("#/", "Overview");
  await region("What needs a look").waitFor();
  // The worst stands first.
  const first = region("What needs a look").getByRole("row").nth(1);
  assert.match(await first.innerText(), /CTI pair east.*Does not work/s);
  await region("The last hour").getByRole("button", { name: "Show as a table: Activity" }).click();
  await page.getByRole("columnheader", { name: "Requests a second" }).waitFor();
  await check(page, "overview-amiss");
  await page.getByRole("button", { name: "Show as a table: Activity" }).click();
  await checkDark(page, "overview-amiss");
  await tree("overview-amiss");
  await page.getByRole("link", { name: "CTI pair east" }).first().click();
  await page.getByRole("heading", { level: 1, name: "CTI" }).waitFor();
});

test("ccp_01_the_overview_is_calm_where_all_is_well_and_says_when_it_cannot_be_had", async () => {
  await made.answer(page, "/overview", made.overview(AMISS.filter((part) => part.state === "ok"), { nodes: [] }));
  await go("#/", "Overview");
  await page.getByText("Everything works.").waitFor();
  assert.equal(await region("What needs a look").count(), 0);
  await check(page, "overview-well");
  await made.answer(page, "/overview", made.problem(503, "unavailable", "the store does not answer"), 503);
  await go("#/", "Overview");
  await page.getByRole("alert").getByText("the store does not answer").waitFor();
  await check(page, "overview-error");
  await made.answer(page, "/overview", made.overview([]));
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByText("Everything works.").waitFor();
});

test("ccp_01_every_reason_of_the_node_is_told_in_german", () => {
  const described = JSON.parse(readFileSync(new URL("../../schemas/openapi.json", import.meta.url), "utf8"));
  const { code, part } = described.components.schemas.Part.properties;
  const choices = (schema) => (schema.enum ?? schema.anyOf?.find((it) => it.enum)?.enum ?? []).filter((it) => it !== null);
  const source = (file) => readFileSync(new URL(`../../gateway/web/src/console/pages/overview/${file}`, import.meta.url), "utf8");
  const [reasons, names] = [source("reasons.ts"), source("names.ts")];
  const codes = choices(code);
  assert.ok(codes.length > 30, "the description names the codes");
  assert.deepEqual(codes.filter((it) => !new RegExp(`^    ${it}: `, "m").test(reasons)), []);
  assert.deepEqual(choices(part).filter((it) => (names.match(new RegExp(`\\b${it}: "`, "g")) ?? []).length < 2), []);
});

test("agents_are_listed_by_team_state_and_text_and_the_address_keeps_it", async () => {
  const agents = Array.from({ length: 27 }, (_, number) => made.agent(number));
  await made.answer(page, "/team-states", (url) => {
    const team = url.searchParams.get("team");
    return made.pageOf(agents.filter((it) => !team || it.team === team), url);
  });
  await go("#/agents", "Agents");
  await page.getByText("27 in all").waitFor();
  await check(page, "agents");
  await checkDark(page, "agents");
  await tree("agents");
  await page.getByLabel("Team", { exact: true }).selectOption("Sales");
  await page.getByText("13 in all").waitFor();
  await region("Agents by state").getByRole("button", { name: /Not ready/ }).click();
  await page.getByText("2 in all").waitFor();
  assert.match(page.url(), /team=Sales/);
  await page.getByLabel("Search").fill("10019");
  await page.getByText("1 in all").waitFor();
  await page.reload();
  await page.getByText("1 in all").waitFor();
  assert.equal(await page.getByLabel("Search").inputValue(), "10019");
  await page.getByLabel("Search").fill("nobody is called so");
  await page.getByText("No agent is like that").waitFor();
  await check(page, "agents-none-found");
  await page.getByRole("button", { name: "Show all" }).click();
  await page.getByText("13 in all").waitFor();
});

/** In the page: news of 1,000 agents twice a second, and what each task of the page took beyond 50 ms. */
function busyContactCentre() {
  globalThis.longMilliseconds = [];
  new PerformanceObserver((list) => { for (const entry of list.getEntries()) globalThis.longMilliseconds.push(Math.round(entry.duration)); })
    .observe({ type: "longtask" });
  globalThis.EventSource = class extends EventTarget {
    static CLOSED = 2;
    readyState = 1;
    constructor(address) {
      super();
      if (!new URL(address, location.href).searchParams.get("topics").includes("states")) return;
      let round = 0;
      this.timer = setInterval(() => {
        round += 1;
        const agents = Array.from({ length: 1_000 }, (_, place) => {
          const number = (round * 997 + place * 23) % 24_000;
          const agent = { agent: String(10_000 + number), name: `Agent ${10_000 + number}`, team: "Sales", state: "held", reason: null, pending: null };
          return { ...agent, since: new Date().toISOString(), not_known_since: null, extension: "2", device: null, call: null };
        });
        this.dispatchEvent(new MessageEvent("states", { data: JSON.stringify({ agents }) }));
      }, 500);
    }
    close() { clearInterval(this.timer); this.readyState = 2; }
  };
}

test("24_000_agents_are_listed_as_40_are_while_1_000_of_them_change_again_and_again", async () => {
  const agents = Array.from({ length: 24_000 }, (_, number) => made.agent(number));
  const other = await open(browser, "about:blank", { storageState: await context.storageState() });
  const busy = other.page;
  try {
    await busy.addInitScript(busyContactCentre);
    await made.answer(busy, "/team-states", (url) => made.pageOf(agents, url));
    await made.answer(busy, "/history", made.history);
    const began = Date.now();
    await busy.goto(`${node.console}#/agents`);
    await busy.getByText("24,000 in all").waitFor();
    const listed = Date.now() - began;
    const table = busy.getByRole("table", { name: "Agents" });
    assert.ok(await table.getByRole("row").count() < 60, "only what is seen is drawn");
    await busy.getByRole("button", { name: "Name", exact: true }).click();
    await busy.getByRole("button", { name: /^[\d,]+ On hold$/ }).filter({ hasNotText: /^2,66\d/ }).waitFor();
    await table.getByRole("rowgroup").nth(1).evaluate((element) => { element.scrollTop = element.scrollHeight; });
    await table.getByRole("rowheader", { name: "33999" }).waitFor();
    await busy.getByLabel("Search").fill("agent 33998");
    await busy.getByText("1 in all").waitFor();
    const long = await busy.evaluate(() => globalThis.longMilliseconds);
    console.log(`24,000 agents: listed after ${listed} ms; tasks longer than 50 ms: ${long.join(", ") || "none"}`);
    assert.deepEqual(other.wrong, []);
  } finally {
    await other.context.close();
  }
});

test("agents_that_cannot_be_had_or_are_not_there_say_what_to_do", async () => {
  await made.answer(page, "/team-states", { items: [], next: null, total: 0 });
  await go("#/agents", "Agents");
  await page.getByText("There are no agents yet").waitFor();
  await check(page, "agents-empty");
  await tree("agents-empty");
  await made.answer(page, "/team-states", made.problem(503, "unavailable", "the store does not answer"), 503);
  await go("#/agents", "Agents");
  await page.getByRole("alert").getByText("the store does not answer").waitFor();
  await check(page, "agents-error");
  await made.answer(page, "/agents/4711/state", made.problem(404, "agent_unknown", "there is no such agent"), 404);
  await go("#/agents/4711", "There is no agent 4711");
  await check(page, "agent-unknown");
});

test("byd_03_an_agent_is_shown_with_the_phone_and_the_origin_of_each_state", async () => {
  await made.answer(page, "/agents/10001/state", made.agent(1));
  await made.answer(page, "/agents/10001/phone", made.agentPhone());
  await go("#/agents/10001", "Agent 10001 (10001)");
  const phone = page.getByRole("region", { name: "What the phone shows: SEP000000000001" });
  await phone.getByText("Reason: Lunch", { exact: false }).waitFor();
  assert.deepEqual(await phone.getByRole("list", { name: "Soft keys" }).getByRole("listitem").allInnerTexts(), ["Ready", "NotReady", "SignOut", "Refresh"]);
  await check(page, "agent");
  await checkDark(page, "agent");
  await tree("agent");
});

test("byd_03_an_agent_without_a_phone_says_so", async () => {
  await made.answer(page, "/agents/10004/state", made.agent(4));
  await made.answer(page, "/agents/10004/phone", made.agentPhone({ agent: "10004", device: null, device_model: null, channel: false, page: null, shown_at: null, screen: null, states: [] }));
  await go("#/agents/10004", "Agent 10004 (10004)");
  await page.getByText("This agent is signed in nowhere", { exact: false }).waitFor();
  await check(page, "agent-signed-out");
  await tree("agent-signed-out");
});

test("an_agent_is_set_not_ready_with_a_reason_and_signed_out_after_a_question", async () => {
  const asked = [];
  let refusal = null;
  await made.answer(page, "/agents/10000/phone", made.agentPhone());
  await made.answer(page, "/reason-codes", { items: [
    { category: "not_ready", code: 12, label: made.MARKUP }, { category: "not_ready", code: 14, label: "Visit", teams: ["Sales"] },
    { category: "sign_out", code: 41, label: "End of shift" },
  ], next: null, total: 3 });
  await page.route(/\/agents\/10000\/state$/, (route) => {
    const request = route.request();
    if (request.method() === "PUT") asked.push(request.postDataJSON());
    const isRefused = request.method() === "PUT" && refusal;
    return route.fulfill({
      status: isRefused ? 409 : 200, contentType: "application/json",
      body: JSON.stringify(isRefused ? refusal : made.agent(0, { name: "Ada", state: asked.at(-1)?.state ?? "ready", team: "Support" })),
    });
  });
  await go("#/agents/10000", "Ada (10000)");
  const reason = page.getByLabel("Reason for not ready");
  assert.deepEqual(await reason.getByRole("option").allInnerTexts(), ["Without a reason", `${made.MARKUP} (12)`], "reasons of other teams are not offered");
  await reason.selectOption("12");
  await page.getByRole("button", { name: "Set not ready" }).click();
  await page.getByText("The state is now: Not ready.", { exact: false }).waitFor();
  assert.deepEqual(asked.at(-1), { state: "not_ready", reason_code: 12 });

  const signOut = region("Change the state").getByRole("button", { name: "Sign out" });
  await signOut.focus();
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "Sign Ada (10000) out?" });
  await dialog.waitFor();
  await check(page, "agent-sign-out");
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  assert.ok(await signOut.evaluate((button) => button === document.activeElement), "the focus goes back");
  assert.equal(asked.length, 1, "nothing was done");
  refusal = made.problem(409, "call_in_progress", "a call is in progress");
  await signOut.click();
  await dialog.getByLabel("Reason for signing out").selectOption("41");
  await dialog.getByRole("button", { name: "Sign out" }).click();
  await page.getByText("The agent is on a call. Wait until it is over.").waitFor();
  assert.deepEqual(asked.at(-1), { state: "signed_out", reason_code: 41 });
  await check(page, "agent-refused");
});

test("phones_are_listed_found_and_tested", async () => {
  const devices = Array.from({ length: 12 }, (_, number) => made.device(number));
  await made.answer(page, "/overview", made.overview([]));
  await made.answer(page, "/devices-status", (url) => made.pageOf(devices.filter((it) => it.device.includes(url.searchParams.get("q") ?? "")), url));
  await made.answer(page, "/headsets", (url) => made.pageOf([made.headset(0, { device: "SEP000000000001" })], url));
  await made.answer(page, "/headset-phones", { items: [made.headsetPhone(1, { device: "SEP000000000001" })], next: null });
  await go("#/devices", "Devices");
  await page.getByText("12 in all").waitFor();
  await check(page, "devices");
  await tree("devices");
  await page.getByLabel("Which").selectOption({ label: "Where something is wrong" });
  await page.getByText("8 in all").waitFor();
  await page.getByRole("link", { name: "SEP000000000001" }).click();
  await page.getByRole("heading", { level: 1, name: "SEP000000000001" }).waitFor();
  await page.getByText("The last push failed", { exact: false }).waitFor();
  await made.answer(page, "/probes", {
    peer: "phone SEP000000000001", verdict: "partial",
    steps: [{ what: "address", outcome: "ok", words: "192.0.2.10", milliseconds: 2 }, { what: "push", outcome: "failed", words: made.MARKUP, milliseconds: 1_204 }],
  });
  await page.getByRole("button", { name: "Test pushes to the phone" }).click();
  await page.getByText("The test went well in part").waitFor();
  await check(page, "device");
  await tree("device");
  await made.answer(page, "/devices-status", { items: [], next: null, total: 0 });
  await go("#/devices", "Devices");
  await page.getByText("There are no phones yet").waitFor();
  await check(page, "devices-empty");
  await go("#/devices/SEP000000000009", "There is no device SEP000000000009");
});

test("headsets_are_an_inventory_that_can_be_saved", async () => {
  await made.answer(page, "/headset", { mode: "notification_and_control" });
  await made.answer(page, "/headsets", (url) => made.pageOf(Array.from({ length: 5 }, (_, number) => made.headset(number)), url));
  await made.answer(page, "/headset-phones", (url) => made.pageOf([0, 1, 2].map((number) => made.headsetPhone(number)), url));
  await made.answer(page, "/headset-unknown-requests", { items: [{ at: "2026-01-31T08:00:00Z", count: 3, method: "POST", target: "/x?y=***", headers: [{ name: "content-type", value: "text/xml" }], body: made.MARKUP }], next: null });
  await go("#/headsets", "Headsets");
  await page.getByText("5 in all").waitFor();
  await page.getByText("3 times", { exact: false }).click();
  await check(page, "headsets");
  await tree("headsets");
  await page.route(/\/headsets\.csv/, (route) => route.fulfill({ contentType: "text/csv", body: "serial\n" }));
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Save as a table (CSV)" }).click();
  assert.equal((await download).suggestedFilename(), "headsets.csv");
  await page.getByLabel("Which").selectOption("too_many");
  await page.getByText("1 in all").waitFor();
  await made.answer(page, "/headset", { mode: "disabled" });
  await made.answer(page, "/headsets", { items: [], next: null });
  await made.answer(page, "/headset-phones", { items: [], next: null });
  await made.answer(page, "/headset-unknown-requests", { items: [], next: null });
  await go("#/headsets", "Headsets");
  await page.getByText("Headset integration is off.", { exact: false }).waitFor();
  await page.getByText("No phone has reported a headset yet").waitFor();
  await check(page, "headsets-empty");
  await tree("headsets-empty");
});

test("a_pair_of_contact_centre_servers_says_what_is_wrong_and_what_to_do", async () => {
  const away = made.ctiPair("west", {
    state: "missing", code: "cti_down", reason: "neither side of the pair serves us, so its agents' states are not known", unknown_agents: 40,
    sides: [{ side: "a", host: "cti-a.example", port: 42027, state: "down" }], changes: [],
  });
  await made.answer(page, "/cti-status", { pairs: [made.ctiPair("east"), away] });
  await go("#/cti", "CTI");
  await region("Pair west").getByRole("heading", { name: "What to do" }).waitFor();
  await check(page, "cti");
  await checkDark(page, "cti");
  await tree("cti");
  await made.answer(page, "/cti-status", { pairs: [] });
  await go("#/cti", "CTI");
  await page.getByText("No contact-centre server is configured").waitFor();
  await check(page, "cti-empty");
  await tree("cti-empty");
});

/** Words that German has not. */
const ENGLISH = /\b(the|and|of|with|not|since|state|states|phone|phones|sides|what|agents|by|is|are)\b/gi;

test("all_of_it_is_told_in_german", async () => {
  await page.evaluate(() => localStorage.setItem("jackfield.language", "de"));
  await made.answer(page, "/overview", made.overview(AMISS.filter((part) => part.part !== "something_new")));
  await made.answer(page, "/team-states", (url) => made.pageOf(Array.from({ length: 9 }, (_, number) => made.agent(number)), url));
  await made.answer(page, "/agents/10001/state", made.agent(1));
  await made.answer(page, "/agents/10001/phone", made.agentPhone({ page: null }));
  await made.answer(page, "/devices-status", (url) => made.pageOf([0, 1, 2, 3].map((number) => made.device(number, { description: "Empfang" })), url));
  await made.answer(page, "/headsets", (url) => made.pageOf([0, 1, 2].map((number) => made.headset(number)), url));
  await made.answer(page, "/headset-phones", (url) => made.pageOf([0, 1, 2].map((number) => made.headsetPhone(number)), url));
  await made.answer(page, "/cti-status", { pairs: [made.ctiPair("east", { state: "missing", code: "cti_down", reason: "neither side" })] });
  try {
    for (const [hash, heading, name] of [
      ["#/", "Übersicht", "overview"], ["#/agents", "Agenten", "agents"], ["#/agents/10001", "Agent 10001 (10001)", "agent"], ["#/devices", "Geräte", "devices"],
      ["#/devices/SEP000000000000", "SEP000000000000", "device"], ["#/headsets", "Headsets", "headsets"], ["#/cti", "CTI", "cti"],
    ]) {
      await go(hash, heading);
      await page.waitForLoadState("networkidle");
      const text = await main().innerText();
      assert.deepEqual(text.match(ENGLISH) ?? [], [], `${hash} in German: ${text}`);
      // German words are long.
      await page.setViewportSize({ width: 320, height: 800 });
      assert.equal(await overflows(page), false, `${hash} in German: wider than 320 pixels`);
      await page.setViewportSize({ width: 1280, height: 900 });
      await shot(page, `${name}-de`);
    }
  } finally {
    await page.evaluate(() => localStorage.removeItem("jackfield.language"));
  }
});

test("byd_03_a_sign_in_at_a_phone_shows_by_itself_with_the_phone_and_its_origin", async () => {
  if (!process.env.JACKFIELD_PEERS_BIN) {
    console.log("left out: JACKFIELD_PEERS_BIN names no program with phones");
    return;
  }
  await page.unrouteAll({ behavior: "ignoreErrors" });
  await go("#/agents", "Agents");
  const row = page.getByRole("row", { name: /^1002 / });
  await row.getByText("Signed out").waitFor();
  const url = await page.evaluate(() => fetch("api/v1/status").then((answer) => answer.json()).then((told) => told.phone_url));
  const desk = phone("SEP001122334466", url);
  try {
    await desk.ready();
    await desk.act({ services: true });
    await desk.act({ type: { id: "1002", extension: "2002", password: "demo-1002" } });
    await desk.act({ press: "SignIn" });
    await row.getByText("Not ready").waitFor();
    await row.getByText("SEP001122334466").waitFor();
    await row.getByRole("link", { name: "1002" }).click();
    await page.getByRole("heading", { level: 1, name: "Agent 1002 (1002)" }).waitFor();
    const screen = page.getByRole("region", { name: "What the phone shows: SEP001122334466" });
    await screen.getByRole("listitem").filter({ hasText: "SignOut" }).waitFor();
    await region("Where each state came from").getByRole("row", { name: /^Sign-in .* The phone / }).waitFor();
    await check(page, "agent-real");
    await region("Change the state").getByRole("button", { name: "Set ready" }).click();
    await page.getByText("The state is now: Ready.", { exact: false }).waitFor();
    await screen.getByText("State: Ready", { exact: false }).waitFor();
    await region("Change the state").getByRole("button", { name: "Set not ready" }).click();
    await page.getByText("The state is now: Not ready.", { exact: false }).waitFor();
    await region("Change the state").getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Sign out" }).click();
    await page.getByText("This agent is signed out.", { exact: false }).waitFor();
  } finally {
    desk.stop();
  }
});

test("what_a_node_says_of_itself_fits_the_pages", async () => {
  await page.unrouteAll({ behavior: "ignoreErrors" });
  await go("#/", "Overview");
  await region("Parts of this node").getByText("Phone service").waitFor();
  await region("The last hour").getByRole("img", { name: "Agents by state" }).waitFor();
  await check(page, "overview-real");
  await go("#/devices", "Devices");
  await page.getByRole("link", { name: "SEP001122334455" }).click();
  await page.getByRole("button", { name: "Test SIP to the phone" }).click();
  await page.getByText("The test failed").waitFor();
  await check(page, "device-real");
  await go("#/cti", "CTI");
  await region("Pair demo").getByText("Side A serves this pair.").waitFor();
  await page.getByRole("button", { name: "Test both sides of demo" }).click();
  await page.getByText("The test went well").waitFor();
  await region("Pair demo").getByRole("cell", { name: "Serves" }).first().waitFor();
  await check(page, "cti-real");
  await go("#/headsets", "Headsets");
  await page.getByText("No phone has reported a headset yet").waitFor();
});

test("a_supervisor_sees_the_own_team_alone", async () => {
  await page.unrouteAll({ behavior: "ignoreErrors" });
  const other = await open(browser, node.console);
  try {
    await signIn(other.page, "1900", "demo-1900");
    await other.page.getByRole("link", { name: "Agents", exact: true }).click();
    await other.page.getByRole("rowheader", { name: "1001" }).waitFor();
    assert.equal(await other.page.getByRole("rowheader", { name: "1003" }).count(), 0, "of another team");
    assert.equal(await other.page.getByRole("link", { name: "Headsets", exact: true }).count(), 0, "for administrators");
    await until(async () => (await other.page.getByText("3 in all").count()) === 1, "three agents");
    assert.deepEqual(other.wrong, []);
  } finally {
    await other.context.close();
  }
});
