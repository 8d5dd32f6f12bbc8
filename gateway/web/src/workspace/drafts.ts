// The answers that are being written, one for each contact.
//
// ```text
//  key --> kept in this browser at once --pause of 1 s, at most 10 s--> saved at the node (version)
//          node away: kept, tried again        version of another: conflict, the writer chooses
//          no answer came: the same once more, which the node knows as its own, then what was typed since
//  sending: saved first --> sent | refused(reason) | unknown: looked up before it may be sent again
// ```
// What is kept here belongs to one agent and one contact, and goes with the contact; nothing else is kept.

import { signal, type Signal } from "@preact/signals";
import { Problem, send } from "../shell/api";
import * as storage from "../shell/kept";
import { problemOf } from "../shell/use";
import type { AnswerFile, Draft, Mode, OpenContact } from "./answers";
import { words } from "./texts";

/** What an agent writes. */
export interface Fields {
  mode: Mode;
  to: string[];
  cc: string[];
  bcc: string[];
  subject: string;
  html: string;
}

export type Saving = "saved" | "unsaved" | "saving" | "away" | "conflict" | "refused";
export type Sending = "idle" | "sending" | "sent" | "refused" | "unknown";

/** An answer that is being written. */
export interface Answer {
  readonly contact: string;
  fields: Signal<Fields>;
  files: Signal<AnswerFile[]>;
  version: number;
  /** What the node was asked to save without an answer: it may have it. */
  unanswered: Fields | null;
  saving: Signal<Saving>;
  savedAt: Signal<string | null>;
  sending: Signal<Sending>;
  problem: Signal<Problem | null>;
  /** Rises when the text was set from outside the editor. */
  texts: Signal<number>;
}

interface Kept extends Fields {
  version: number;
  /** Whether the node has not got it yet. */
  dirty: boolean;
  unanswered?: Fields | null;
}

const PAUSE_MILLISECONDS = 1_000;
const UNSAVED_MILLISECONDS_MAX = 10_000;
const RETRY_MILLISECONDS = 4_000;
const SAVES_BEFORE_LEAVING = 3;

const answers = new Map<string, Answer>();
const owners = new Map<string, string>();
const timers = new Map<string, { timer: ReturnType<typeof setTimeout>; since: number }>();
/** Saves that go on; the next waits for the one before. */
const running = new Map<string, Promise<boolean>>();

const key = (agent: string, contact: string) => `jackfield.draft.${agent}.${contact}`;
const at = (contact: string, ...more: string[]) => `/workspace/contacts/${encodeURIComponent(contact)}/${more.map(encodeURIComponent).join("/")}`;

function read(agent: string, contact: string): Kept | null {
  try {
    const kept = JSON.parse(storage.kept(key(agent, contact)) ?? "null") as Kept | null;
    return kept && typeof kept.html === "string" && Array.isArray(kept.to) ? kept : null;
  } catch {
    return null;
  }
}

function keep(answer: Answer): void {
  const agent = owners.get(answer.contact);
  if (!agent) return;
  const kept: Kept = { ...answer.fields.value, version: answer.version, dirty: answer.saving.value !== "saved", unanswered: answer.unanswered };
  try {
    storage.keep(key(agent, answer.contact), JSON.stringify(kept));
  } catch {
    // No room: the node has it after the next pause.
  }
}

function answerOf(contact: string, fields: Fields, version: number, files: AnswerFile[], savedAt: string | null): Answer {
  return {
    contact, fields: signal(fields), files: signal(files), version, unanswered: null, saving: signal<Saving>("saved"), savedAt: signal(savedAt),
    sending: signal<Sending>("idle"), problem: signal<Problem | null>(null), texts: signal(0),
  };
}

const fieldsOf = ({ mode, to, cc, bcc, subject, html }: Fields): Fields => ({ mode, to, cc, bcc, subject, html });

/** The answer to a contact that was begun, here or elsewhere; `null` where none was. */
export function begun(agent: string, contact: Pick<OpenContact, "id" | "draft">): Answer | null {
  const there = answers.get(contact.id);
  if (there) return there;
  owners.set(contact.id, agent);
  const kept = read(agent, contact.id);
  const { draft } = contact;
  const takesKept = kept !== null && (kept.dirty || !draft || kept.version >= draft.version);
  const fields = takesKept ? fieldsOf(kept) : draft ? fieldsOf(draft) : null;
  if (!fields) return null;
  const version = takesKept ? kept.version : draft?.version ?? 0;
  const answer = answerOf(contact.id, fields, version, draft?.files ?? [], draft?.saved_at ?? null);
  answers.set(contact.id, answer);
  if (takesKept && (kept.dirty || !draft)) {
    answer.saving.value = "unsaved";
    answer.unanswered = kept.unanswered ? fieldsOf(kept.unanswered) : null;
    soon(answer, 0);
  }
  return answer;
}

