// What the workspace knows: who works here, in which state, and with which contacts.
//
// ```text
//  GET /me, GET /contacts --> state <-- events (desk, voice, contact, waiting, notice)
//  stream breaks: lost --> tried again, 1 s, 2 s .. 15 s --> open: all is asked anew, since events were missed
// ```
// The open stream is this browser's presence at the node: it is held while the page is hidden, too.

import { computed, signal } from "@preact/signals";
import { get, Problem, send } from "../shell/api";
import { fill } from "../shell/language";
import { place } from "../shell/router";
import { call, toast } from "./alerts";
import type { Contact, Desk, Me, Voice } from "./answers";
import { forget, saveBeforeLeaving, tidy, written, type Written } from "./drafts";
import { words } from "./texts";

const ROOT = "/workspace";

export const me = signal<Me | null>(null);
export const desk = signal<Desk | null>(null);
export const voice = signal<Voice | null>(null);
export const contacts = signal<ReadonlyMap<string, Contact>>(new Map());
export const waiting = signal<Record<string, number>>({});
export const stream = signal<"off" | "opening" | "open" | "lost">("off");
/** Contacts that came and were not looked at yet. */
export const unseen = signal<ReadonlySet<string>>(new Set());
/** Rises when what stands beside the open contact may have changed: its conversation or customer has news, or events were missed. */
export const round = signal(0);

/** The contacts in hand, in the order in which they came. */
export const mine = computed(() => [...contacts.value.values()].sort((one, other) => (one.since ?? "").localeCompare(other.since ?? "") || one.id.localeCompare(other.id)));

/** The contact that is looked at. */
export const selected = computed(() => (place.value.parts[0] === "contacts" ? place.value.parts[1] ?? null : null));

/** Path of something of the workspace's interface. */
export function path(...parts: string[]): string {
  return `${ROOT}/${parts.map(encodeURIComponent).join("/")}`;
}

/** How a customer is called. */
export function customer(contact: Pick<Contact, "customer">): string {
  return contact.customer.name || contact.customer.address || words().unknownSender;
}

/** Whether the contacts were known before: those of the first look came earlier. */
let isKnown = false;

/** Events and questions in the order in which they came to be: what an answer says is older than events after its question. */
let clock = 0;
/** When something was last told of: a contact, `desk`, `voice` or `waiting`. */
const told = new Map<string, number>();
/** The question whose answer is shown. */
let shown = 0;

function tell(what: string): void {
  clock += 1;
  told.set(what, clock);
}

/** Asks for all anew; what events told meanwhile stays as they told it. */
export async function resync(): Promise<void> {
  clock += 1;
  const asked = clock;
  const isNews = (what: string) => (told.get(what) ?? 0) > asked;
  const now = await get<Me>(path("me"));
  if (asked < shown) return;
  me.value = now;
  if (!isNews("desk")) desk.value = now.desk;
  if (!isNews("voice")) voice.value = now.voice;
  if (now.agent === null || desk.value === null) {
    shown = asked;
    contacts.value = new Map();
    return;
  }
  const list = await get<{ contacts: Contact[]; waiting: Record<string, number> }>(path("contacts"));
  if (asked < shown) return;
  shown = asked;
  const next = new Map(list.contacts.filter((one) => isMine(one) && !isNews(one.id)).map((one) => [one.id, one]));
  for (const [id, one] of contacts.value) if (isNews(id)) next.set(id, one);
  const gone = [...contacts.value.keys()].filter((id) => !next.has(id));
  const came = [...next.values()].filter((one) => !contacts.value.has(one.id));
  contacts.value = next;
  if (!isNews("waiting")) waiting.value = list.waiting;
  for (const id of gone) left(id);
  if (isKnown) came.forEach(tellArrival);
  isKnown = true;
  tidy(now.agent, new Set(next.keys()));
  round.value += 1;
}

function isMine(contact: Contact): boolean {
  return contact.state === "active" && contact.agent === me.value?.agent;
}

function tellArrival(contact: Contact): void {
  if (selected.value !== contact.id) unseen.value = new Set([...unseen.value, contact.id]);
  call(fill(words().arrived, { customer: customer(contact), subject: contact.subject || words().noSubject }), "mail", `#/contacts/${contact.id}`);
}

function left(id: string): void {
  const agent = me.value?.agent;
  if (agent) forget(agent, id);
  see(id);
}

/** A contact was looked at. */
export function see(id: string): void {
  if (!unseen.value.has(id)) return;
  unseen.value = new Set([...unseen.value].filter((one) => one !== id));
}

/** Contacts that leave by a deed of this page: that they go is no news. */
const leaving = new Set<string>();

/** Says, before the node is asked, that a contact is to leave these hands: the event may come before the answer. */
export function leaves(id: string): void {
  leaving.add(id);
}

/** The deed came to nothing. */
export function stays(id: string): void {
  leaving.delete(id);
}

/** What was written here to contacts that were taken away, where the node has not got all of it; gone with the page. */
export const unsaved = signal<ReadonlyMap<string, Written>>(new Map());

/** What was written is not needed any more. */
export function forgetUnsaved(id: string): void {
  unsaved.value = new Map([...unsaved.value].filter(([one]) => one !== id));
}

/** Tells that somebody else took a contact, and where what was written is. */
function tellGone(contact: Contact): void {
  const text = written(contact.id);
  const lost = text !== null && !text.isSaved;
  if (lost) unsaved.value = new Map([...unsaved.value, [contact.id, text]]);
  const parts = [fill(words().taken, { customer: customer(contact) })];
  if (text) parts.push(lost ? words().takenUnsaved : words().takenSaved);
  toast(parts.join(" "), lost ? "missing" : "info", lost ? `#/contacts/${contact.id}` : undefined);
}

