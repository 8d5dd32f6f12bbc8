// The shapes of settings, as the node describes them (`/openapi.json`), and what a form makes of them.

import { get } from "../../../shell/api";

/** The part of JSON Schema that the node's description uses. */
export interface Schema {
  type?: string | string[];
  enum?: (string | null)[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  additionalProperties?: boolean | Schema;
  propertyNames?: Schema;
  pattern?: string;
  format?: string;
  contentMediaType?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  minItems?: number;
  maxItems?: number;
  maxProperties?: number;
  default?: unknown;
  examples?: unknown[];
  writeOnly?: boolean;
}

export type Value = string | number | boolean | null | undefined | Value[] | { [name: string]: Value };
export type Doc = { [name: string]: Value };

/** What a member is in a form. */
export type Kind = "text" | "long" | "integer" | "switch" | "three" | "choice" | "secret" | "choices" | "list" | "objects" | "object" | "map";

/** What stands for a secret that is set. */
export const SET = "(set)";
/** From so many characters on a text has several lines. */
const LONG_FROM = 1_000;

let asked: Promise<Record<string, Schema>> | null = null;

/** The shapes of all documents by their names. */
export function schemas(): Promise<Record<string, Schema>> {
  asked ??= get<{ components: { schemas: Record<string, Schema> } }>("/openapi.json").then(
    (told) => told.components.schemas,
    (error: unknown) => {
      asked = null;
      throw error;
    },
  );
  return asked;
}

function types(schema: Schema): string[] {
  return (Array.isArray(schema.type) ? schema.type : [schema.type ?? "string"]).filter((type) => type !== "null");
}

/** The values that may be chosen. */
export function choices(schema: Schema): string[] {
  return (schema.enum ?? []).filter((value): value is string => value !== null);
}

export function kindOf(schema: Schema): Kind {
  const is = types(schema);
  if (schema.writeOnly) return "secret";
  if (schema.enum) return "choice";
  if (is.includes("boolean")) return schema.default === undefined ? "three" : "switch";
  if (is.includes("array")) {
    if (schema.items?.enum) return "choices";
    return schema.items?.properties ? "objects" : "list";
  }
  if (is.includes("object")) return schema.properties ? "object" : "map";
  if (is.includes("integer") && !is.includes("string")) return "integer";
  // An address has one line, however long it may be.
  return (schema.maxLength ?? 0) >= LONG_FROM && !schema.format?.startsWith("uri") ? "long" : "text";
}

/** The member that holds a secret once it is kept. */
export function keptAs(schema: Schema, name: string): string | undefined {
  return [`${name}_sealed`, `${name}_hash`, `${name}_digest`].find((kept) => schema.properties?.[kept]);
}

/** The members of a shape that a form shows: what is kept of a secret belongs to the secret. */
export function members(schema: Schema): string[] {
  return Object.keys(schema.properties ?? {}).filter((name) => !schema.properties?.[name]?.examples?.includes(SET));
}

/** The pointer (RFC 6901) of a member below another. */
export function below(pointer: string, name: string | number): string {
  return `${pointer}/${String(name).replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

function isEmpty(value: Value): boolean {
  return value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0);
}

/** What is sent: without members that are not filled in, numbers as numbers. */
export function cleaned(value: Value, schema: Schema): Value {
  switch (kindOf(schema)) {
    case "integer":
      return typeof value === "string" && /^\d+$/.test(value.trim()) ? Number(value.trim()) : value === "" ? undefined : value;
    case "text":
    case "long":
      return value === "" ? undefined : typeof value === "number" ? String(value) : value;
    case "list":
    case "objects": {
      const items = Array.isArray(value) ? value.map((item) => cleaned(item, schema.items ?? {})).filter((item) => !isEmpty(item)) : [];
      return items.length > 0 ? items : undefined;
    }
    case "choices":
      return isEmpty(value) ? undefined : value;
    case "map": {
      if (!isDoc(value)) return undefined;
      const shape = typeof schema.additionalProperties === "object" ? schema.additionalProperties : {};
      const entries = Object.entries(value).map(([name, item]) => [name, cleaned(item, shape)] as const);
      const filled = entries.filter(([name, item]) => name !== "" && !isEmpty(item));
      return filled.length > 0 ? Object.fromEntries(filled) : undefined;
    }
    case "object": {
      if (!isDoc(value)) return undefined;
      return cleanedDocument(value, schema);
    }
    default:
      return isEmpty(value) ? undefined : value;
  }
}

export function cleanedDocument(document: Doc, schema: Schema): Doc {
  const sent: Doc = {};
  for (const name of Object.keys(schema.properties ?? {}).sort()) {
    const shape = schema.properties?.[name];
    const value = shape && cleaned(document[name], shape);
    if (value !== undefined && value !== null) sent[name] = value;
  }
  // Whoever types a new secret gives up the one that is kept.
  for (const name of members(schema)) {
    const kept = keptAs(schema, name);
    if (kept && sent[name] !== undefined) delete sent[kept];
  }
  return sent;
}

export function isDoc(value: Value): value is Doc {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether two documents say the same. */
export function same(one: Value, other: Value): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
