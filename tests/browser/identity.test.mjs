// Single sign-on and the applications that get tokens, as administrators see them.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { launch, open, signIn } from "./browser.mjs";
import { golden } from "./golden.mjs";
import { application, component, failed, identity, passed, provider } from "./identity_made_up.mjs";
import { answer, MARKUP, pageOf, problem } from "./made_up.mjs";
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
afterEach(async () => {
  await own.page.unrouteAll({ behavior: "ignoreErrors" });
  await own.context.unrouteAll({ behavior: "ignoreErrors" });
});

/** Goes to a page, anew where it is shown already, and waits until what it asks for is there. */
async function show(path, title) {
  const { page } = own;
  await page.goto(`${node.console}#/about`);
  await page.getByRole("heading", { level: 1, name: "About" }).waitFor();
  await page.goto(`${node.console}#/${path}`);
  await page.getByRole("heading", { level: 1, name: title }).waitFor();
  await page.getByText("Loading …").waitFor({ state: "detached" });
  return page;
}

/** Answers with what `told.now` is then. */
const changing = (told) => () => told.now;

/** Answers a request that changes something, and keeps what was asked. */
async function taking(page, path, asked, body = {}, status = 200) {
  await answer(page, path, (_, request) => {
    asked.push([request.method(), new URL(request.url()).pathname.split("/api/v1")[1], request.postData()]);
    return typeof body === "function" ? body(request) : body;
  }, status);
}

/** Stands for the identity provider in tabs that a test opens. */
async function identityProvider() {
  await own.context.route("https://idp.example/**", (route) => route.fulfill({ contentType: "text/html", body: "<!doctype html><title>Sign on</title><p>Sign on</p>" }));
}

test("ids_09_every_node_says_how_it_does_and_which_is_the_publisher", async () => {
  await answer(own.page, "/identity", identity());
  const page = await show("identity", "Single sign-on");
  const row = (name) => page.getByRole("row").filter({ has: page.getByRole("rowheader", { name }) });
  await row("gw-1 Publisher").getByText("In service").waitFor();
  await row("gw-2").getByText(`it follows the others late ${MARKUP}`).waitFor();
  await row("gw-3").getByText("Out of service").waitFor();
  await row("gw-3").getByText("Expired").waitFor();
  await row("gw-4").getByText("Not configured").waitFor();
  await check(page, "identity");
  await checkDark(page, "identity");
  await golden(page.locator("main > .page"), "identity");
});

test("ids_11_single_sign_on_is_switched_on_only_after_every_component_passed", async () => {
  const untested = [component("identity/gw-1", { tested: null }), component("console/gw-1", { tested: failed("the console got no code") })];
  const told = { now: identity({ can_enable: false, why_not: ["identity/gw-1 is not tested", "console/gw-1 failed its test"], components: untested }) };
  await answer(own.page, "/identity", changing(told));
  await identityProvider();
  const asked = [];
  await taking(own.page, "/identity/tests", asked, { url: "https://idp.example/once" });
  await taking(own.page, "/identity/mode", asked);
  const page = await show("identity", "Single sign-on");
  const enable = page.getByRole("button", { name: "Switch on" });
  assert.ok(await enable.isDisabled());
  await page.getByText("console/gw-1 failed its test").waitFor();
  await page.getByText("the console got no code").waitFor();
  await check(page, "identity-not-yet");

  // The test opens in a tab of its own; the page hears of the result by itself.
  const [tab] = await Promise.all([page.waitForEvent("popup"), page.getByRole("button", { name: "Test identity/gw-1" }).click()]);
  await tab.waitForURL("https://idp.example/once");
  assert.equal(await tab.evaluate(() => window.opener), null);
  await page.getByText("Sign on in the tab that was opened", { exact: false }).waitFor();
  await check(page, "identity-waiting");
  told.now = identity({ can_enable: false, why_not: ["console/gw-1 failed its test"], components: [component("identity/gw-1", { tested: passed("2026-01-31T09:00:00Z", MARKUP) }), untested[1]] });
  await tab.close();
  await page.bringToFront();
  await page.getByText(`The identity provider named ${MARKUP}.`, { exact: false }).waitFor();
  await Promise.all([page.waitForEvent("popup").then((tab) => tab.close()), page.getByRole("button", { name: "Test console/gw-1" }).click()]);
  told.now = identity({ components: [component("identity/gw-1"), component("console/gw-1", { tested: failed("the clock is wrong", "2026-01-31T10:00:00Z") })] });
  await page.bringToFront();
  await page.getByText("The test of console/gw-1 failed.").waitFor();
  assert.deepEqual(asked.splice(0), [
    ["POST", "/identity/tests", `{"component":"identity/gw-1"}`], ["POST", "/identity/tests", `{"component":"console/gw-1"}`],
  ]);

  // Switching says first whom it is about, and that local accounts keep their way in.
  told.now = identity();
  const page2 = await show("identity", "Single sign-on");
  await page2.getByRole("button", { name: "Switch on" }).click();
  const dialog = page.getByRole("dialog", { name: "Switch single sign-on on?" });
  await dialog.getByText("Local accounts keep their sign-in", { exact: false }).waitFor();
  await check(page, "identity-enable");
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  assert.deepEqual(asked, []);
  await page.getByRole("button", { name: "Switch on" }).click();
  told.now = identity({ mode: "on" });
  await dialog.getByRole("button", { name: "Switch on" }).click();
  await page.getByRole("button", { name: "Switch off" }).click();
  const off = page.getByRole("dialog", { name: "Switch single sign-on off?" });
  await off.getByText("Whoever has none cannot sign in", { exact: false }).waitFor();
  told.now = identity();
  await off.getByRole("button", { name: "Switch off" }).click();
  await page.getByRole("button", { name: "Switch on" }).waitFor();
  assert.deepEqual(asked.map(([, path, body]) => [path, body]), [["/identity/mode", `{"on":true}`], ["/identity/mode", `{"on":false}`]]);
});

