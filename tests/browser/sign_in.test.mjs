// Signing in and out, sessions that end, and a network that goes away.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, open, signIn } from "./browser.mjs";
import { golden } from "./golden.mjs";
import { demo, until } from "./node.mjs";
import { check, checkDark } from "./page_checks.mjs";

let browser;
let node;
before(async () => { [browser, node] = await Promise.all([launch(), demo()]); });
after(async () => {
  await browser?.close();
  await node?.stop();
});

const api = (page, method, path, body) => page.evaluate(async ([method, path, body]) => {
  const headers = body ? { "content-type": "application/json" } : {};
  const answer = await fetch(`api/v1${path}`, { method, headers, body: body ? JSON.stringify(body) : null });
  return answer.status;
}, [method, path, body]);

test("byd_08_the_sign_in_page_is_for_everybody", async () => {
  const { page, context, wrong } = await open(browser, node.console);
  await page.getByRole("button", { name: "Sign in" }).waitFor();
  await check(page, "sign-in");
  await checkDark(page, "sign-in");
  await golden(page.locator("#app"), "sign-in");
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("name")), "account");

  await page.getByLabel("Name").fill("admin");
  await page.getByLabel("Password").fill("not it");
  await page.keyboard.press("Enter");
  const alert = page.getByRole("alert");
  await alert.waitFor();
  assert.equal((await alert.textContent()).trim(), "The name or the password is wrong.");
  assert.equal(await page.getByLabel("Name").inputValue(), "admin");
  await check(page, "sign-in-wrong");

  await page.getByLabel("Language").selectOption("de");
  await page.getByRole("button", { name: "Anmelden" }).waitFor();
  await until(() => page.evaluate(() => document.documentElement.lang === "de"), "the language of the page");
  assert.equal((await alert.textContent()).trim(), "Der Name oder das Passwort ist falsch.");
  await golden(page.locator("#app"), "sign-in-wrong-de");
  await page.reload();
  await page.getByRole("button", { name: "Anmelden" }).waitFor();
  assert.deepEqual(wrong, []);
  await context.close();
});

test("byd_08_everything_is_reached_by_keys_and_the_focus_is_seen", async () => {
  const { page, context, wrong } = await open(browser, node.console);
  await page.getByLabel("Name").waitFor();
  await signIn(page);
  await page.getByRole("heading", { level: 1 }).waitFor();
  await page.evaluate(() => document.body.focus());
  await page.keyboard.press("Tab");
  const skip = page.getByRole("link", { name: "Skip to content" });
  assert.ok(await skip.evaluate((link) => link === document.activeElement), "the first stop is the skip link");
  const visible = await skip.evaluate((link) => link.getBoundingClientRect().top >= 0);
  assert.ok(visible, "the skip link is seen when it has the focus");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement?.id), "content");
  // What has the focus is told by an outline of at least two pixels.
  await page.keyboard.press("Tab");
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineWidth);
  assert.ok(parseFloat(outline) >= 2, outline);
  // Another page is read out from its heading.
  await page.getByRole("link", { name: "First steps", exact: true }).click();
  await page.getByRole("heading", { level: 1, name: "First steps" }).waitFor();
  await until(() => page.evaluate(() => document.activeElement?.tagName === "H1"), "the focus on the heading");
  await until(async () => (await page.title()).startsWith("First steps"), "the title of the page");
  // The list of pages opens and closes by keys in a narrow window.
  await page.setViewportSize({ width: 400, height: 800 });
  const menu = page.getByRole("button", { name: "Menu" });
  await menu.press("Enter");
  assert.equal(await menu.getAttribute("aria-expanded"), "true");
  await page.keyboard.press("Escape");
  assert.equal(await menu.getAttribute("aria-expanded"), "false");
  assert.deepEqual(wrong, []);
  await context.close();
});

test("ops_06_a_session_that_ends_loses_nothing_that_was_typed", async () => {
  const { page, context, wrong } = await open(browser, node.console);
  await page.getByLabel("Name").waitFor();
  await signIn(page);
  await page.getByRole("heading", { level: 1 }).waitFor();
  // The session ends elsewhere; the next request meets that.
  assert.equal(await api(page, "DELETE", "/session"), 204);
  const dialog = page.getByRole("dialog", { name: "Please sign in again" });
  await dialog.waitFor();
  await check(page, "session-over");
  await golden(dialog, "session-over");
  await dialog.getByLabel("Password").fill("demo-admin");
  await dialog.getByRole("button", { name: "Sign in" }).click();
  await dialog.waitFor({ state: "hidden" });
  assert.equal(await api(page, "GET", "/session"), 200);
  assert.deepEqual(wrong, []);
  await context.close();
});

