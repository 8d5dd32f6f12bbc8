// The parts of the settings: what each is called, for whom it is, and the words of its fields in all languages.
//
// Words stand in `sections/NAME.json`, named as the resource is; a test compares them with the node's own
// description, so that no field of any of them lacks a language.

import { language } from "../../language";
import accounts from "./sections/accounts.json";
import agents from "./sections/agents.json";
import alarms from "./sections/alarms.json";
import channels from "./sections/channels.json";
import csqs from "./sections/csqs.json";
import ctiPairs from "./sections/cti-pairs.json";
import devices from "./sections/devices.json";
import directories from "./sections/directories.json";
import emailSignatures from "./sections/email-signatures.json";
import headset from "./sections/headset.json";
import identityProviders from "./sections/identity-providers.json";
import identity from "./sections/identity-settings.json";
import layouts from "./sections/layouts.json";
import logging from "./sections/logging.json";
import mailServers from "./sections/mail-servers.json";
import mailSettings from "./sections/mail-settings.json";
import oauthClients from "./sections/oauth-clients.json";
import phoneService from "./sections/phone-service.json";
import predefinedResponses from "./sections/predefined-responses.json";
import proxies from "./sections/proxies.json";
import reasonCodes from "./sections/reason-codes.json";
import retention from "./sections/retention.json";
import roles from "./sections/roles.json";
import signOn from "./sections/sign-on-settings.json";
import sip from "./sections/sip.json";
import skills from "./sections/skills.json";
import teams from "./sections/teams.json";
import trust from "./sections/trust.json";
import voice from "./sections/voice.json";
import wrapUpCategories from "./sections/wrap-up-categories.json";

/** English, then German. */
export type Both = [string, string];

export interface FieldWords {
  label: Both;
  help: Both;
  /** For lists: what one entry is called. */
  item?: Both;
  /** What the values are called. */
  options?: Record<string, Both>;
}

export type GroupName = "people" | "phones" | "contact_centre" | "digital" | "security" | "upkeep";

/** Where names of a field come from: a list of the settings, or one of few others. */
export type ReferenceTo = "agents" | "teams" | "layouts" | "cti-pairs" | "directories" | "directories_and_providers" | "identity-providers" | "skills" | "csqs" | "mail-servers" | "nodes" | "next_hops" | "not_ready_reasons" | "variables";

interface Written {
  schema: string;
  /** The section's key in a settings file. */
  file: string;
  group: GroupName;
  title: Both;
  intro: Both;
  /** For lists: one of them, and what to do where there is none. */
  one?: Both;
  empty?: Both;
  /** The members that name a document; none where there is one document only. */
  named_by?: string[];
  /** The fields that come first; the others stand under "More". */
  essential?: string[];
  /** The columns of the list. */
  columns?: string[];
  /** What a new document begins with. */
  prefilled?: Record<string, string>;
  /** Members that a copy does not take along. */
  not_copied?: string[];
  references?: Record<string, ReferenceTo>;
  fields: Record<string, FieldWords>;
}

export interface SectionEntry extends Written {
  path: string;
  named_by: string[];
}

function entry(path: string, written: unknown): SectionEntry {
  const told = written as Written;
  return { ...told, path, named_by: told.named_by ?? [] };
}

export const SECTIONS: SectionEntry[] = [
  entry("agents", agents),
  entry("teams", teams),
  entry("skills", skills),
  entry("accounts", accounts),
  entry("roles", roles),
  entry("sign-on-settings", signOn),
  entry("devices", devices),
  entry("phone-service", phoneService),
  entry("layouts", layouts),
  entry("headset", headset),
  entry("sip", sip),
  entry("cti-pairs", ctiPairs),
  entry("reason-codes", reasonCodes),
  entry("voice", voice),
  entry("csqs", csqs),
  entry("mail-servers", mailServers),
  entry("mail-settings", mailSettings),
  entry("channels", channels),
  entry("predefined-responses", predefinedResponses),
  entry("email-signatures", emailSignatures),
  entry("wrap-up-categories", wrapUpCategories),
  entry("directories", directories),
  entry("identity-settings", identity),
  entry("identity-providers", identityProviders),
  entry("oauth-clients", oauthClients),
  entry("trust", trust),
  entry("proxies", proxies),
  entry("alarms", alarms),
  entry("logging", logging),
  entry("retention", retention),
];

export const GROUPS: GroupName[] = ["people", "phones", "contact_centre", "digital", "security", "upkeep"];

export function sectionOf(path: string | undefined): SectionEntry | undefined {
  return SECTIONS.find((section) => section.path === path);
}

/** The text of the language that is spoken. */
export function spoken(both: Both | undefined): string {
  return both?.[language.value === "de" ? 1 : 0] ?? "";
}

/** The words of a field, by its path without places in lists. */
export function fieldWords(section: SectionEntry, path: string): FieldWords {
  return section.fields[path] ?? { label: [path, path], help: ["", ""] };
}

/** What a member is called: what is kept of a secret as the secret is, and what nobody knows by its path. */
export function memberLabel(section: SectionEntry, path: string): string {
  const known = section.fields[path] ?? section.fields[path.replace(/_(sealed|hash|digest)$/, "")];
  return known ? spoken(known.label) : path.split(".").at(-1) ?? path;
}

/** Members in the order in which their words are written; others last. */
export function inOrder(section: SectionEntry, path: string, names: string[]): string[] {
  const before = path === "" ? "" : `${path}.`;
  const order = Object.keys(section.fields);
  const rank = (name: string) => {
    const at = order.indexOf(`${before}${name}`);
    return at < 0 ? order.length : at;
  };
  return [...names].sort((one, other) => rank(one) - rank(other));
}

/** What a value of a field is called. */
export function optionLabel(section: SectionEntry, path: string, value: string): string {
  const option = fieldWords(section, path).options?.[value];
  return option ? spoken(option) : value;
}

/** The name of a document as its path has it. */
export function nameOf(section: SectionEntry, document: Record<string, unknown>): string {
  return section.named_by.map((member) => String(document[member] ?? "")).join("/");
}

/** What people call a document, with its name. */
export function titleOf(section: SectionEntry, document: Record<string, unknown>): string {
  const name = section.named_by.map((member) => optionLabel(section, member, String(document[member] ?? ""))).join(" ");
  const called = section.named_by.includes("name") ? undefined : document.name ?? document.label;
  return typeof called === "string" && called !== "" ? `${called} (${name})` : name;
}

/** The address of a document at the node. */
export function resource(section: SectionEntry, name: string): string {
  if (section.named_by.length === 0) return `/${section.path}`;
  // Reason codes have two parts; other names may hold a slash.
  const parts = section.named_by.length > 1 ? name.split("/") : [name];
  return `/${[section.path, ...parts].map(encodeURIComponent).join("/")}`;
}

/** The page of a document. */
export function pageOf(section: SectionEntry, name?: string): string {
  if (name === undefined || section.named_by.length === 0) return `#/settings/${section.path}`;
  const parts = section.named_by.length > 1 ? name.split("/") : [name];
  return `#/settings/${[section.path, ...parts].map(encodeURIComponent).join("/")}`;
}