test("ids_01_metadata_is_taken_from_a_file_and_given_as_one", async () => {
  const told = { now: identity({ providers: [], can_enable: false, why_not: ["there is no identity provider"] }) };
  await answer(own.page, "/identity", changing(told));
  await own.page.route(/\/api\/v1\/identity\/sp\.xml$/, (route) => route.fulfill({ contentType: "application/samlmetadata+xml", body: "<EntityDescriptor/>" }));
  const asked = [];
  let isWrong = true;
  await own.page.route(/\/api\/v1\/identity\/providers\/.*\/metadata$/, (route) => {
    const request = route.request();
    asked.push([request.method(), new URL(request.url()).pathname.split("/api/v1")[1], request.postData(), request.headers()["content-type"]]);
    const wrong = { ...problem(422, "invalid", "Not done"), errors: [{ field: "metadata", message: "has no certificate to sign with" }] };
    return route.fulfill(isWrong ? { status: 422, contentType: "application/problem+json", body: JSON.stringify(wrong) } : { status: 200, contentType: "application/json", body: "{}" });
  });
  const page = await show("identity", "Single sign-on");
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Save our metadata" }).click()]);
  assert.equal(download.suggestedFilename(), "sp.xml");
  const add = page.getByRole("region", { name: "Add an identity provider" });
  const file = (text) => ({ name: "metadata.xml", mimeType: "text/xml", buffer: Buffer.from(text) });
  await add.getByLabel("Choose the metadata").setInputFiles(file("<wrong/>"));
  await add.getByRole("button", { name: "Take this metadata" }).click();
  await add.getByText("Give it a name.").waitFor();
  await add.getByLabel("What it is called here").fill("ad fs");
  await add.getByRole("button", { name: "Take this metadata" }).click();
  // What is wrong with the file stands at the file.
  await add.locator(".drop").getByText("has no certificate to sign with").waitFor();
  await check(page, "identity-metadata-wrong");
  isWrong = false;
  // A file may be dropped, too.
  const data = await page.evaluateHandle(() => {
    const data = new DataTransfer();
    data.items.add(new File(["<right/>"], "right.xml", { type: "text/xml" }));
    return data;
  });
  await add.locator(".drop").dispatchEvent("drop", { dataTransfer: data });
  await add.getByText("Chosen: right.xml.", { exact: false }).waitFor();
  told.now = identity({ providers: [provider("ad fs", { tested: null })] });
  await add.getByRole("button", { name: "Take this metadata" }).click();
  await page.getByRole("region", { name: "Identity provider ad fs" }).waitFor();
  assert.deepEqual(asked, [
    ["PUT", "/identity/providers/ad%20fs/metadata", "<wrong/>", "application/samlmetadata+xml"],
    ["PUT", "/identity/providers/ad%20fs/metadata", "<right/>", "application/samlmetadata+xml"],
  ]);
});