/** Begins an answer. */
export function start(agent: string, contact: string, fields: Fields): Answer {
  owners.set(contact, agent);
  const answer = answerOf(contact, fields, 0, [], null);
  answers.set(contact, answer);
  return answer;
}

/** Takes what another tab of this browser wrote. */
export function takeKept(answer: Answer): void {
  const agent = owners.get(answer.contact);
  const kept = agent ? read(agent, answer.contact) : null;
  if (!kept) return;
  answer.fields.value = fieldsOf(kept);
  answer.version = Math.max(answer.version, kept.version);
  answer.texts.value += 1;
  // The state of its saving comes along: what the node has not got yet is saved before it is sent.
  answer.unanswered = kept.dirty && kept.unanswered ? fieldsOf(kept.unanswered) : null;
  answer.saving.value = kept.dirty ? "unsaved" : "saved";
  if (kept.dirty) soon(answer, 0);
}

/** Changes what is written; `texts` says that the editor must show it anew. */
export function change(answer: Answer, changed: Partial<Fields>, options: { texts?: boolean } = {}): void {
  answer.fields.value = { ...answer.fields.value, ...changed };
  if (options.texts) answer.texts.value += 1;
  if (answer.saving.value !== "conflict") answer.saving.value = "unsaved";
  if (answer.sending.value === "refused") answer.sending.value = "idle";
  keep(answer);
  if (answer.saving.value !== "conflict") soon(answer, PAUSE_MILLISECONDS);
}

function soon(answer: Answer, milliseconds: number): void {
  const before = timers.get(answer.contact);
  const since = before?.since ?? Date.now();
  if (before) clearTimeout(before.timer);
  const wait = Math.max(0, Math.min(milliseconds, since + UNSAVED_MILLISECONDS_MAX - Date.now()));
  const timer = setTimeout(() => { void save(answer); }, wait);
  timers.set(answer.contact, { timer, since });
}

/** Saves it at the node now; `false` where that came to nothing. */
export async function save(answer: Answer): Promise<boolean> {
  const before = running.get(answer.contact);
  if (before) await before;
  const timer = timers.get(answer.contact);
  if (timer) clearTimeout(timer.timer);
  timers.delete(answer.contact);
  if (answer.saving.value === "saved") return true;
  if (answer.saving.value === "conflict" || answers.get(answer.contact) !== answer) return false;
  const work = saveOnce(answer);
  running.set(answer.contact, work);
  try {
    return await work;
  } finally {
    running.delete(answer.contact);
  }
}

function isSame(one: Fields, other: Fields): boolean {
  return one === other || JSON.stringify(fieldsOf(one)) === JSON.stringify(fieldsOf(other));
}

/** Saves what is written for a contact before it leaves these hands, with all that was typed; says where it cannot. */
export async function saveBeforeLeaving(contact: string): Promise<void> {
  const answer = answers.get(contact);
  // What a lost answer left open is settled first, then what was typed since.
  for (let round = 0; answer && round < SAVES_BEFORE_LEAVING; round += 1) {
    if (await save(answer)) return;
    if (answer.saving.value !== "unsaved") throw new Problem(0, "not_saved", words().reply.notSaved);
  }
  if (answer) throw new Problem(0, "not_saved", words().reply.notSaved);
}

async function saveOnce(answer: Answer): Promise<boolean> {
  const fields = answer.unanswered ?? answer.fields.value;
  answer.unanswered = fields;
  answer.saving.value = "saving";
  keep(answer);
  try {
    const { body } = await send<{ version: number; saved_at: string }>("PUT", at(answer.contact, "draft"), { body: { ...fields, version: answer.version } });
    answer.version = body.version;
    answer.unanswered = null;
    answer.savedAt.value = body.saved_at;
    answer.problem.value = null;
    const isWhole = isSame(answer.fields.value, fields);
    answer.saving.value = isWhole ? "saved" : "unsaved";
    if (answers.get(answer.contact) === answer) keep(answer);
    if (!isWhole) soon(answer, PAUSE_MILLISECONDS);
    return isWhole;
  } catch (error) {
    const problem = problemOf(error);
    if (problem.status !== 0 && problem.status < 500) answer.unanswered = null;
    if (problem.status === 409 || problem.status === 412) answer.saving.value = "conflict";
    else if (problem.status === 0 || problem.status >= 500 || problem.status === 429) {
      answer.saving.value = "away";
      soonAgain(answer);
    } else {
      answer.saving.value = "refused";
      answer.problem.value = problem;
    }
    return false;
  }
}

