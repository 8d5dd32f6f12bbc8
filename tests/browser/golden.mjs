// Accessible trees as they were judged by eye and ear, one file for each state of a page.
//
// `GOLDEN_WRITE=1` writes them anew; the difference is then read before it is committed.

import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL("golden/", import.meta.url));

/** Takes out what differs from run to run: times, ports, references, durations. */
function steady(tree) {
  return tree
    .replace(/\d{1,2}\/\d{1,2}\/\d{4}|\d{1,2} [A-Z][a-z]{2} \d{4}|[A-Z][a-z]{2} \d{1,2}, \d{4}/g, "DAY")
    .replace(/\d{4}-\d{2}-\d{2}T[\d:.]+Z/g, "TIME")
    .replace(/(DAY,? )?\b\d{1,2}:\d{2}:\d{2}\b/g, "TIME")
    .replace(/\b(\d+ (secs?|mins?|hrs?|days?)( |$|(?=["\n,.])))+/gm, "LASTING ")
    .replace(/(localhost|127\.0\.0\.1):\d{2,5}/g, "NODE")
    .replace(/(Port of [^:;]*: )\d+/g, "$1PORT")
    .replace(/Reference [A-Z0-9]{8}/g, "Reference REFERENCE")
    .replace(/LASTING +/g, "LASTING ");
}

/** Compares the accessible tree of a part of a page with the one that is kept. */
export async function golden(locator, name) {
  const tree = `${steady(await locator.ariaSnapshot())}\n`;
  const file = `${FOLDER}${name}.yml`;
  if (process.env.GOLDEN_WRITE) {
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(file, tree);
    return;
  }
  assert.ok(existsSync(file), `${name} has no golden tree; GOLDEN_WRITE=1 makes one, to be read`);
  assert.equal(tree, readFileSync(file, "utf8"), `the accessible tree of ${name} changed`);
}