test("ids_18_the_trust_is_tested_at_once_and_a_change_of_it_asks_for_that", async () => {
  const told = { now: identity({ mode: "on", providers: [provider("adfs", { changed_since_test: true, warnings: [`the certificate is signed by itself ${MARKUP}`] })] }) };
  await answer(own.page, "/identity", changing(told));
  await identityProvider();
  const asked = [];
  await taking(own.page, "/identity/tests", asked, { url: "https://idp.example/once" });
  const page = await show("identity", "Single sign-on");
  const card = page.getByRole("region", { name: "Identity provider adfs" });
  await card.getByText("The metadata changed after the last test.", { exact: false }).waitFor();
  await card.getByText("Upload new metadata").click();
  await card.getByText("Single sign-on is on: wrong metadata", { exact: false }).waitFor();
  await check(page, "identity-changed");
  await Promise.all([page.waitForEvent("popup").then((tab) => tab.close()), card.getByRole("button", { name: "Test adfs" }).click()]);
  told.now = identity({ mode: "on", providers: [provider("adfs", { tested: failed("the answer has no user_principal", "2026-01-31T09:00:00Z") })] });
  await page.bringToFront();
  await card.getByText("The test of adfs failed.").waitFor();
  await card.getByText("the answer has no user_principal").first().waitFor();
  assert.deepEqual(asked, [["POST", "/identity/tests", `{"provider":"adfs"}`]]);
  // An address that no page of ours may open is not opened.
  await own.page.unroute(/\/api\/v1\/identity\/tests(\?.*)?$/);
  await taking(own.page, "/identity/tests", asked, { url: "javascript:alert(1)" });
  await Promise.all([page.waitForEvent("popup").then((tab) => tab.waitForEvent("close")), card.getByRole("button", { name: "Test adfs" }).click()]);
  await card.getByText("The node gave no address that can be opened.").waitFor();
});

test("ids_07_keys_are_made_anew_and_only_a_choice_of_its_own_ends_the_old", async () => {
  const told = { now: identity() };
  await answer(own.page, "/identity", changing(told));
  const asked = [];
  await taking(own.page, "/identity/keys", asked);
  await taking(own.page, "/identity/keys/saml/activate", asked);
  const page = await show("identity", "Single sign-on");
  const dialog = page.getByRole("dialog");
  await page.getByRole("button", { name: "Make a new one: Keys that sign tokens" }).click();
  await dialog.getByText("Nobody is logged out.", { exact: false }).waitFor();
  await dialog.getByRole("button", { name: "Make a new one" }).click();
  await dialog.waitFor({ state: "hidden" });
  await page.getByRole("button", { name: "Make a new one: Keys that encrypt tokens" }).click();
  await dialog.getByLabel("End the old key at once").check();
  await check(page, "identity-keys-end");
  await checkDark(page, "identity-keys-end");
  await dialog.getByRole("button", { name: "Make a new one and end the old" }).click();
  await dialog.waitFor({ state: "hidden" });
  // A certificate of SAML waits until the identity provider knows it.
  const saml = identity().keys.saml;
  told.now = identity({ keys: { ...identity().keys, saml: [...saml, { ...saml[0], id: "c2", state: "next" }] } });
  await page.getByRole("button", { name: "Make a new one: Certificate of SAML" }).click();
  await dialog.getByRole("button", { name: "Make a new one" }).click();
  await page.getByText("A new certificate waits.", { exact: false }).waitFor();
  await page.getByRole("button", { name: "Put the new one in force" }).click();
  await dialog.getByText("The identity provider must know it already.", { exact: false }).waitFor();
  await dialog.getByRole("button", { name: "Put the new one in force" }).click();
  await dialog.waitFor({ state: "hidden" });
  assert.deepEqual(asked.map(([, path, body]) => [path, body]), [
    ["/identity/keys", `{"kind":"signing","invalidate":false}`], ["/identity/keys", `{"kind":"encryption","invalidate":true}`],
    ["/identity/keys", `{"kind":"saml","invalidate":false}`], ["/identity/keys/saml/activate", null],
  ]);
});

