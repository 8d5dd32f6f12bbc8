// Calls beside mails: an agent takes a line in the workspace, where the node owns voice and where a contact centre does.
//
// ```text
//  With extension --stream opened first, password where the centre judges it--> two states, each changed alone
//  reload --within a minute--> the same session      Sign out --> both are over
// ```

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { launch, open } from "./browser.mjs";
import { demo, until } from "./node.mjs";
import { check, checkDark } from "./page_checks.mjs";

let browser;
let own;
let centre;
const opened = [];
before(async () => {
  [browser, own, centre] = await Promise.all([launch(), demo(), demo({ arguments: ["--cti"] })]);
});
after(async () => {
  await Promise.all(opened.map((one) => one.context.close()));
  await browser?.close();
  await Promise.all([own?.stop(), centre?.stop()]);
});
afterEach(() => {
  for (const one of opened) assert.deepEqual(one.wrong, []);
});

/** An agent before the choice of how to work. */
async function agent(node, id) {
  const one = await open(browser, `${node.console}workspace`);
  opened.push(one);
  const { page } = one;
  page.setDefaultTimeout(20_000);
  await page.getByLabel("Name").fill(id);
  await page.getByLabel("Password").fill(`demo-${id}`);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByRole("radio", { name: /^With extension/ }).check();
  return {
    page,
    button: (name) => page.getByRole("button", { name, exact: true }),
    voice: () => page.getByRole("combobox", { name: "Voice" }),
    mails: () => page.getByRole("combobox", { name: "Email and chat" }),
    me: () => page.evaluate(async () => (await fetch("api/v1/workspace/me")).json()),
  };
}

/** Both states, each on its own; then a reload, and the end. */
async function works(one, shot) {
  const { page, voice, mails, me, button } = one;
  await voice().waitFor();
  assert.equal((await me()).voice.extension, "2001");
  await voice().selectOption({ label: "Ready" });
  await until(async () => (await me()).voice.state === "ready", "the state of voice at the node");
  assert.equal((await me()).desk.state, "not_ready", "mails have a state of their own");
  await mails().selectOption({ label: "Ready" });
  await until(async () => (await me()).desk.state === "ready", "the state of mails at the node");
  const reason = (await voice().getByRole("option").allTextContents()).find((text) => text.startsWith("Not ready: "));
  await voice().selectOption({ label: reason });
  await until(async () => (await me()).voice.state === "not_ready", "the state of voice at the node");
  assert.equal((await me()).desk.state, "ready");
  await check(page, shot);
  await checkDark(page, shot);

  // The browser holds the session: it goes on after a reload.
  await page.reload();
  await voice().waitFor();
  assert.equal((await me()).voice.state, "not_ready");
  await voice().selectOption({ label: "Ready" });
  await until(async () => (await me()).voice.state === "ready", "the state of voice after a reload");

  await button("Sign out").click();
  await page.getByRole("dialog").getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Start work" }).waitFor();
  await until(async () => (await me()).voice === null, "the end of voice");
}

test("dsk_07_an_agent_takes_a_line_in_the_workspace_and_controls_voice_there", async () => {
  const one = await agent(own, "1001");
  assert.equal(await one.page.getByLabel("Password").count(), 0, "the node knows who it is");
  await one.page.getByRole("textbox", { name: "Extension" }).fill("2001");
  await one.button("Start").click();
  await works(one, "voice-own");
});

test("dsk_07_where_a_contact_centre_judges_passwords_the_workspace_asks_for_one", async () => {
  const one = await agent(centre, "1001");
  await one.page.getByRole("textbox", { name: "Extension" }).fill("2001");
  await one.page.getByLabel("Password").fill("hunter2");
  await one.button("Start").click();
  await one.page.getByText("the contact centre's server does not accept it", { exact: true }).waitFor();
  assert.equal((await one.me()).desk, null, "nothing began");
  await one.page.getByLabel("Password").fill("demo-1001");
  await one.button("Start").click();
  await works(one, "voice-centre");
});
