// What is plainly wrong with a document is said at its field before it is sent, in the node's own words.

import { fill } from "../../../shell/language";
import { below, choices, isDoc, keptAs, kindOf, members, type Doc, type Schema, type Value } from "./schema";
import { words } from "./texts";

/** What is wrong, by the pointer of the member. */
export type Faults = Map<string, string[]>;

export function told(faults: Faults, pointer: string): string | undefined {
  return faults.get(pointer)?.join(" ");
}

export function add(faults: Faults, pointer: string, message: string): void {
  faults.set(pointer, [...(faults.get(pointer) ?? []), message]);
}

/** Checks a cleaned document. */
export function check(document: Doc, schema: Schema, named: string[]): Faults {
  const faults: Faults = new Map();
  for (const name of named) {
    if (document[name] === undefined) add(faults, below("", name), words().wrong.missing);
  }
  checkMembers(document, schema, "", faults);
  return faults;
}

function checkMembers(document: Doc, schema: Schema, pointer: string, faults: Faults): void {
  for (const name of members(schema)) {
    const shape = schema.properties?.[name];
    if (!shape) continue;
    const value = document[name];
    const place = below(pointer, name);
    if (value === undefined) {
      const kept = keptAs(schema, name);
      if (schema.required?.includes(name) && !(kept && document[kept] !== undefined) && !faults.has(place)) {
        add(faults, place, words().wrong.missing);
      }
      continue;
    }
    checkValue(value, shape, place, faults);
  }
}

function checkValue(value: Value, schema: Schema, pointer: string, faults: Faults): void {
  switch (kindOf(schema)) {
    case "integer":
      checkNumber(value, schema, pointer, faults);
      return;
    case "text":
    case "long":
    case "secret":
      checkText(String(value), schema, pointer, faults);
      return;
    case "choice":
      if (!choices(schema).includes(String(value))) add(faults, pointer, words().wrong.choice);
      return;
    case "list":
    case "objects":
    case "choices": {
      if (!Array.isArray(value)) return;
      if (schema.maxItems !== undefined && value.length > schema.maxItems) {
        add(faults, pointer, fill(words().wrong.tooMany, { count: value.length, most: schema.maxItems }));
      }
      value.forEach((item, place) => checkValue(item, schema.items ?? {}, below(pointer, place), faults));
      return;
    }
    case "object":
      if (isDoc(value)) checkMembers(value, schema, pointer, faults);
      return;
    case "map": {
      if (!isDoc(value)) return;
      const shape = typeof schema.additionalProperties === "object" ? schema.additionalProperties : {};
      for (const [name, item] of Object.entries(value)) {
        if (shape.type || shape.pattern) checkValue(item, shape, below(pointer, name), faults);
        if (schema.propertyNames) checkText(name, schema.propertyNames, below(pointer, name), faults);
      }
      return;
    }
    default:
  }
}

function checkNumber(value: Value, schema: Schema, pointer: string, faults: Faults): void {
  const least = schema.minimum ?? 0;
  const most = schema.maximum ?? Number.MAX_SAFE_INTEGER;
  if (typeof value !== "number" || value < least || value > most) {
    add(faults, pointer, fill(words().wrong.number, { least, most, value: String(value) }));
  }
}

function checkText(text: string, schema: Schema, pointer: string, faults: Faults): void {
  const length = [...text].length;
  const least = schema.minLength ?? 0;
  const most = schema.maxLength ?? Number.MAX_SAFE_INTEGER;
  if (length < least) add(faults, pointer, fill(words().wrong.short, { least, length }));
  else if (length > most) add(faults, pointer, fill(words().wrong.long, { most, length }));
  else if (schema.pattern && !new RegExp(schema.pattern).test(text)) add(faults, pointer, patternWords(schema.pattern, most));
}

/** What a pattern means. Its length is part of most; how long a text may be is said by itself. */
function patternWords(pattern: string, most: number): string {
  const body = pattern.replace(/\{\d+(,\d*)?\}/g, "");
  const told = words().patterns[body];
  return told ? fill(told, { most }) : words().wrong.characters;
}

// The node says what is wrong in English. What it says often is said in the language of the console, too.
const OFTEN: [RegExp, (found: RegExpExecArray) => string][] = [
  [/^is missing$/, () => words().wrong.missing],
  [/^must be a whole number from (\d+) to (\d+), not (.*)$/, ([, least = "", most = "", value = ""]) => fill(words().wrong.number, { least, most, value })],
  [/^must be 0 \((.*)\) or (\d+) to (\d+) seconds, not (\d+)$/, ([, zero = "", least = "", most = "", value = ""]) => fill(words().wrong.zeroOr, { zero: zero === "never" ? words().never : zero, least, most, value })],
  [/^names "(.*)", which is not in .*$/, ([, name = ""]) => fill(words().wrong.unknown, { name })],
  [/^is "(.*)", which is not in .*$/, ([, name = ""]) => fill(words().wrong.unknown, { name })],
  [/^has "?(.*?)"?, who is not in agents$/, ([, name = ""]) => fill(words().wrong.unknown, { name })],
  [/^has "(.*)", which is not in skills$/, ([, name = ""]) => fill(words().wrong.unknown, { name })],
  [/^has (.*) more than once; keep one$/, ([, name = ""]) => fill(words().wrong.twice, { name })],
  [/^must have at least (\d+) characters/, ([, least = ""]) => fill(words().wrong.password, { least })],
  [/^must be a host name or an address, without port and scheme$/, () => words().wrong.host],
  [/^is missing beside the user$/, () => words().wrong.besideUser],
];

/** The words for what the node says of a member. */
export function inWords(message: string): string {
  for (const [pattern, say] of OFTEN) {
    const found = pattern.exec(message);
    if (found) return say(found);
  }
  return message;
}
