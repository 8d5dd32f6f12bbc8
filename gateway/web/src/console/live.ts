// What the node tells by itself: one stream of server-sent events for the whole page.
//
// Whoever shows something listens to its topic; the stream carries the topics that somebody listens to. When
// it breaks it is opened again by itself, and every topic begins with what is so then. A page that nobody sees
// needs no stream.

import { signal } from "@preact/signals";

export type Topic = "overview" | "settings" | "states" | "log";
type Hear = (data: unknown) => void;

/** How the stream stands; pages say so, since old figures look like new ones. */
export const stream = signal<"off" | "opening" | "open" | "lost">("off");

const listeners = new Map<Topic, Set<Hear>>();
/** What was told last of topics that are told whole: whoever begins to listen to an open stream is told it too. */
const last = new Map<Topic, unknown>();
let queries: Record<string, string> = {};
let source: EventSource | null = null;
let address = "";
let again: ReturnType<typeof setTimeout> | undefined;
let waitMilliseconds = 1_000;

function wanted(): string {
  const topics = [...listeners].filter(([, hears]) => hears.size > 0).map(([topic]) => topic).sort();
  if (topics.length === 0 || document.visibilityState === "hidden") return "";
  const query = new URLSearchParams({ topics: topics.join(","), ...queries });
  return `api/v1/events?${query}`;
}

function tell(topic: Topic, text: string): void {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return;
  }
  if (topic === "settings" || topic === "overview") last.set(topic, data);
  for (const hear of listeners.get(topic) ?? []) hear(data);
}

function close(): void {
  source?.close();
  source = null;
  address = "";
  last.clear();
}

function open(): void {
  clearTimeout(again);
  const next = wanted();
  if (next === address && source && source.readyState !== EventSource.CLOSED) return;
  close();
  if (next === "") {
    stream.value = "off";
    return;
  }
  address = next;
  stream.value = stream.value === "lost" ? "lost" : "opening";
  const opened = new EventSource(next);
  source = opened;
  opened.onopen = () => {
    stream.value = "open";
    waitMilliseconds = 1_000;
  };
  opened.onerror = () => {
    stream.value = "lost";
    // The browser tries again by itself only while it was not refused.
    if (opened.readyState !== EventSource.CLOSED) return;
    again = setTimeout(() => { address = ""; open(); }, waitMilliseconds + Math.random() * 500);
    waitMilliseconds = Math.min(waitMilliseconds * 2, 30_000);
  };
  // After `resync`, which says that something was left out, the same stream tells anew what is so.
  for (const topic of ["overview", "settings", "states", "log"] as const) {
    opened.addEventListener(topic, (event) => tell(topic, (event as MessageEvent<string>).data));
  }
}

let soon: ReturnType<typeof setTimeout> | undefined;
function openSoon(): void {
  // Several parts of one page come and go together.
  clearTimeout(soon);
  soon = setTimeout(open, 20);
}

/** Hears a topic until the function that is given is called; `query` narrows the stream, for example to a team. */
export function listen(topic: Topic, hear: Hear, query: Record<string, string> = {}): () => void {
  const hears = listeners.get(topic) ?? new Set();
  listeners.set(topic, hears);
  hears.add(hear);
  if (last.has(topic)) {
    queueMicrotask(() => {
      if (hears.has(hear) && last.has(topic)) hear(last.get(topic));
    });
  }
  queries = { ...queries, ...query };
  openSoon();
  return () => {
    hears.delete(hear);
    for (const name of Object.keys(query)) delete queries[name];
    openSoon();
  };
}

document.addEventListener("visibilitychange", openSoon);
// A page that the browser keeps for "back" holds no connection.
addEventListener("pagehide", close);
addEventListener("pageshow", openSoon);
addEventListener("online", () => { address = ""; openSoon(); });