/** Whether two contacts stand beside each other: of one conversation, or of one customer. */
function isOfSame(one: Contact, other: Contact): boolean {
  const address = one.customer.address.toLowerCase();
  return one.conversation === other.conversation || (address !== "" && address === other.customer.address.toLowerCase());
}

/** One that is in these hands no more; the node says no more of it. */
interface Gone {
  id: string;
  state: "gone";
}

/** Takes a contact as it is now; one that is not in hand any more goes. */
export function take(contact: Contact | Gone): void {
  tell(contact.id);
  const before = contacts.value.get(contact.id);
  const next = new Map(contacts.value);
  const open = contacts.value.get(selected.value ?? "");
  const isBeside = contact.state !== "gone" && open !== undefined && open.id !== contact.id && isOfSame(open, contact);
  if (isBeside) round.value += 1;
  if (contact.state !== "gone" && isMine(contact)) {
    if (!before) stays(contact.id);
    next.set(contact.id, contact);
    contacts.value = next;
    if (!before) tellArrival(contact);
    return;
  }
  if (!before) return;
  next.delete(contact.id);
  contacts.value = next;
  if (!leaving.has(contact.id)) tellGone(before);
  left(contact.id);
}

/** A contact left this agent's hands by an own deed: the event that says so may come later. */
export function drop(id: string): void {
  tell(id);
  const next = new Map(contacts.value);
  next.delete(id);
  contacts.value = next;
  left(id);
}

let source: EventSource | null = null;
let again: ReturnType<typeof setTimeout> | undefined;
let waitMilliseconds = 1_000;
const WAIT_MILLISECONDS_MAX = 15_000;
const OPENING_MILLISECONDS_MAX = 10_000;

function retry(): void {
  source?.close();
  source = null;
  if (stream.value === "open") call(words().lostShort, "lost");
  stream.value = "lost";
  clearTimeout(again);
  again = setTimeout(open, waitMilliseconds + Math.random() * 300);
  waitMilliseconds = Math.min(waitMilliseconds * 2, WAIT_MILLISECONDS_MAX);
}

function open(): void {
  clearTimeout(again);
  if (source) return;
  if (stream.value !== "lost") stream.value = "opening";
  // Asks first: a session that is over is told so, and this waits for the next sign-in.
  resync().then(() => {
    if (source) return;
    const opened = new EventSource(`api/v1${ROOT}/events`);
    source = opened;
    let isOpen = false;
    opened.onopen = () => {
      waitMilliseconds = 1_000;
      if (isOpen) return;
      isOpen = true;
      stream.value = "open";
      // What happened between the answer and the stream.
      resync().catch(() => {});
    };
    opened.onerror = retry;
    const hear = <T>(kind: string, act: (news: T) => void) => opened.addEventListener(kind, (event) => {
      try {
        act(JSON.parse((event as MessageEvent<string>).data) as T);
      } catch {
        resync().catch(() => {});
      }
    });
    hear<Desk | null>("desk", (now) => { tell("desk"); desk.value = now; });
    hear<Voice | null>("voice", (now) => { tell("voice"); voice.value = now; });
    hear<Contact | Gone>("contact", take);
    hear<Record<string, number>>("waiting", (now) => { tell("waiting"); waiting.value = now; });
    hear<{ kind: string; text: string }>("notice", (news) => toast(news.text));
    opened.addEventListener("bye", retry);
  }, retry);
}

/** Opens the stream and keeps it open. */
export function begin(): void {
  if (stream.value !== "off") return;
  open();
  addEventListener("online", () => { waitMilliseconds = 1_000; if (stream.value === "lost") open(); });
  // A page that the browser keeps for "back" is no presence.
  addEventListener("pagehide", () => { source?.close(); source = null; });
  addEventListener("pageshow", (event) => { if (event.persisted) open(); });
}

/** Resolved once the stream is open; given up after a while. */
function streamIsOpen(): Promise<void> {
  return new Promise((resolve, reject) => {
    let done = () => {};
    const late = setTimeout(() => { done(); reject(new Problem(0, "unreachable", "")); }, OPENING_MILLISECONDS_MAX);
    done = stream.subscribe((now) => {
      if (now !== "open") return;
      clearTimeout(late);
      resolve();
      queueMicrotask(() => done());
    });
  });
}

/** Signs in to work; `extension` brings voice, whose session this browser holds: so the stream is opened first. */
export async function signInDesk(extension: string | null, password: string | null): Promise<void> {
  if (extension) {
    begin();
    await streamIsOpen();
  }
  const body = extension ? { extension, ...(password ? { password } : {}) } : {};
  desk.value = (await send<Desk>("PUT", path("desk"), { body })).body;
  await resync();
}

export async function signOutDesk(reason: number | null): Promise<void> {
  const ids = [...contacts.value.keys()];
  for (const id of ids) await saveBeforeLeaving(id);
  ids.forEach(leaves);
  try {
    await send("DELETE", path("desk"), { body: reason === null ? {} : { reason } });
  } catch (error) {
    ids.forEach(stays);
    throw error;
  }
  ids.forEach(left);
  await resync();
}

export async function setState(which: "desk" | "voice", state: "ready" | "not_ready", reason: number | null): Promise<void> {
  const body = { state, ...(reason === null ? {} : { reason }) };
  const answer = await send<unknown>("PUT", path(which, "state"), { body });
  if (which === "desk" && isDesk(answer.body)) desk.value = answer.body;
  else await resync();
}

function isDesk(told: unknown): told is Desk {
  return typeof told === "object" && told !== null && "changes" in told;
}
