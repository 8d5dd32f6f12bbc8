// What every page keeps in every state.

import assert from "node:assert/strict";
import { overflows, shot, unlabelled, violations } from "./browser.mjs";

/** Axe and our own checks, in this window and in a narrow one, mirrored too. */
export async function check(page, name) {
  assert.deepEqual(await violations(page), [], `${name}: what axe finds`);
  assert.deepEqual(await unlabelled(page), [], `${name}: fields without a label`);
  await shot(page, name);
  const size = page.viewportSize();
  await page.setViewportSize({ width: 320, height: 800 });
  assert.equal(await overflows(page), false, `${name}: wider than 320 pixels`);
  await shot(page, `${name}-narrow`);
  await page.evaluate(() => { document.documentElement.dir = "rtl"; });
  assert.equal(await overflows(page), false, `${name}: wider than 320 pixels, mirrored`);
  await page.evaluate(() => { document.documentElement.dir = "ltr"; });
  if (size) await page.setViewportSize(size);
}

/** The same in dark colours, where contrasts are others. */
export async function checkDark(page, name) {
  await page.emulateMedia({ colorScheme: "dark" });
  assert.deepEqual(await violations(page), [], `${name}: what axe finds in the dark`);
  await shot(page, `${name}-dark`);
  await page.emulateMedia({ colorScheme: "light" });
}
