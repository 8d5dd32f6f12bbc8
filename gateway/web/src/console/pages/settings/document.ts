// One document of the settings: reading it, saving it, and finding out what somebody else did to it meanwhile.

import { Problem, send } from "../../../shell/api";
import { add, inWords, type Faults } from "./check";
import { SET, isDoc, kindOf, members, same, type Doc, type Schema, type Value } from "./schema";
import { nameOf, pageOf, resource, SECTIONS, type SectionEntry } from "./sections";

/** A document as it was read. */
export interface Read {
  document: Doc;
  tag: string | null;
}

export async function read(section: SectionEntry, name: string): Promise<Read> {
  const answer = await send<Doc>("GET", resource(section, name));
  return { document: answer.body, tag: answer.tag };
}

/** What the node says of a change. */
export interface Changed {
  changed: boolean;
  warnings: { key: string; message: string }[];
}

export async function write(section: SectionEntry, name: string, document: Doc, tag: string | null): Promise<Changed> {
  return (await send<Changed>("PUT", resource(section, name), { body: document, tag })).body;
}

export async function remove(section: SectionEntry, name: string): Promise<void> {
  await send("DELETE", resource(section, name));
}

/** A new document out of another: nothing in it that must not be there twice, and no secret. */
export function copyOf(document: Doc, section: SectionEntry, schema: Schema): Doc {
  const copied = withoutSecrets(document, schema);
  for (const member of [...section.named_by, ...(section.not_copied ?? [])]) delete copied[member];
  return copied;
}

function withoutSecrets(document: Doc, schema: Schema): Doc {
  const shown = new Set(members(schema));
  const rest: Doc = {};
  for (const [name, value] of Object.entries(document)) {
    const shape = schema.properties?.[name];
    if (!shown.has(name) || !shape || value === SET) continue;
    const items = shape.items;
    if (isDoc(value) && kindOf(shape) === "object") rest[name] = withoutSecrets(value, shape);
    else if (Array.isArray(value) && items?.properties) {
      rest[name] = value.map((item) => isDoc(item) ? withoutSecrets(item, items) : item);
    } else rest[name] = value;
  }
  return rest;
}

/** The faults that a problem names, each at its member. */
export function faultsOf(problem: Problem): Faults {
  const faults: Faults = new Map();
  for (const error of problem.errors) {
    const pointer = error.pointer ?? `/${error.field.replaceAll(".", "/").replace(/\[(\d+)\]/g, "/$1")}`;
    add(faults, pointer, inWords(error.message));
  }
  return faults;
}

/** One difference between what is typed here and what somebody else made of it. */
export interface Difference {
  /** The member, or `a.b` below an object. */
  path: string;
  theirs: Value;
  mine: Value;
  /** Whether it was changed here. */
  isMine: boolean;
}

/** Where `mine` and `theirs` differ, both made out of `base`. */
export function differences(base: Doc, mine: Doc, theirs: Doc, schema: Schema): Difference[] {
  const found: Difference[] = [];
  const walk = (base: Doc, mine: Doc, theirs: Doc, schema: Schema, before: string) => {
    for (const name of Object.keys(schema.properties ?? {})) {
      const shape = schema.properties?.[name];
      if (!shape || same(mine[name], theirs[name])) continue;
      const [one, other, old] = [mine[name], theirs[name], base[name]];
      const path = before === "" ? name : `${before}.${name}`;
      if (isDoc(one) && isDoc(other) && kindOf(shape) === "object") walk(isDoc(old) ? old : {}, one, other, shape, path);
      else found.push({ path, theirs: other, mine: one, isMine: !same(one, old) });
    }
  };
  walk(base, mine, theirs, schema, "");
  return found;
}

/** `document` with the member at that path set. */
export function withMember(document: Doc, path: string, value: Value): Doc {
  const [first = "", ...rest] = path.split(".");
  if (rest.length === 0) return { ...document, [first]: value };
  const below = document[first];
  return { ...document, [first]: withMember(isDoc(below) ? below : {}, rest.join("."), value) };
}

/** Somebody who names what is to be deleted. */
export interface Namer {
  section: SectionEntry;
  name: string;
  page: string;
  field: string;
}

/** Who names it, out of what the node says: it counts places in a settings file. */
export async function namers(problem: Problem): Promise<Namer[]> {
  const file = (await send<Record<string, Value>>("GET", "/settings")).body;
  const found: Namer[] = [];
  for (const error of problem.errors) {
    const [, key = "", place, field = ""] = /^\/(\w+)(?:\/(\d+))?(?:\/(.*))?$/.exec(error.pointer ?? "") ?? [];
    const section = SECTIONS.find((it) => it.file === key);
    if (!section) continue;
    const list = file[key];
    const entry = place !== undefined && Array.isArray(list) ? list[Number(place)] : undefined;
    const name = entry && isDoc(entry) ? nameOf(section, entry) : "";
    found.push({ section, name, page: pageOf(section, name === "" ? undefined : name), field });
  }
  return found;
}