test("ids_11_nothing_is_set_up_yet", async () => {
  await answer(own.page, "/identity", identity({
    entity_id: null, publisher: null, can_enable: false, why_not: ["no host is named"], nodes: [], providers: [], components: [], outside: [],
    keys: { signing: [], encryption: [], saml: [] },
  }));
  const page = await show("identity", "Single sign-on");
  await page.getByText("No node has the identity service yet.", { exact: false }).waitFor();
  assert.ok(await page.getByRole("button", { name: "Save our metadata" }).isDisabled());
  await check(page, "identity-nothing");
  await golden(page.locator("main > .page"), "identity-nothing");
});

test("ids_08_applications_are_searched_by_name_id_and_url", async () => {
  const items = Array.from({ length: 4 }, (_, number) => application(number));
  await answer(own.page, "/oauth-clients", (url) => pageOf(items, url));
  const page = await show("oauth-clients", "Applications");
  const rows = page.getByRole("rowheader");
  await page.getByRole("link", { name: MARKUP }).waitFor();
  await check(page, "applications");
  await checkDark(page, "applications");
  await golden(page.locator("main > .page"), "applications");
  const search = page.getByLabel("Search by name, ID or URL");
  for (const [wanted, found] of [["desktop 2", "Desktop 2"], ["aaaa1", "Desktop 1"], ["desktop-3.example", "Desktop 3"]]) {
    await search.fill(wanted);
    await until(async () => (await rows.allTextContents()).join() === found, `what is found by ${wanted}`);
  }
  await search.fill("nothing of that name");
  await page.getByText("No application fits").waitFor();
  await page.getByRole("button", { name: "Clear" }).click();
  await until(async () => await rows.count() === 4, "all of them again");
});

test("ids_08_an_application_is_added_and_its_secret_shown_once", async () => {
  const asked = [];
  const made = application(4, { name: "Desktop" });
  const secret = "n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg";
  await own.page.route(/\/api\/v1\/oauth-clients(\?.*)?$/, (route) => {
    const request = route.request();
    if (request.method() === "GET") return route.fulfill({ contentType: "application/json", body: JSON.stringify({ items: [], next: null, total: 0 }) });
    asked.push(request.postDataJSON());
    const wrong = { ...problem(422, "invalid", "Not done"), errors: [{ field: "redirect_urls[1]", message: "names a host that nobody knows" }] };
    return route.fulfill(asked.length === 1
      ? { status: 422, contentType: "application/problem+json", body: JSON.stringify(wrong) }
      : { status: 201, contentType: "application/json", body: JSON.stringify({ client_id: made.client_id, secret }) });
  });
  await answer(own.page, `/oauth-clients/${made.client_id}`, made);
  const page = await show("oauth-clients", "Applications");
  await page.getByText("There is no application yet").waitFor();
  await check(page, "applications-none");
  await page.getByRole("link", { name: "Add an application" }).click();
  await page.getByRole("heading", { level: 1, name: "Add an application" }).waitFor();
  await page.getByRole("button", { name: "Add it" }).click();
  await page.getByText("Give it a name.").waitFor();
  await until(() => page.evaluate(() => document.activeElement?.getAttribute("aria-invalid") === "true"), "the focus on the first that is wrong");
  await page.getByLabel("Name").fill("Desktop");
  // IDS-14: HTTPS and names.
  for (const [url, why] of [["desktop", "is no URL"], ["http://desktop.example/", "does not begin with https://"], ["https://192.0.2.1/", "has an address"], ["https://desktop.example/#a", "has a # in it"]]) {
    await page.getByRole("textbox", { name: "Redirect URL 1" }).fill(url);
    await page.getByText(why, { exact: false }).waitFor();
  }
  await page.getByRole("textbox", { name: "Redirect URL 1" }).fill("https://desktop.example/callback");
  await page.getByRole("button", { name: "Add a URL" }).click();
  await until(() => page.evaluate(() => document.activeElement?.labels?.[0]?.textContent === "Redirect URL 2"), "the focus on the new line");
  const second = page.locator(".entry-url").nth(1);
  await second.getByRole("textbox").fill("https://desktop.example/callback");
  await second.getByText("is there more than once").waitFor();
  await second.getByRole("textbox").fill("https://other.example/callback");
  await page.getByRole("button", { name: "Add it" }).click();
  // What the node says of a line stands at that line.
  await second.getByText("names a host that nobody knows").waitFor();
  await check(page, "application-add-wrong");
  await page.getByRole("button", { name: "Remove redirect URL 2" }).click();
  await page.getByRole("button", { name: "Add it" }).click();
  await page.getByText("The secret is shown this once.", { exact: false }).waitFor();
  await page.getByText(secret).waitFor();
  await page.getByRole("button", { name: "Copy: Client secret" }).waitFor();
  await check(page, "application-made");
  await checkDark(page, "application-made");
  await page.getByRole("link", { name: "More about this application" }).click();
  await page.getByRole("heading", { level: 1, name: "Desktop" }).waitFor();
  assert.ok(!(await page.content()).includes(secret), "the secret is in no part of the next page");
  await page.goBack();
  await page.getByRole("heading", { level: 1, name: "Add an application" }).waitFor();
  assert.ok(!(await page.content()).includes(secret), "nor of the one before, when somebody goes back");
  assert.deepEqual(asked.at(-1), { name: "Desktop", redirect_urls: ["https://desktop.example/callback"], kind: "confidential" });
});

