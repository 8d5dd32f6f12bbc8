// Signing on once for all applications: the way in, its refusals, and a session that ends in the middle.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, open, signIn } from "./browser.mjs";
import { golden } from "./golden.mjs";
import { answer, MARKUP } from "./made_up.mjs";
import { demo, until } from "./node.mjs";
import { check, checkDark } from "./page_checks.mjs";

let browser;
let node;
before(async () => { [browser, node] = await Promise.all([launch(), demo()]); });
after(async () => {
  await browser?.close();
  await node?.stop();
});

const MODE = { mode: "local", message: null, set_up: false, single_sign_on: true, local_sign_in: true };

/** Stands for the node where single sign-on begins: the browser would go on to the identity provider. */
async function beginning(context, asked) {
  await context.route(/\/api\/v1\/sign-on\/single\?/, (route) => {
    asked.push(new URL(route.request().url()).searchParams);
    return route.fulfill({ contentType: "text/html", body: "<!doctype html><title>Identity provider</title><p>Sign on</p>" });
  });
}

/** A page of somebody who is not signed in, where single sign-on is on. */
async function signedOut(hash = "", mode = MODE) {
  const own = await open(browser, "about:blank");
  await answer(own.page, "/sign-on", mode);
  await own.page.goto(`${node.console}${hash}`);
  await own.page.getByText("Local account", { exact: true }).waitFor();
  return own;
}

test("ids_11_the_sign_in_page_offers_single_sign_on_and_local_accounts_keep_their_way", async () => {
  const { page, context, wrong } = await signedOut("#/about?x=1");
  const asked = [];
  await beginning(context, asked);
  await check(page, "sign-on");
  await checkDark(page, "sign-on");
  await golden(page.locator("#app"), "sign-on");
  // Where somebody wanted to go is where the way comes back to.
  await page.getByRole("link", { name: "Sign on with single sign-on" }).click();
  await page.getByText("Sign on", { exact: true }).waitFor();
  assert.deepEqual(asked.map((it) => [...it]), [[["return", "#/about?x=1"]]]);
  await page.goBack();
  assert.equal(await page.getByLabel("Password").isVisible(), false);
  await page.getByText("Local account", { exact: true }).click();
  await check(page, "sign-on-local");
  await signIn(page);
  await page.getByRole("heading", { level: 1, name: "About" }).waitFor();
  assert.deepEqual(wrong, []);
  await context.close();
});

test("ids_11_a_message_is_read_before_single_sign_on_too", async () => {
  const { page, context, wrong } = await signedOut("", { ...MODE, message: `For staff only ${MARKUP}` });
  assert.ok(await page.getByRole("button", { name: "Sign on with single sign-on" }).isDisabled());
  await page.getByLabel("I have read this").check();
  const link = page.getByRole("link", { name: "Sign on with single sign-on" });
  await link.waitFor();
  assert.match(await link.getAttribute("href"), /acknowledged=true/);
  await check(page, "sign-on-message");
  assert.deepEqual(wrong, []);
  await context.close();
});

