// The accessible trees of the workspace's main states, before a made-up node: what a screen reader is given.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { launch, open } from "./browser.mjs";
import { golden } from "./golden.mjs";
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

async function start(hash = "") {
  ({ page, context, wrong } = await open(browser, "about:blank"));
  await context.addInitScript(() => { if (window.top === window) localStorage.setItem("jackfield.workspace.alerts", "off"); });
  await page.goto(`${node.address}${hash}`);
}
const button = (name) => page.getByRole("button", { name, exact: true });
const title = (name) => page.getByRole("heading", { level: 1, name, exact: true }).waitFor();
const dialog = () => page.getByRole("dialog");

test("byd_08_a_screen_reader_is_given_what_begins_and_ends_the_work", async () => {
  node.world.signedIn = null;
  node.world.desk = null;
  await start();
  await button("Sign in").waitFor();
  await golden(page.locator("#app"), "workspace-signed-out");
  await page.getByLabel("Name").fill("cleo");
  await page.getByLabel("Password").fill("secret");
  await button("Sign in").click();
  await title("Start work");
  await golden(page.locator("#app"), "workspace-start");
});

test("byd_08_a_screen_reader_is_given_an_empty_desk", async () => {
  node.world.all.clear();
  node.world.waiting = {};
  await start();
  await page.getByRole("region", { name: "Today" }).waitFor();
  await page.getByRole("main").getByText("You are ready", { exact: false }).waitFor();
  await golden(page.locator("#app"), "workspace-desk-empty");
  await button("Keys and help").click();
  await golden(dialog(), "workspace-help");
});

test("byd_08_a_screen_reader_is_given_a_contact_its_answer_and_its_dialogs", async () => {
  await start(`#/contacts/${FIRST}`);
  await title("Order 4711 has not come");
  await page.getByRole("region", { name: "Today" }).waitFor();
  await page.frameLocator("iframe").getByText("my order has", { exact: false }).waitFor();
  await golden(page.locator("#app"), "workspace-contact");
  await button("Requeue").click();
  await golden(dialog(), "workspace-requeue");
  await page.keyboard.press("Escape");
  await button("Wrap-up (0 of 5)").click();
  await dialog().getByRole("checkbox", { name: "Lost" }).check();
  await dialog().getByText("1 of at most 5 chosen").waitFor();
  await golden(dialog(), "workspace-wrap-up");
  await page.keyboard.press("Escape");
  await button("Reply").click();
  await page.getByText(/^Saved /).waitFor();
  await golden(page.getByRole("region", { name: "Reply", exact: true }), "workspace-reply");
});

test("byd_08_a_screen_reader_is_given_the_team", async () => {
  node.world.roles = ["agent", "supervisor"];
  node.world.gone = ["Archive"];
  node.world.endsAt = "2026-11-12T08:00:00Z";
  await start("#/team");
  await page.getByText("9 waiting, 2 in hand").waitFor();
  await golden(page.getByRole("main"), "workspace-team");
});
