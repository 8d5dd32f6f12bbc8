// What a reply may have at most; the node holds the same limits, here they are told before anything is sent.

import { bytes, fill } from "../shell/language";
import type { AnswerFile } from "./answers";
import { words } from "./texts";

export const RECIPIENTS_MAX = 20;
export const FILES_MAX = 10;
export const FILE_BYTES_MAX = 10 * 1024 * 1024;
export const FILES_BYTES_MAX = 20 * 1024 * 1024;
export const WRAP_UP_MAX = 5;

/** Why a file cannot be added to those that are there, or nothing. */
export function whyNotFile(file: { name: string; size: number }, there: AnswerFile[]): string {
  if (there.length >= FILES_MAX) return fill(words().files.tooMany, { name: file.name, most: FILES_MAX });
  if (file.size > FILE_BYTES_MAX) return fill(words().files.tooLarge, { name: file.name, size: bytes(file.size), most: "10 MB" });
  const all = there.reduce((sum, one) => sum + one.bytes, file.size);
  if (all > FILES_BYTES_MAX) return fill(words().files.tooMuch, { name: file.name, most: "20 MB" });
  if (file.size === 0) return fill(words().files.nothing, { name: file.name });
  return "";
}

/** The address within what somebody typed: `Ann <ann@example.org>` or the address alone. */
export function addressWithin(text: string): string {
  return (/<([^<>]*)>\s*$/.exec(text)?.[1] ?? text).trim();
}

/** Whether that looks like an address; the node looks closer. */
export function isAddress(text: string): boolean {
  const address = addressWithin(text);
  return address.length <= 254 && /^[^\s@<>,;"]{1,64}@[^\s@<>,;"]+\.?[^\s@<>,;".]+$/u.test(address);
}