test("what_one_person_typed_is_not_done_by_the_next_one_at_the_browser", async () => {
  const { page, context, wrong } = await open(browser, `${node.console}#/account`);
  await page.getByLabel("Name").waitFor();
  await signIn(page);
  const form = page.locator("form", { has: page.getByRole("group", { name: "Roles" }) });
  await form.locator("input").first().fill("not for others");
  await form.getByRole("checkbox").first().check();
  assert.equal(await api(page, "DELETE", "/session"), 204);
  const asked = [];
  page.on("request", (request) => { if (request.url().endsWith("/tokens") && request.method() === "POST") asked.push(request); });
  await form.getByRole("button", { disabled: false }).last().click();
  const dialog = page.getByRole("dialog", { name: "Please sign in again" });
  await dialog.waitFor();
  await until(() => asked.length === 1, "the request that meets the end of the session");
  await dialog.getByLabel("Name").fill("1900");
  await dialog.getByLabel("Password").fill("demo-1900");
  await dialog.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("Signed in as 1900").waitFor();
  assert.equal(asked.length, 1, "nothing of the first person was sent for the second");
  assert.equal(await form.locator("input").first().inputValue(), "");
  // The same where somebody else signs in on another page of the browser.
  const other = await context.newPage();
  await other.goto(node.console);
  await other.getByText("Signed in as 1900").waitFor();
  await other.getByRole("button", { name: "Sign out" }).click();
  await signIn(other);
  await page.bringToFront();
  await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  await page.getByText("Signed in as admin").waitFor();
  assert.deepEqual(wrong, []);
  await context.close();
});

test("a_set_up_link_in_the_address_bar_of_an_open_page_is_taken_and_does_not_stay", async () => {
  const { page, context, wrong } = await open(browser, node.console);
  await page.getByLabel("Name").waitFor();
  await page.evaluate(() => { location.hash = "#set-up=c2VjcmV0LW9mLWEtbGluaw"; });
  await page.getByRole("heading", { name: "Welcome to Jackfield" }).waitFor();
  assert.ok(!page.url().includes("set-up"), page.url());
  assert.ok(!(await page.content()).includes("c2VjcmV0"), "the secret is in no part of the page");
  await page.goBack();
  assert.ok(!page.url().includes("set-up"), page.url());
  assert.deepEqual(wrong, []);
  await context.close();
});

test("ops_06_a_browser_that_goes_offline_says_so_and_comes_back", async () => {
  const { page, context } = await open(browser, node.console);
  await page.getByLabel("Name").waitFor();
  await signIn(page);
  await page.getByRole("heading", { level: 1 }).waitFor();
  await context.setOffline(true);
  await page.getByText("This computer is offline", { exact: false }).waitFor();
  await check(page, "offline");
  await context.setOffline(false);
  await page.getByText("This computer is offline", { exact: false }).waitFor({ state: "hidden" });
  await until(() => api(page, "GET", "/session").then((status) => status === 200, () => false), "an answer after that");
  await context.close();
});

test("ops_06_an_address_that_is_no_page_leads_back", async () => {
  const { page, context, wrong } = await open(browser, `${node.console}#/no/such?page=<img src=x onerror=alert(1)>`);
  await page.getByLabel("Name").waitFor();
  await signIn(page);
  await page.getByRole("heading", { name: "There is no such page" }).waitFor();
  await check(page, "no-such-page");
  await page.getByRole("link", { name: "To the overview" }).click();
  await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  assert.deepEqual(wrong, []);
  await context.close();
});

test("ops_06_signing_out_leaves_nothing", async () => {
  const { page, context, wrong } = await open(browser, node.console);
  await page.getByLabel("Name").waitFor();
  await signIn(page);
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("button", { name: "Sign in" }).waitFor();
  assert.equal(await api(page, "GET", "/session"), 401);
  assert.deepEqual(await page.evaluate(() => Object.keys(localStorage).filter((name) => !/language|theme/.test(name))), []);
  assert.deepEqual(wrong, []);
  await context.close();
});

test("the_first_load_is_small_and_quick", async (context) => {
  const { page, context: own } = await open(browser, "about:blank");
  const sizes = [];
  const client = await own.newCDPSession(page);
  await client.send("Network.enable");
  client.on("Network.loadingFinished", (event) => sizes.push(event.encodedDataLength));
  await page.goto(node.console);
  await page.getByRole("button", { name: "Sign in" }).waitFor();
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  const milliseconds = await page.evaluate(() => performance.getEntriesByType("paint").find((it) => it.name === "first-contentful-paint")?.startTime ?? 0);
  context.diagnostic(`first load: ${bytes} bytes, shown after ${Math.round(milliseconds)} ms`);
  assert.ok(bytes <= 120 * 1024, `${bytes} bytes are more than 120 KB`);
  await own.close();
});
