// The workspace within another's page, as a desktop shows its gadgets: by whom the settings name, and by nobody else.
//
// ```text
//  https://desktop.test: gadget.xml's content --frame--> /workspace --sign-in: a cookie for this place alone--> works
//  https://other.test: the same --refused by the page's policy--> the button that opens a window
// ```

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { launch, open } from "./browser.mjs";
import { demo, until } from "./node.mjs";
import { check } from "./page_checks.mjs";

const AUTHORIZATION = `Basic ${Buffer.from("admin:demo-admin").toString("base64")}`;

let browser;
let node;
/** What both desktops show: a page of their own with this in it. */
let content = "";
let server;
/** The origins of the desktop that the settings name, and of another one. */
let desktop;
let other;
const opened = [];
before(async () => {
  // Both are this machine, and other places than the node.
  [browser, node] = await Promise.all([launch(["--host-resolver-rules=MAP *.test 127.0.0.1"]), demo()]);
  const of = (name) => readFileSync(join(node.folder, "node", name));
  server = createServer({ cert: of("server.pem"), key: of("server.key") }, (_, response) => {
    response.setHeader("content-type", "text/html; charset=utf-8");
    response.end(`<!doctype html><html lang="en"><head><title>Desktop</title><link rel="icon" href="data:,"></head><body><main><h1>Desktop</h1>${content}</main></body></html>`);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  desktop = `https://desktop.test:${server.address().port}`;
  other = `https://other.test:${server.address().port}`;
});
after(async () => {
  await Promise.all(opened.map((one) => one.context.close()));
  await browser?.close();
  server?.close();
  await node?.stop();
});
afterEach(() => {
  for (const one of opened) assert.deepEqual(one.wrong, []);
});

async function fresh() {
  const one = await open(browser, "about:blank");
  opened.push(one);
  one.page.setDefaultTimeout(15_000);
  return one;
}

async function named(context, origins) {
  const answer = await context.request.patch(`${node.console}api/v1/channels`, {
    headers: { authorization: AUTHORIZATION, "content-type": "application/merge-patch+json" },
    data: JSON.stringify({ workspace_frame_origins: origins }),
  });
  assert.equal(answer.status(), 200, await answer.text());
}

/** Shows the gadget as a desktop does. */
async function shown(one, origin) {
  const file = await (await one.context.request.get(`${node.console}workspace/gadget.xml`)).text();
  content = /<!\[CDATA\[([\s\S]*)\]\]>/.exec(file)[1];
  await one.page.goto(`${origin}/gadget`);
  return one.page.frameLocator("#jackfield");
}

const refused = /refused to connect|violates the following Content Security Policy directive: .*frame-ancestors/;

test("dsk_06_a_desktop_that_the_settings_name_hosts_the_workspace_and_agents_sign_in_there", async () => {
  const one = await fresh();
  await named(one.context, [desktop]);
  const frame = await shown(one, desktop);
  await frame.getByLabel("Name").fill("1001");
  await frame.getByLabel("Password").fill("demo-1001");
  await frame.getByRole("button", { name: "Sign in", exact: true }).click();
  await frame.getByRole("radio", { name: /^Email and chat only/ }).check();
  await frame.getByRole("button", { name: "Start", exact: true }).click();
  await frame.getByRole("combobox", { name: "Email and chat" }).selectOption({ label: "Ready" });
  await frame.locator(".control-ready").first().waitFor();
  assert.equal(await one.page.locator("#jackfield-window").isVisible(), false);
  await check(one.page, "gadget");

  // The cookie goes to no other place: the same browser is signed in nowhere else.
  const [cookie, ...more] = await one.context.cookies();
  assert.equal(more.length, 0);
  assert.deepEqual([cookie.name, cookie.sameSite, cookie.secure, cookie.httpOnly], ["__Host-jackfield-framed", "None", true, true]);
  const beside = await one.context.newPage();
  await beside.goto(`${node.console}workspace`);
  await beside.getByRole("button", { name: "Sign in", exact: true }).waitFor();
  // The console takes it for nothing, even where it comes from our own page.
  const inner = one.page.frames().find((it) => it.url().includes("/workspace"));
  const asked = (path) => inner.evaluate(async (address) => (await fetch(address)).status, path);
  assert.equal(await asked("api/v1/workspace/me"), 200);
  assert.equal(await asked("api/v1/session?framed=true"), 200);
  for (const path of ["api/v1/session", "api/v1/agents", "api/v1/audit"]) assert.equal(await asked(path), 401, path);

  // A reload finds the work again, and its end takes the cookie away.
  await one.page.reload();
  await frame.locator(".control-ready").first().waitFor();
  const gone = await inner.evaluate(async () => (await fetch("api/v1/session?framed=true", { method: "DELETE" })).status).catch(() => null)
    ?? await one.page.frames().find((it) => it.url().includes("/workspace")).evaluate(async () => (await fetch("api/v1/session?framed=true", { method: "DELETE" })).status);
  assert.equal(gone, 204);
  assert.deepEqual(await one.context.cookies(), []);
});

test("dsk_06_a_page_that_nobody_named_shows_no_workspace_and_offers_a_window", async () => {
  const one = await fresh();
  await named(one.context, [desktop]);
  const said = [];
  one.page.on("console", (message) => said.push(message.text()));
  await one.page.clock.install();
  await shown(one, other);
  await until(() => said.some((text) => refused.test(text)), "the browser's refusal");
  one.wrong.splice(0, one.wrong.length, ...one.wrong.filter((text) => !refused.test(text)));
  await one.page.clock.fastForward(11_000);
  const link = one.page.getByRole("link", { name: "Open them in a window" });
  await link.waitFor();
  const [beside] = await Promise.all([one.context.waitForEvent("page"), link.click()]);
  await beside.getByRole("button", { name: "Sign in", exact: true }).waitFor();

  // Where nobody is named the gadget is a link, and even the desktop of before is refused.
  const again = await fresh();
  const before = await (await again.context.request.get(`${node.console}workspace/gadget.xml`)).text();
  assert.match(before, /<iframe /);
  await named(again.context, []);
  const now = await (await again.context.request.get(`${node.console}workspace/gadget.xml`)).text();
  assert.doesNotMatch(now, /<iframe |<script/);
  const heard = [];
  again.page.on("console", (message) => heard.push(message.text()));
  content = `<iframe title="Workspace" src="${node.console}workspace"></iframe>`;
  await again.page.goto(`${desktop}/gadget`);
  await until(() => heard.some((text) => refused.test(text)), "the browser's refusal");
  again.wrong.splice(0, again.wrong.length, ...again.wrong.filter((text) => !refused.test(text)));
});