test("ids_16_whoever_is_unknown_lacks_a_role_or_is_refused_gets_a_plain_page", async () => {
  const pages = [
    ["unknown_person", "You are not known here", "nobody here goes by your name"],
    ["no_role", "You have no role here", "you have no role that opens this console"],
    ["refused&reference=AB12CD34", "The sign-on was refused", "Reference AB12CD34"],
    ["provider_away", "Single sign-on does not answer", "Local accounts can still sign in"],
    // What is in an address is from anybody: none of it is shown.
    [`${encodeURIComponent(MARKUP)}&reference=${encodeURIComponent(MARKUP)}`, "You are not signed on", "was not completed"],
    ["constructor", "You are not signed on", "was not completed"],
  ];
  for (const [error, title, text] of pages) {
    const { page, context, wrong } = await signedOut(`#/signed-out?error=${error}`);
    await page.getByRole("heading", { level: 1, name: title }).waitFor();
    await page.getByRole("alert").getByText(text, { exact: false }).waitFor();
    assert.ok(!(await page.locator("#app").textContent()).includes("<img"));
    await until(async () => (await page.title()).startsWith(title), `the title ${title}`);
    if (/^\w+(&reference=\w+)?$/.test(error)) await check(page, `signed-out-${error.split("&")[0]}`);
    const href = await page.getByRole("link", { name: "Sign on with single sign-on" }).getAttribute("href");
    assert.equal(new URL(href, "https://x").searchParams.get("return"), "#/");
    assert.deepEqual(wrong, []);
    await context.close();
  }
  const { page, context } = await signedOut("#/signed-out?error=refused&reference=AB12CD34");
  await checkDark(page, "signed-out");
  await golden(page.locator("#app"), "signed-out");
  // A local account goes on from there, to the beginning.
  await page.getByText("Local account", { exact: true }).click();
  await signIn(page);
  await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  // In a browser in which somebody is signed in, it is a plain page as well.
  const other = await context.newPage();
  await other.goto(`${node.console}#/signed-out?error=no_role`);
  await other.getByRole("heading", { level: 1, name: "You have no role here" }).waitFor();
  await other.getByText("In this browser admin is still signed in.").waitFor();
  await check(other, "signed-out-beside");
  await other.getByRole("link", { name: "To the overview" }).click();
  await other.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  await context.close();
});

test("ids_15_a_session_that_ends_in_the_middle_goes_on_after_single_sign_on_in_a_tab_beside_it", async () => {
  const { page, context, wrong } = await open(browser, node.console);
  await page.getByLabel("Name").waitFor();
  await signIn(page);
  await page.goto(`${node.console}#/account`);
  const form = page.locator("form", { has: page.getByRole("group", { name: "Roles" }) });
  await form.locator("input").first().fill("typed before");
  await answer(page, "/sign-on", MODE);
  const asked = [];
  await beginning(context, asked);
  const api = (page, method, path, body) => page.evaluate(async ([method, path, body]) => {
    const answer = await fetch(`/api/v1${path}`, { method, headers: body ? { "content-type": "application/json" } : {}, body: body ? JSON.stringify(body) : null });
    return answer.status;
  }, [method, path, body]);
  assert.equal(await api(page, "DELETE", "/session"), 204);
  // The next request meets the end.
  await form.getByRole("checkbox").first().check();
  await form.getByRole("button").last().click();
  const dialog = page.getByRole("dialog", { name: "Please sign in again" });
  await dialog.waitFor();
  await check(page, "session-over-single");
  await golden(dialog, "session-over-single");
  const [tab] = await Promise.all([context.waitForEvent("page"), dialog.getByRole("link", { name: "Sign on with single sign-on" }).click()]);
  await tab.getByText("Sign on", { exact: true }).waitFor();
  assert.equal(asked[0].get("return"), "#/signed-in");
  // What the identity service would have done: a session of the same person.
  assert.equal(await api(tab, "POST", "/session", { account: "admin", password: "demo-admin" }), 200);
  await tab.goto(`${node.console}#/signed-in`);
  await tab.getByText("You are signed on as admin.", { exact: false }).waitFor();
  await check(tab, "signed-in");
  await tab.close();
  await dialog.waitFor({ state: "hidden" });
  await page.getByText("It is not shown again", { exact: false }).waitFor();
  // Nothing of it stays for others.
  await page.getByRole("button", { name: "Revoke typed before" }).first().click();
  await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
  await page.getByRole("button", { name: "Revoke typed before" }).waitFor({ state: "hidden" });
  assert.deepEqual(wrong, []);
  await context.close();
});

test("ids_16_a_refusal_is_told_in_german_too", async () => {
  const own = await open(browser, "about:blank", { locale: "de-DE" });
  await answer(own.page, "/sign-on", MODE);
  await own.page.goto(`${node.console}#/signed-out?error=unknown_person`);
  await own.page.getByRole("heading", { level: 1, name: "Sie sind hier nicht bekannt" }).waitFor();
  await own.page.getByRole("link", { name: "Mit Single Sign-on anmelden" }).waitFor();
  await check(own.page, "signed-out-de");
  assert.deepEqual(own.wrong, []);
  await own.context.close();
});
