// Settings as files and tables: the plan first, wrong files, what is removed, and what is put in force.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { launch, open, signIn } from "./browser.mjs";
import { golden } from "./golden.mjs";
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
const file = (text, name = "settings.yaml") => ({ name, mimeType: "application/octet-stream", buffer: Buffer.from(text) });

test("byd_05_a_settings_file_is_planned_before_it_is_put_in_force", async () => {
  const { page, context, wrong } = await open(browser, node.console);
  await signIn(page);
  await goTo(page, "settings-file");
  await page.getByRole("heading", { name: "Put a file in force" }).waitFor();
  await check(page, "settings-file");

  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Save as file" }).click();
  const saved = readFileSync(await (await download).path(), "utf8");
  assert.match(saved, /^agents:$/m);
  assert.match(saved, /"password_hash":"\(set\)"/);

  const choose = page.getByLabel("Choose a settings file");
  // Secrets are masked in what is saved here, and that is said.
  await choose.setInputFiles(file(saved));
  await page.getByText("The file has (set) in place of secrets", { exact: false }).waitFor();
  await choose.setInputFiles(file("teams: [{name: A, wrap_up_seconds: 99999}]\nbogus: <b>1</b>\n"));
  await page.getByText("settings.yaml is not taken; 2 things are wrong with it", { exact: false }).waitFor();
  await page.getByRole("alert").getByText("teams[0].wrap_up_seconds").waitFor();
  await check(page, "settings-file-wrong");
  await golden(page.locator("main"), "settings-file-wrong");
  await choose.setInputFiles(file("{"));
  await page.getByText("unclosed bracket", { exact: false }).waitFor();
  await choose.setInputFiles({ name: "backup.tar", mimeType: "application/x-tar", buffer: Buffer.from([0x1f, 0x8b, 0, 0xff, 0xfe]) });
  await page.getByText("is no text in UTF-8", { exact: false }).waitFor();
  await check(page, "settings-file-archive");

  // A file that removes nearly all, and the last administrator with it.
  await choose.setInputFiles(file("teams:\n  - name: Sales\n    wrap_up_seconds: 7\n  - name: <img src=x onerror=alert(1)>\nvoice:\n  wrap_up_seconds: 5\n"));
  await page.getByRole("heading", { name: "Plan" }).waitFor();
  await page.getByText("entries are removed.", { exact: false }).waitFor();
  await page.getByText("Agents: 1001").waitFor();
  await page.getByText("Teams: <img src=x onerror=alert(1)>").waitFor();
  await check(page, "settings-file-plan");
  await checkDark(page, "settings-file-plan");
  await golden(page.getByRole("region", { name: "Plan" }), "settings-file-plan");
  await page.getByRole("button", { name: "Put in force" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("Put this plan in force?").waitFor();
  await check(page, "settings-file-apply");
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  await page.waitForFunction(() => document.activeElement?.textContent === "Put in force");
  await page.keyboard.press("Enter");
  await dialog.getByRole("button", { name: "Put in force" }).click();
  await page.getByRole("alert").getByText("administrator", { exact: false }).first().waitFor();
  assert.equal(await page.evaluate(async () => (await (await fetch("api/v1/agents")).json()).total), 4);
  assert.deepEqual(wrong, []);
  await context.close();
});

test("a_table_is_taken_over_after_its_plan_was_seen", async () => {
  const { page, context, wrong } = await open(browser, node.console);
  await signIn(page);
  await goTo(page, "settings-file?way=table");
  const show = page.getByRole("button", { name: "Show the plan" });
  await page.getByLabel("Rows").fill("id,name,team\n,Ada,Sales\n");
  await show.click();
  await page.getByRole("alert").getByText("line 2, column id: is empty", { exact: false }).waitFor();
  await check(page, "settings-table-wrong");
  assert.match(await page.getByLabel("Rows").inputValue(), /Ada/);

  await page.getByLabel("What the table holds").selectOption("teams");
  await page.getByLabel("Choose a table").setInputFiles(file("name,wrap_up_seconds\nEvening,15\n", "teams.csv"));
  await show.click();
  await page.getByText("Teams: Evening").waitFor();
  await check(page, "settings-table-plan");
  // Somebody adds the team meanwhile: the plan that was seen is not what would happen now.
  const put = (body) => page.evaluate(async (body) => (await fetch("api/v1/teams/Evening", { method: "PUT", headers: { "content-type": "application/json" }, body })).status, JSON.stringify(body));
  assert.equal(await put({ wrap_up_seconds: 1 }), 201);
  const dialog = page.getByRole("dialog");
  await page.getByRole("button", { name: "Put in force" }).click();
  await dialog.getByRole("button", { name: "Put in force" }).click();
  await page.getByText("The settings have changed since you looked", { exact: false }).waitFor();
  await page.getByRole("button", { name: "Put in force" }).click();
  await dialog.getByRole("button", { name: "Put in force" }).click();
  await page.getByText("In force on every node.").waitFor();
  assert.equal(await page.evaluate(async () => (await (await fetch("api/v1/teams/Evening")).json()).wrap_up_seconds), 15);
  await show.click();
  await page.getByText("Nothing would change: everything is so already.").waitFor();
  await check(page, "settings-table-same");

  await page.getByRole("button", { name: "Finesse server" }).click();
  await page.getByLabel("Address").fill("https://127.0.0.1:1/");
  await page.getByLabel("Administrator there").fill("admin");
  await page.getByLabel("Password").fill("nothing");
  await show.click();
  await page.getByRole("alert").getByText("must hold the certificate of the authority", { exact: false }).waitFor();
  await check(page, "settings-finesse-refused");
  assert.equal(await page.evaluate(async () => (await fetch("api/v1/teams/Evening", { method: "DELETE" })).status), 200);
  assert.deepEqual(wrong, []);
  await context.close();
});
