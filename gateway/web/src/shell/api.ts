// The node's REST interface, as the console uses it.
//
// Every answer that is no success becomes a `Problem`, with the fields it names and the reference that finds
// the line of the log. A session that is over is told once, to whoever listens, and the request that met it is
// sent again after the next sign-in, so that nothing typed is lost.

import { signal } from "@preact/signals";

const BASE = "api/v1";
/** So long a request may take before it counts as lost. */
const REQUEST_MILLISECONDS_MAX = 30_000;

/** One field of a body that is wrong. */
export interface FieldError {
  field: string;
  message: string;
  pointer?: string;
}

/** Why a request came to nothing. */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly errors: FieldError[];
  readonly reference: string | null;
  readonly retrySeconds: number | null;

  constructor(status: number, code: string, detail: string, rest: Partial<Problem> = {}) {
    super(detail);
    this.status = status;
    this.code = code;
    this.errors = rest.errors ?? [];
    this.reference = rest.reference ?? null;
    this.retrySeconds = rest.retrySeconds ?? null;
  }
}

/** What came back, with its entity tag. */
export interface Answer<T> {
  body: T;
  tag: string | null;
  status: number;
}

export interface Asking {
  query?: Record<string, string | number | boolean | null | undefined>;
  /** An object is sent as JSON; a text as YAML; a file as it is. */
  body?: unknown;
  /** `If-Match`; `new` stands for "only where nothing is". */
  tag?: string | null;
  signal?: AbortSignal;
  /** A 401 of this request says nothing of the session. */
  anonymous?: boolean;
  /** For what takes long, such as a backup. */
  milliseconds?: number;
  mediaType?: string;
  accept?: string;
}

/** Whether the node answered the last time it was asked. */
export const reachable = signal(true);
/** Whether the session is over and somebody must sign in again. */
export const expired = signal(false);
/** Resolved by the next sign-in. */
let signingIn: { promise: Promise<void>; done: () => void } | null = null;

/** Tells that somebody signed in: what waited for it goes on. */
export function signedInAgain(): void {
  expired.value = false;
  signingIn?.done();
  signingIn = null;
}

function waitForSignIn(): Promise<void> {
  if (!signingIn) {
    let done = () => {};
    const promise = new Promise<void>((resolve) => { done = resolve; });
    signingIn = { promise, done };
  }
  expired.value = true;
  return signingIn.promise;
}

/** The address of something at the node. */
export function address(path: string, query?: Asking["query"]): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== null && value !== undefined && value !== "") parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return `${BASE}${path}${text ? `?${text}` : ""}`;
}

async function problemOf(response: Response): Promise<Problem> {
  const retry = Number(response.headers.get("retry-after"));
  const retrySeconds = Number.isFinite(retry) && retry > 0 ? retry : null;
  try {
    const told = await response.json();
    return new Problem(response.status, String(told.code ?? "broken"), String(told.detail ?? told.title ?? ""), {
      errors: Array.isArray(told.errors) ? told.errors : [],
      reference: typeof told.reference === "string" ? told.reference : null,
      retrySeconds,
    });
  } catch {
    return new Problem(response.status, "broken", `${response.status} ${response.statusText}`, { retrySeconds });
  }
}

async function once(method: string, path: string, asking: Asking): Promise<Response> {
  const headers = new Headers({ accept: asking.accept ?? "application/json" });
  let body: string | Blob | null = null;
  if (asking.body instanceof Blob) {
    body = asking.body;
    headers.set("content-type", asking.mediaType ?? (asking.body.type || "application/octet-stream"));
  } else if (asking.body !== undefined) {
    const isText = typeof asking.body === "string";
    body = isText ? (asking.body as string) : JSON.stringify(asking.body);
    const usual = isText ? "application/yaml" : "application/json";
    headers.set("content-type", asking.mediaType ?? usual);
  }
  if (asking.tag === "new") headers.set("if-none-match", "*");
  else if (asking.tag) headers.set("if-match", asking.tag);
  const late = AbortSignal.timeout(asking.milliseconds ?? REQUEST_MILLISECONDS_MAX);
  const end = asking.signal ? AbortSignal.any([asking.signal, late]) : late;
  try {
    const response = await fetch(address(path, asking.query), {
      method, headers, body, signal: end, credentials: "same-origin", cache: "no-store", redirect: "error",
    });
    reachable.value = true;
    return response;
  } catch (error) {
    if (asking.signal?.aborted) throw error;
    reachable.value = false;
    throw new Problem(0, "unreachable", "");
  }
}

/** Asks, and gives the answer as it is. */
export async function ask(method: string, path: string, asking: Asking = {}): Promise<Response> {
  for (;;) {
    const response = await once(method, path, asking);
    if (response.ok) return response;
    const problem = await problemOf(response);
    if (problem.status !== 401 || asking.anonymous) throw problem;
    await waitForSignIn();
    if (asking.signal?.aborted) throw problem;
  }
}

/** Asks for JSON. */
export async function send<T>(method: string, path: string, asking: Asking = {}): Promise<Answer<T>> {
  const response = await ask(method, path, asking);
  const text = await response.text();
  const body = (text === "" ? null : JSON.parse(text)) as T;
  return { body, tag: response.headers.get("etag"), status: response.status };
}

/** Asks for what comes line by line, each a JSON object; `seen` gets each as it comes. Aborting `signal` hangs up. */
export async function lines<T>(
  path: string, body: unknown, signal: AbortSignal, milliseconds: number, seen: (line: T) => void,
): Promise<void> {
  const asking = body === undefined ? {} : { body };
  const response = await ask("POST", path, { ...asking, signal, milliseconds, accept: "application/x-ndjson" });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  while (reader) {
    const { done, value } = await reader.read().catch((error: unknown) => {
      if (signal.aborted) throw error;
      throw new Problem(0, "unreachable", "");
    });
    if (done) break;
    const whole = (rest + value).split("\n");
    rest = whole.pop() ?? "";
    for (const line of whole) if (line.trim() !== "") seen(JSON.parse(line) as T);
  }
}

/** Reads something. */
export async function get<T>(path: string, query?: Asking["query"], signal?: AbortSignal): Promise<T> {
  const asking: Asking = { ...(query ? { query } : {}), ...(signal ? { signal } : {}) };
  return (await send<T>("GET", path, asking)).body;
}

/** A page of a list. */
export interface Page<T> {
  items: T[];
  next: string | null;
  total: number | null;
}

/** All pages of a list; `seen` gets what is there so far, so that it can be shown while the rest comes. */
export async function all<T>(
  path: string,
  query: Record<string, string | number>,
  signal: AbortSignal,
  seen: (items: T[], total: number | null) => void,
): Promise<T[]> {
  let items: T[] = [];
  let after: string | null = null;
  do {
    const page: Page<T> = await get<Page<T>>(path, { limit: 1000, ...query, after }, signal);
    items = items.concat(page.items);
    after = page.next;
    seen(items, page.total);
  } while (after !== null);
  return items;
}

/** Saves what the node gives under a name, as a browser saves files. */
export async function save(path: string, query: Asking["query"], name: string, accept: string): Promise<void> {
  const response = await ask("GET", path, { ...(query ? { query } : {}), accept, milliseconds: 600_000 });
  const url = URL.createObjectURL(await response.blob());
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
