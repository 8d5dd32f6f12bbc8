// Signing on once against the real program and an identity provider: the way in, refusals, tests of the trust,
// and applications that are added and deleted.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, open, shot, signIn } from "./browser.mjs";
import { application, identity } from "./identity_made_up.mjs";
import { demo, until } from "./node.mjs";
import { check, checkDark } from "./page_checks.mjs";

let browser;
let node;
let told;
before(async () => {
  [browser, node] = await Promise.all([launch(), demo({ arguments: ["--sso"], keep: true })]);
  told = node.endpoints;
});
after(async () => {
  await browser?.close();
  await node?.stop();
});

const WAY_IN = { name: "Sign on with single sign-on" };

/** Types into the identity provider's form. */
async function prove(page, user, password = `demo-${user}`) {
  await page.getByLabel("User name").fill(user);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

/** A browser of its own in which somebody goes the way in, up to the identity provider's form. */
async function atProvider(hash = "", options = {}, way = WAY_IN) {
  const own = await open(browser, `${told.console}${hash}`, options);
  await own.page.getByRole("link", way).click();
  await own.page.getByLabel("User name").waitFor();
  assert.equal(new URL(own.page.url()).origin, new URL(told.idp.base).origin);
  return own;
}

/** The demo's administrator, by a local account. */
async function administrator(hash) {
  const own = await open(browser, `${told.console}${hash}`);
  await own.page.getByText("Local account", { exact: true }).click();
  await signIn(own.page, told.admin.user, told.admin.password);
  await own.page.getByRole("heading", { level: 1 }).waitFor();
  return own;
}

const api = (page, path) => page.evaluate(async (path) => (await fetch(`/api/v1${path}`)).json(), path);

test("ids_11_people_sign_on_at_the_identity_provider_and_come_to_where_they_wanted", async () => {
  const { page, context, wrong } = await atProvider("#/about?x=1");
  await shot(page, "real-provider");
  await prove(page, "boss", "not it");
  await page.getByText("User name or password is wrong.").waitFor();
  assert.equal((await context.cookies(told.identity)).filter((it) => it.name === "__Host-jackfield-sso").length, 0);
  await prove(page, "boss");
  await page.getByRole("heading", { level: 1, name: "About" }).waitFor();
  assert.equal(page.url(), `${told.console}#/about?x=1`);
  await page.getByText("Signed in as boss@demo.example").waitFor();
  await page.goto(`${told.console}#/account`);
  const own = page.getByRole("region", { name: "Who you are" });
  await own.getByText("Single sign-on", { exact: true }).waitFor();
  await own.getByText("Administrator", { exact: true }).waitFor();
  await check(page, "real-account");
  // Whoever signs out of the console is still signed on: the way in asks nothing again.
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("link", WAY_IN).click();
  await page.getByText("Signed in as boss@demo.example").waitFor();
  assert.deepEqual(wrong, []);
  // Another browser knows nothing of it.
  const other = await atProvider();
  await prove(other.page, "1900");
  await other.page.getByText("Signed in as 1900", { exact: false }).waitFor();
  assert.deepEqual(other.wrong, []);
  await other.context.close();
  await context.close();
});

test("ids_15_a_second_application_gets_its_code_without_another_sign_on", async () => {
  const { page, context } = await atProvider();
  await prove(page, "1001");
  await page.getByText("Signed in as 1001", { exact: false }).waitFor();
  const asked = [];
  page.on("request", (request) => asked.push(request));
  const query = new URLSearchParams({
    response_type: "code", client_id: told.oauth_client.id, redirect_uri: told.oauth_client.redirect, state: "of the application",
    code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", code_challenge_method: "S256",
  });
  // Nobody listens where the application would be.
  await page.goto(`${told.identity}/ids/v1/oauth/authorize?${query}`).catch(() => {});
  const last = await until(() => asked.find((it) => it.url().startsWith(told.oauth_client.redirect)), "the application's address");
  const given = new URL(last.url()).searchParams;
  assert.ok(given.get("code").length > 20);
  assert.equal(given.get("state"), "of the application");
  assert.equal(given.get("iss"), told.identity);
  assert.ok(asked.every((it) => !it.url().startsWith(told.idp.base)), "the identity provider is not asked again");
  await context.close();
});

test("ids_16_whoever_is_known_to_the_provider_alone_gets_a_plain_page", async () => {
  for (const [locale, way, title, name] of [
    ["en-GB", WAY_IN, "You are not known here", "stranger"],
    ["de-DE", { name: "Mit Single Sign-on anmelden" }, "Sie sind hier nicht bekannt", "stranger-de"],
  ]) {
    const { page, context, wrong } = await atProvider("", { locale }, way);
    await prove(page, "stranger");
    await page.getByRole("heading", { level: 1, name: title }).waitFor();
    assert.match(page.url(), /#\/signed-out\?error=unknown_person&reference=\w+$/);
    await check(page, `real-${name}`);
    assert.deepEqual(await page.evaluate(async () => (await fetch("/api/v1/session")).status), 401);
    assert.deepEqual(wrong, []);
    await context.close();
  }
});

test("ids_11_a_local_account_comes_in_beside_single_sign_on", async () => {
  const { page, context, wrong } = await administrator("#/about");
  await page.getByText("Signed in as admin").waitFor();
  assert.deepEqual(wrong, []);
  await context.close();
});

test("ids_11_the_way_in_needs_no_scripts_of_the_identity_service", async () => {
  const { page, context } = await open(browser, "about:blank", { javaScriptEnabled: false });
  await page.goto(`${told.api}/sign-on/single?return=${encodeURIComponent("#/")}`);
  const on = page.getByRole("button", { name: "Continue to sign in" });
  await on.waitFor();
  await shot(page, "real-sending");
  await page.setViewportSize({ width: 360, height: 640 });
  await shot(page, "real-sending-narrow");
  await on.click();
  await prove(page, "boss");
  await page.getByRole("button", { name: "Continue" }).click();
  await page.waitForURL(`${told.console}#/`);
  await context.close();
});

test("ids_16_pages_of_the_identity_service_are_plain_and_for_everybody", async () => {
  const unknown = "/ids/v1/oauth/authorize?response_type=code&client_id=x";
  const elsewhere = `/ids/v1/oauth/authorize?response_type=code&client_id=${told.oauth_client.id}&redirect_uri=${encodeURIComponent("https://elsewhere.example/")}`;
  for (const [path, locale, title, name] of [
    [unknown, "en-GB", "This application cannot sign you on", "unknown"],
    [elsewhere, "en-GB", "This application cannot sign you on", "elsewhere"],
    [unknown, "de-DE", "Diese Anwendung kann Sie nicht anmelden", "unknown-de"],
    ["/ids/v1/test?ticket=x", "en-GB", "This link is over", "link-over"],
    ["/ids/sign-off", "de-DE", "Sie sind abgemeldet", "signed-off-de"],
  ]) {
    const { page, context, wrong } = await open(browser, `${told.identity}${path}`, { locale });
    await page.getByRole("heading", { level: 1, name: title }).waitFor();
    assert.equal(page.url(), `${told.identity}${path}`, "nobody is sent on");
    await check(page, `real-plain-${name}`);
    await checkDark(page, `real-plain-${name}`);
    assert.deepEqual(wrong, []);
    await context.close();
  }
});

test("ids_18_the_trust_and_every_component_are_tested_from_the_page_and_the_mode_follows", async () => {
  const { page, context, wrong } = await administrator("#/identity");
  const begin = async (name) => {
    const [tab] = await Promise.all([page.waitForEvent("popup"), page.getByRole("button", { name: `Test ${name}` }).click()]);
    return tab;
  };
  // The first test meets the provider's form; whoever errs there may try again.
  const tab = await begin("demo");
  await tab.getByLabel("User name").waitFor();
  await prove(tab, "boss", "not it");
  await tab.getByText("User name or password is wrong.").waitFor();
  await prove(tab, "boss");
  await tab.getByRole("heading", { level: 1, name: "The test passed" }).waitFor();
  await tab.getByText("boss (boss@demo.example)").waitFor();
  await check(tab, "real-test-passed");
  await checkDark(tab, "real-test-passed");
  assert.equal((await context.cookies(told.identity)).some((it) => it.name === "__Host-jackfield-sso"), false, "a test signs nobody on");
  await tab.close();
  await page.bringToFront();
  await page.getByText("The test of demo passed. The identity provider named boss@demo.example.").waitFor();

  // Whoever has no account here makes the console's test fail, with the reason on the page.
  await context.clearCookies({ name: "__Host-idp-session" });
  const failing = await begin("console/localhost");
  await failing.getByLabel("User name").waitFor();
  await prove(failing, "stranger");
  await failing.getByRole("heading", { level: 1, name: "The test failed" }).waitFor();
  await check(failing, "real-test-failed");
  await failing.close();
  await page.bringToFront();
  await page.getByText("The test of console/localhost failed.").waitFor();
  await context.clearCookies({ name: "__Host-idp-session" });
  // The console is an application: whoever tested it is signed on.
  await context.clearCookies({ name: "__Host-jackfield-sso" });
  for (const name of ["console/localhost", "identity/localhost"]) {
    const next = await begin(name);
    await next.getByText("The test passed").or(next.getByLabel("User name")).first().waitFor();
    if (await next.getByLabel("User name").isVisible()) await prove(next, "boss");
    await next.getByRole("heading", { level: 1, name: "The test passed" }).waitFor();
    await next.close();
    await page.bringToFront();
    await page.getByText(`The test of ${name} passed.`, { exact: false }).waitFor();
  }
  await check(page, "real-identity");
  await checkDark(page, "real-identity");

  const dialog = page.getByRole("dialog");
  await page.getByRole("button", { name: "Switch off" }).click();
  await dialog.getByRole("button", { name: "Switch off" }).click();
  await page.getByRole("button", { name: "Switch on" }).waitFor();
  const visitor = await open(browser, told.console);
  await visitor.page.getByLabel("Password").waitFor();
  assert.equal(await visitor.page.getByRole("link", WAY_IN).count(), 0, "nobody is offered what is off");
  await page.getByRole("button", { name: "Switch on" }).click();
  await dialog.getByRole("button", { name: "Switch on" }).click();
  await page.getByRole("button", { name: "Switch off" }).waitFor();
  await visitor.page.reload();
  await visitor.page.getByRole("link", WAY_IN).waitFor();
  await visitor.context.close();
  assert.deepEqual(wrong, []);
  await context.close();
});

test("ids_01_metadata_of_the_provider_is_taken_and_ours_is_given", async () => {
  const { page, context, wrong } = await administrator("#/identity");
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Save our metadata" }).click()]);
  const ours = await (await download.createReadStream()).setEncoding("utf8").toArray();
  assert.match(ours.join(""), /entityID="localhost"/);
  const card = page.getByRole("region", { name: "Identity provider demo" });
  await card.getByText("Upload new metadata").click();
  const file = (text) => ({ name: "metadata.xml", mimeType: "text/xml", buffer: Buffer.from(text) });
  await card.getByLabel("Choose the metadata").setInputFiles(file("<wrong/>"));
  await card.getByRole("button", { name: "Take this metadata" }).click();
  await card.locator(".drop").getByText("begins with the element wrong", { exact: false }).waitFor();
  await check(page, "real-metadata-wrong");
  const theirs = await (await context.request.get(told.idp.metadata)).text();
  await card.getByLabel("Choose the metadata").setInputFiles(file(theirs));
  await card.getByRole("button", { name: "Take this metadata" }).click();
  await card.getByText("The metadata is in force. Test the trust now.").waitFor();
  // A second one waits until the settings name it.
  await page.getByText("Add an identity provider").click();
  await page.getByLabel("What it is called here").fill("another");
  const more = page.locator("details.more");
  await more.getByLabel("Choose the metadata").setInputFiles(file(theirs));
  await more.getByRole("button", { name: "Take this metadata" }).click();
  const another = page.getByRole("region", { name: "Identity provider another" });
  await another.getByText("People sign on at another identity provider.", { exact: false }).waitFor();
  assert.equal(await another.getByRole("button", { name: "Test another" }).count(), 0);
  await check(page, "real-two-providers");
  assert.deepEqual(wrong, []);
  await context.close();
});

test("ids_07_keys_are_made_anew_and_wait_until_everybody_knows_them", async () => {
  const { page, context, wrong } = await administrator("#/identity");
  const before = (await api(page, "/identity")).keys.saml;
  assert.deepEqual(before.map((it) => it.state), ["active"]);
  const dialog = page.getByRole("dialog");
  for (const kind of ["Keys that sign tokens", "Keys that encrypt tokens", "Certificate of SAML"]) {
    await page.getByRole("button", { name: `Make a new one: ${kind}` }).click();
    await dialog.getByRole("button", { name: "Make a new one" }).click();
    await dialog.waitFor({ state: "hidden" });
  }
  await page.getByRole("region", { name: "Keys that sign tokens" }).getByText("in force from", { exact: false }).first().waitFor();
  await page.getByText("A new certificate waits.", { exact: false }).waitFor();
  await check(page, "real-keys-wait");
  await page.getByRole("button", { name: "Put the new one in force" }).click();
  await dialog.getByRole("button", { name: "Put the new one in force" }).click();
  await dialog.waitFor({ state: "hidden" });
  await page.getByText("A new certificate waits.", { exact: false }).waitFor({ state: "detached" });
  const active = (await api(page, "/identity")).keys.saml.find((it) => it.state === "active");
  assert.notEqual(active.id, before[0].id);
  assert.deepEqual(wrong, []);
  await context.close();
});

test("ids_08_an_application_is_added_gets_another_secret_and_is_deleted", async () => {
  const { page, context, wrong } = await administrator("#/oauth-clients/new");
  const redirect = "https://desktop.example/callback";
  await page.getByLabel("Name").fill("Desktop");
  await page.getByLabel("Redirect URL 1").fill(redirect);
  await page.getByRole("button", { name: "Add it" }).click();
  await page.getByText("The secret is shown this once.", { exact: false }).waitFor();
  await check(page, "real-application-made");
  const [id, secret] = await page.locator("dd code").allTextContents();
  // Whether the identity service knows it by that secret: then it is the code that it refuses.
  const refusal = async (secret) => {
    const answer = await context.request.post(`${told.identity}/ids/v1/oauth/token`, {
      headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}` },
      form: { grant_type: "authorization_code", code: "none", redirect_uri: redirect, code_verifier: "a".repeat(43) },
    });
    return (await answer.json()).error;
  };
  assert.equal(await refusal(secret), "invalid_grant");
  assert.equal(await refusal("another-secret-of-an-application-000"), "invalid_client");
  await page.getByRole("link", { name: "More about this application" }).click();
  await page.getByRole("heading", { level: 1, name: "Desktop" }).waitFor();
  await check(page, "real-application");
  await page.getByLabel("Name").fill("Desktop of agents");
  await page.getByLabel("Agent", { exact: true }).check();
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved.").waitFor();
  const dialog = page.getByRole("dialog");
  await page.getByRole("button", { name: "Make a new secret" }).click();
  await dialog.getByRole("button", { name: "Make a new secret" }).click();
  await page.getByText("The secret is shown this once.", { exact: false }).waitFor();
  const next = (await page.getByRole("region", { name: "Client secret" }).locator("dd code").allTextContents()).at(-1);
  assert.equal(await refusal(secret), "invalid_client");
  assert.equal(await refusal(next), "invalid_grant");
  await page.getByRole("button", { name: "Delete" }).click();
  await dialog.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("link", { name: "Demo application" }).waitFor();
  assert.equal(await page.getByText("Desktop of agents").count(), 0);
  assert.equal(await refusal(next), "invalid_client");
  await check(page, "real-applications");
  assert.deepEqual(wrong, []);
  await context.close();
});

test("ids_11_made_up_answers_have_the_members_of_real_ones", async () => {
  const { page, context } = await administrator("#/about");
  const real = await api(page, "/identity");
  const { items } = await api(page, "/oauth-clients");
  const made = identity();
  const members = (value) => Object.keys(value).sort();
  assert.deepEqual(members(made), members(real));
  assert.deepEqual(members(made.nodes[0]), members(real.nodes[0]));
  assert.deepEqual(members(made.providers[0]), members(real.providers[0]));
  assert.deepEqual(members(made.components[0]), members(real.components[0]));
  assert.deepEqual(members(made.outside[0]), members(real.outside[0]));
  const tested = (it) => it.components.find((it) => it.tested).tested;
  assert.deepEqual(members(tested(made)), members(tested(real)));
  for (const kind of members(made.keys)) assert.deepEqual(members(made.keys[kind][0]), members(real.keys[kind][0]));
  // A node leaves away what is empty or off.
  const most = new Set([...members(items[0]), "disabled", "encrypt_tokens"]);
  assert.deepEqual(members(application(0)).filter((it) => !most.has(it)), []);
  await context.close();
});
