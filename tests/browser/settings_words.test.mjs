// Every field of every setting has words in every language, and every rule of a text can be said.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";

const at = (path) => new URL(`../../${path}`, import.meta.url);
const read = (path) => readFileSync(at(path), "utf8");
const PAGE = "gateway/web/src/console/pages/settings";
const described = JSON.parse(read("schemas/openapi.json"));
const shapes = described.components.schemas;

/** The resources of the settings, by their paths, with the name of their shape. */
const resources = new Map(Object.entries(described.paths)
  .filter(([path, item]) => item.put?.tags?.includes("Settings") && path !== "/api/v1/settings")
  .map(([path, item]) => [path.replace("/api/v1/", "").split("/")[0], item.put.requestBody.content["application/json"].schema.$ref.split("/").at(-1)]));

const isBoth = (pair) => Array.isArray(pair) && pair.length === 2 && pair.every((text) => typeof text === "string");
const types = (shape) => [shape.type ?? "string"].flat();

/** Every member below a shape: its path and its own shape. What is kept of a secret belongs to the secret. */
function* fields(shape, before = "") {
  for (const [name, member] of Object.entries(shape.properties ?? {})) {
    const plain = name.replace(/_(sealed|hash|digest)$/, "");
    if (plain !== name && shape.properties[plain]?.writeOnly) continue;
    const path = before + name;
    yield [path, member];
    yield* fields(member, `${path}.`);
    if (member.items) yield* fields(member.items, `${path}.`);
    if (types(member).includes("object") && !member.properties) {
      yield [`${path}.name`, {}];
      yield [`${path}.value`, {}];
    }
  }
}

test("byd_08_every_setting_has_words_in_every_language", () => {
  assert.ok(resources.size >= 19, "the resources are found");
  const wrong = [];
  for (const [path, shape] of resources) {
    if (!existsSync(at(`${PAGE}/sections/${path}.json`))) {
      wrong.push(`${path} has no words`);
      continue;
    }
    const words = JSON.parse(read(`${PAGE}/sections/${path}.json`));
    const say = (what) => wrong.push(`${path}: ${what}`);
    if (words.schema !== shape) say(`has the words of ${words.schema}`);
    if (!read(`${PAGE}/sections.ts`).includes(`entry("${path}", `)) say("is in no list of sections");
    for (const text of ["title", "intro", ...(words.named_by ? ["one", "empty"] : [])]) {
      if (!isBoth(words[text]) || words[text].includes("")) say(`no ${text}`);
    }
    const known = new Map(fields(shapes[shape]));
    for (const [field, member] of known) {
      const told = words.fields[field];
      if (!told || !isBoth(told.label) || told.label.includes("")) say(`${field} has no label`);
      // Help is there in both languages or, where the label says all, in none.
      else if (!isBoth(told.help) || (told.help[0] === "") !== (told.help[1] === "")) say(`${field} has help in one language only`);
      if (types(member).includes("array") && !member.items.enum && !(isBoth(told?.item) && !told.item.includes(""))) say(`${field} does not say what an entry is called`);
      for (const value of (member.enum ?? member.items?.enum ?? []).filter((value) => value !== null)) {
        const option = told?.options?.[value];
        if (!isBoth(option) || option.includes("")) say(`${field} does not say what ${value} is`);
      }
      const unit = /_(seconds|milliseconds|minutes|hours|days|percent)(_max|_min)?$/.exec(field)?.[1];
      if (unit && told && !/\(.+\)/.test(told.label[0] + told.label[1])) say(`${field} has no unit in its label`);
    }
    for (const field of Object.keys(words.fields)) if (!known.has(field)) say(`${field} is no field any more`);
    for (const field of [...(words.essential ?? []), ...(words.columns ?? []), ...(words.named_by ?? []), ...Object.keys(words.references ?? {})]) {
      if (!known.has(field)) say(`${field} is named but is no field`);
    }
  }
  assert.deepEqual(wrong, []);
});

test("every_rule_of_a_text_is_said_in_every_language", () => {
  const source = read(`${PAGE}/texts.ts`);
  const missing = new Set();
  for (const shape of resources.values()) {
    for (const [, member] of fields(shapes[shape])) {
      for (const { pattern } of [member, member.items ?? {}, member.propertyNames ?? {}, typeof member.additionalProperties === "object" ? member.additionalProperties : {}]) {
        if (!pattern) continue;
        // Chromium and node read patterns alike: what the node of the deployment describes can be used.
        new RegExp(pattern);
        const body = pattern.replace(/\{\d+(,\d*)?\}/g, "");
        if (source.split(`${JSON.stringify(body)}: `).length !== 3) missing.add(body);
      }
    }
  }
  assert.deepEqual([...missing], []);
});