test("ids_08_an_application_is_changed_gets_a_new_secret_and_is_deleted", async () => {
  const client = application(6, { name: `Desktop ${MARKUP}`, encrypt_tokens: false, not_known_to_this_page: [1] });
  const asked = [];
  const told = { now: client };
  await own.page.route(new RegExp(`/api/v1/oauth-clients/${client.client_id}$`), (route) => {
    const request = route.request();
    if (request.method() === "GET") return route.fulfill({ contentType: "application/json", headers: { etag: `"7"` }, body: JSON.stringify(told.now) });
    asked.push([request.method(), request.postDataJSON(), request.headers()["if-match"]]);
    if (request.method() === "PUT") told.now = request.postDataJSON();
    return route.fulfill({ contentType: "application/json", body: JSON.stringify({ changed: true, warnings: [] }) });
  });
  await answer(own.page, `/oauth-clients/${client.client_id}/secret`, { secret: "a-new-secret-of-this-application-0000" });
  await answer(own.page, "/oauth-clients", (url) => pageOf([], url));
  const page = await show(`oauth-clients/${client.client_id}`, client.name);
  await check(page, "application");
  await checkDark(page, "application");
  await golden(page.locator("main > .page"), "application");
  await page.getByLabel("Name").fill("Desktop");
  await page.getByLabel("What refreshes an access token").selectOption("refresh_token_only");
  await page.getByLabel("Encrypt access tokens").selectOption("As set for the whole deployment");
  await page.getByLabel("Reports").check();
  await page.getByText("Not saved yet.").waitFor();
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved.").waitFor();
  const { encrypt_tokens: _, ...rest } = client;
  assert.deepEqual(asked.splice(0), [["PUT", { ...rest, name: "Desktop", refresh: "refresh_token_only", api_roles: ["report"] }, `"7"`]]);
  const dialog = page.getByRole("dialog");
  await page.getByRole("button", { name: "Make a new secret" }).click();
  await dialog.getByText("The old secret stops working at once", { exact: false }).waitFor();
  await dialog.getByRole("button", { name: "Make a new secret" }).click();
  await page.getByText("a-new-secret-of-this-application-0000").waitFor();
  await page.getByRole("button", { name: "Delete" }).click();
  await check(page, "application-delete");
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  assert.deepEqual(asked, []);
  await page.getByRole("button", { name: "Delete" }).click();
  await dialog.getByRole("button", { name: "Delete" }).click();
  await page.getByText("There is no application yet").waitFor();
  assert.equal(asked[0][0], "DELETE");
});

test("byd_08_both_pages_speak_german", async () => {
  await answer(own.page, "/identity", identity({ can_enable: false, why_not: ["x"] }));
  await answer(own.page, "/oauth-clients", (url) => pageOf([application(1)], url));
  const { page } = own;
  await page.getByLabel("Language").selectOption("de");
  await page.goto(`${node.console}#/identity`);
  await page.getByText("Es lässt sich noch nicht einschalten:").waitFor();
  await check(page, "identity-de");
  await page.goto(`${node.console}#/oauth-clients`);
  await page.getByRole("heading", { level: 1, name: "Anwendungen" }).waitFor();
  await page.getByRole("link", { name: "Desktop 1" }).waitFor();
  await check(page, "applications-de");
  await page.goto(`${node.console}#/oauth-clients/new`);
  await page.getByLabel("Redirect-URL 1").waitFor();
  await check(page, "application-add-de");
  await page.getByLabel("Sprache").selectOption("en");
  assert.deepEqual(own.wrong, []);
});
