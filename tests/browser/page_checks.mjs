// What every page keeps in every state.

import assert from "node:assert/strict";
import { cutOff, overflows, shot, unlabelled, unmarked, violations } from "./browser.mjs";
import { until } from "./node.mjs";

/** Axe and our own checks: in this window, with text twice as large, in forced colours, and narrow, mirrored too. */
export async function check(page, name) {
  assert.deepEqual(await violations(page), [], `${name}: what axe finds`);
  assert.deepEqual(await unlabelled(page), [], `${name}: fields without a label`);
  await shot(page, name);
  await checkLarge(page, name);
  await checkForced(page, name);
  const size = page.viewportSize();
  await page.setViewportSize({ width: 320, height: 800 });
  assert.equal(await overflows(page), false, `${name}: wider than 320 pixels`);
  await shot(page, `${name}-narrow`);
  await page.evaluate(() => { document.documentElement.dir = "rtl"; });
  assert.equal(await overflows(page), false, `${name}: wider than 320 pixels, mirrored`);
  await page.evaluate(() => { document.documentElement.dir = "ltr"; });
  if (size) await page.setViewportSize(size);
}

/** With text of 200 % nothing is wider than the window, cut off or squeezed (WCAG 1.4.4). */
async function checkLarge(page, name) {
  const client = await page.context().newCDPSession(page);
  // As somebody sets it in the browser: the widths at which the layout changes follow.
  const sized = async (standard, fixed) => {
    await client.send("Page.setFontSizes", { fontSizes: { standard, fixed } });
    await until(() => page.evaluate((size) => getComputedStyle(document.documentElement).fontSize === size, `${standard}px`), `text of ${standard} px`);
  };
  await sized(32, 26);
  assert.equal(await overflows(page), false, `${name}: wider than its window with text of 200 %`);
  assert.deepEqual(await cutOff(page), [], `${name}: text that is cut off or squeezed at 200 %`);
  // A picture of more than the window would set the size back.
  await shot(page, `${name}-large`, false);
  await sized(16, 13);
  await client.detach();
}

/** In forced colours everything can be read, and what is chosen or wrong is told by more than a background. */
async function checkForced(page, name) {
  await page.emulateMedia({ forcedColors: "active" });
  assert.deepEqual(await violations(page, ["color-contrast"]), [], `${name}: what axe finds in forced colours`);
  assert.deepEqual(await unmarked(page), [], `${name}: what nobody sees in forced colours`);
  await shot(page, `${name}-forced`);
  await page.emulateMedia({ forcedColors: "none" });
}

/** The same in dark colours, where contrasts are others. */
export async function checkDark(page, name) {
  await page.emulateMedia({ colorScheme: "dark" });
  assert.deepEqual(await violations(page), [], `${name}: what axe finds in the dark`);
  await shot(page, `${name}-dark`);
  await page.emulateMedia({ colorScheme: "light" });
}
