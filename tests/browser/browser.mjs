// Debian's Chromium for the tests, and what every page must keep.

import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import AxeBuilder from "@axe-core/playwright";
import { chromium } from "playwright-core";

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
/** Where screenshots go, if anywhere. */
const SHOTS = process.env.SCREENSHOTS;
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** Starts it; `more` are switches of its command line. */
export function launch(more = []) {
  if (!existsSync(CHROMIUM)) throw new Error(`there is no ${CHROMIUM}`);
  return chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-dev-shm-usage", ...more] });
}

/** A page of its own, with all that went wrong in it. */
export async function open(browser, address, options = {}) {
  const context = await browser.newContext({
    ignoreHTTPSErrors: true, locale: "en-GB", timezoneId: "UTC", viewport: { width: 1280, height: 900 },
    // Colours on their way to others are judged by nobody.
    colorScheme: "light", reducedMotion: "reduce", ...options,
  });
  const page = await context.newPage();
  const wrong = [];
  page.on("pageerror", (error) => wrong.push(`error: ${error.message}`));
  page.on("console", (message) => {
    // What the network does is told by the page itself.
    if (message.type() === "error" && !/Failed to load resource|net::ERR/.test(message.text())) wrong.push(message.text());
  });
  await page.goto(address);
  return { page, context, wrong };
}

/** Signs in as the demo's administrator. */
export async function signIn(page, account = "admin", password = "demo-admin") {
  await page.getByLabel("Name", { exact: false }).first().fill(account);
  await page.getByLabel("Password", { exact: false }).first().fill(password);
  await page.getByRole("button", { name: /^(Sign in|Anmelden)$/ }).click();
  await page.getByRole("navigation").waitFor({ state: "attached" });
}

/** What axe finds by all our rules or by these alone, in words. */
export async function violations(page, only = null) {
  const builder = new AxeBuilder({ page });
  if (only) builder.withRules(only);
  else builder.withTags(RULES);
  // What a sandboxed frame shows is another's, and its origin lets nobody look in.
  if (page.frames().length > 1) builder.setLegacyMode();
  const found = await builder.analyze();
  return found.violations.map((it) => `${it.id}: ${it.nodes.map((node) => node.target.join(" ")).join(", ")}`);
}

/** Fields without a label that can be seen, which axe does not find. */
export async function unlabelled(page) {
  return page.evaluate(() => [...document.querySelectorAll("input, select, textarea")]
    .filter((field) => field.offsetParent !== null && ![...(field.labels ?? [])].some((label) => label.offsetParent !== null && label.textContent.trim() !== ""))
    .map((field) => field.outerHTML));
}

/** Whether the page is wider than its window. */
export async function overflows(page) {
  return page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth + 1);
}

/** Text that is cut off, or has a few letters on each line; what ends in dots on purpose is none. */
export async function cutOff(page) {
  return page.evaluate(() => [...document.querySelectorAll("button, a, h1, h2, h3, p, li, dd, td, label, legend, th, dt, .notice")].filter((element) => {
    const style = getComputedStyle(element);
    const lines = 4;
    const letter = Number.parseFloat(style.fontSize) / 2;
    if (style.display !== "inline" && element.clientWidth > 0 && element.clientWidth < 5 * letter && element.innerText?.trim().length > 5 * lines && !element.closest(".hidden-visually, .skip")) return true;
    if (element.offsetParent === null || element.closest(".hidden-visually, .skip") || style.textOverflow === "ellipsis") return false;
    const isHidden = (value) => value === "hidden" || value === "clip";
    return (isHidden(style.overflowX) && element.scrollWidth > element.clientWidth + 1) || (isHidden(style.overflowY) && element.scrollHeight > element.clientHeight + 1);
  }).map((element) => element.outerHTML.slice(0, 200)));
}

/** In forced colours backgrounds go: buttons, fields and notices that have neither edge nor outline are lost in the page. */
export async function unmarked(page) {
  return page.evaluate(() => [...document.querySelectorAll(".button, .notice, dialog[open], input:not([type=radio]):not([type=checkbox]):not([type=file]), select, textarea, [aria-pressed=true], [aria-current]")].filter((element) => {
    if (element.offsetParent === null && element.tagName !== "DIALOG") return false;
    const seen = (one) => {
      const style = getComputedStyle(one);
      const edges = ["Top", "Right", "Bottom", "Left"].some((side) => style[`border${side}Style`] !== "none" && Number.parseFloat(style[`border${side}Width`]) > 0);
      return edges || (style.outlineStyle !== "none" && Number.parseFloat(style.outlineWidth) > 0) || style.textDecorationLine !== "none" || Number(style.fontWeight) >= 600;
    };
    // A field may stand in a box that has the edge.
    return !seen(element) && !(element.parentElement && seen(element.parentElement));
  }).map((element) => element.outerHTML.slice(0, 200)));
}

/** Keeps a picture of the page, where somebody wants them. */
export async function shot(page, name, fullPage = true) {
  if (!SHOTS) return;
  mkdirSync(SHOTS, { recursive: true });
  await page.screenshot({ path: join(SHOTS, `${name}.png`), fullPage });
}
