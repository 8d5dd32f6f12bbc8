// From the set-up link of a fresh node to the first agent at a phone, as somebody does who knows nothing yet.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, open } from "./browser.mjs";
import { golden } from "./golden.mjs";
import { fresh } from "./node.mjs";
import { check, checkDark } from "./page_checks.mjs";
import { phone } from "./phone.mjs";

let browser;
let node;
before(async () => { [browser, node] = await Promise.all([launch(), fresh()]); });
after(async () => {
  await browser?.close();
  await node?.stop();
});

test("ops_06_a_newcomer_comes_from_the_set_up_link_to_the_first_phone", async () => {
  const { page, context, wrong } = await open(browser, node.console);
  // Without the link the page says where it is.
  await page.getByText("Nobody administers this node yet", { exact: false }).waitFor();
  await check(page, "set-up-waits");

  await page.goto("about:blank");
  await page.goto(node.link);
  await page.getByRole("heading", { name: "Welcome to Jackfield" }).waitFor();
  assert.ok(!page.url().includes("set-up="), "the secret is not in the address bar any more");
  await check(page, "set-up");
  await checkDark(page, "set-up");
  await golden(page.locator("#app"), "set-up");
  await page.getByLabel("Name").fill("boss");
  await page.getByLabel("New password").fill("correct horse battery");
  await page.getByLabel("The same password again").fill("something else");
  await page.getByRole("button", { name: "Make the administrator" }).click();
  await page.getByText("The two passwords are not the same.").waitFor();
  await page.getByLabel("The same password again").fill("correct horse battery");
  await page.getByRole("button", { name: "Make the administrator" }).click();

  await page.getByRole("heading", { level: 1, name: "First steps" }).waitFor();
  await page.getByLabel("Name of the team").waitFor();
  await check(page, "first-steps-team");
  await checkDark(page, "first-steps-team");
  await golden(page.locator("main"), "first-steps-team");
  await page.getByLabel("Name of the team").fill("Support <b>");
  await page.getByRole("button", { name: "Add the team" }).click();

  const id = page.getByLabel("Agent's number or name");
  await id.fill("10 01");
  await page.getByLabel("How they are called").fill("<img src=x onerror=alert(1)>");
  await page.getByLabel("Extension").fill("2001");
  await page.getByLabel("Password").fill("4711");
  await page.getByRole("button", { name: "Add the agent" }).click();
  // What is wrong is said, and nothing typed is lost.
  await page.getByRole("alert").waitFor();
  assert.equal(await page.getByLabel("Extension").inputValue(), "2001");
  await check(page, "first-steps-agent-wrong");
  await id.fill("1001");
  await page.getByRole("button", { name: "Add the agent" }).click();

  await page.getByLabel("Name of the phone").fill("SEP001122334455");
  await page.getByRole("button", { name: "Add the phone" }).click();
  await page.getByText("Waiting for a sign-in", { exact: false }).waitFor();
  await check(page, "first-steps-sign-in");
  await golden(page.locator("main"), "first-steps-sign-in");

  const desk = phone("SEP001122334455", node.phone);
  try {
    await desk.ready();
    await desk.act({ services: true });
    await desk.act({ type: { id: "1001", extension: "2001", password: "4711" } });
    await desk.act({ press: "SignIn" });
    await page.getByText("All is done: the first agent is signed in.", { exact: false }).waitFor();
    await check(page, "first-steps-done");
  } finally {
    desk.stop();
  }

  // A link is good for one use.
  await page.goto("about:blank");
  await page.goto(node.link);
  await page.getByLabel("Name").fill("second");
  await page.getByLabel("New password").fill("correct horse battery");
  await page.getByLabel("The same password again").fill("correct horse battery");
  await page.getByRole("button", { name: "Make the administrator" }).click();
  await page.getByText("This link was used or is too old", { exact: false }).waitFor();
  await check(page, "set-up-over");
  assert.deepEqual(wrong, []);
  await context.close();
});