function soonAgain(answer: Answer): void {
  if (answers.get(answer.contact) !== answer) return;
  const timer = setTimeout(() => { void save(answer); }, RETRY_MILLISECONDS);
  timers.set(answer.contact, { timer, since: Date.now() });
}

/** After a conflict: mine goes over the one that another saved, or theirs is taken. */
export function settle(answer: Answer, theirs: Draft | null, keepMine: boolean): void {
  answer.version = theirs?.version ?? 0;
  answer.unanswered = null;
  if (!keepMine && theirs) {
    answer.fields.value = fieldsOf(theirs);
    answer.files.value = theirs.files ?? [];
    answer.saving.value = "saved";
    answer.texts.value += 1;
    keep(answer);
    return;
  }
  answer.saving.value = "unsaved";
  keep(answer);
  soon(answer, 0);
}

/** Files that the text shows. */
export function shownFiles(html: string): Set<string> {
  return new Set([...html.matchAll(/src="files\/([^"]+)"/g)].map((found) => decodeURIComponent(found[1] ?? "")));
}

/** Sends it. `unknown` must be looked up before it may be sent again. */
export async function sendAnswer(answer: Answer): Promise<void> {
  if (answer.sending.value === "sending") return;
  answer.sending.value = "sending";
  answer.problem.value = null;
  let isAsked = false;
  try {
    const shown = shownFiles(answer.fields.value.html);
    for (const file of answer.files.value.filter((one) => one.is_inline && !shown.has(one.id))) await removeFile(answer, file.id);
    if (answer.version === 0 && answer.saving.value === "saved") answer.saving.value = "unsaved";
    // The first one may be what an answer got lost of.
    if (!(await save(answer)) && !(answer.saving.value === "unsaved" && await save(answer))) {
      answer.sending.value = "refused";
      answer.problem.value ??= new Problem(0, "unreachable", "");
      return;
    }
    isAsked = true;
    await send("POST", at(answer.contact, "send"), { body: { version: answer.version } });
    answer.sending.value = "sent";
  } catch (error) {
    const problem = problemOf(error);
    // An answer that got lost says nothing of what was done.
    answer.sending.value = isAsked && problem.status === 0 ? "unknown" : "refused";
    answer.problem.value = problem;
  }
}

export async function addFile(answer: Answer, file: File, isInline: boolean): Promise<AnswerFile> {
  const { body } = await send<{ file: AnswerFile }>("POST", at(answer.contact, "files"), {
    body: file, query: { name: file.name || "image.png", inline: isInline ? "yes" : "no" }, milliseconds: 120_000,
  });
  answer.files.value = [...answer.files.value, body.file];
  return body.file;
}

export async function removeFile(answer: Answer, file: string): Promise<void> {
  await send("DELETE", at(answer.contact, "files", file));
  answer.files.value = answer.files.value.filter((one) => one.id !== file);
}

/** Takes the answer away, with its files, at the node too. */
export async function throwAway(answer: Answer): Promise<void> {
  await running.get(answer.contact);
  await send("DELETE", at(answer.contact, "draft"));
  const agent = owners.get(answer.contact);
  if (agent) forget(agent, answer.contact);
}

/** What somebody wrote to a contact. */
export interface Written {
  html: string;
  /** Whether the node has all of it. */
  isSaved: boolean;
}

/** What was written here to a contact; `null` where nothing was. */
export function written(contact: string): Written | null {
  const answer = answers.get(contact);
  if (!answer || answer.fields.value.html === "") return null;
  return { html: answer.fields.value.html, isSaved: answer.saving.value === "saved" };
}

/** Forgets what is kept here of a contact. */
export function forget(agent: string, contact: string): void {
  const timer = timers.get(contact);
  if (timer) clearTimeout(timer.timer);
  timers.delete(contact);
  answers.delete(contact);
  owners.delete(contact);
  storage.forget(key(agent, contact));
}

/** Forgets what is kept here of contacts that others have now, where the node has it. */
export function tidy(agent: string, mine: ReadonlySet<string>): void {
  const before = key(agent, "");
  for (const name of storage.names().filter((one) => one.startsWith(before))) {
    const contact = name.slice(before.length);
    if (!mine.has(contact) && !read(agent, contact)?.dirty) storage.forget(name);
  }
}
