// Where in the console somebody is: `#/agents/1001?tab=phone`.
//
// Routes stand behind `#`, so the node serves one page, under whatever path a proxy gives it, and what is
// typed into a place is in no log of a proxy.

import { signal } from "@preact/signals";

export interface Place {
  /** The parts of the path, decoded. */
  parts: string[];
  query: URLSearchParams;
}

function read(): Place {
  const text = location.hash.replace(/^#\/?/, "");
  const [path = "", query = ""] = text.split("?", 2);
  const decoded = path.split("/").filter((part) => part !== "").map((part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  });
  return { parts: decoded, query: new URLSearchParams(query) };
}

export const place = signal<Place>(read());

/** Forms with something unsaved ask before they are left. */
const guards = new Set<() => boolean>();
let settled = location.hash;

/** What a set-up link has behind `#`: a secret, which is no place to be remembered. */
export const SET_UP = /^#set-up=([\w-]+)$/;

addEventListener("hashchange", () => {
  if (location.hash === settled) return;
  if (SET_UP.test(location.hash)) {
    // The link was put into the address bar of a page that is open: it is read as the page begins.
    location.reload();
    return;
  }
  for (const mayLeave of guards) {
    if (!mayLeave()) {
      history.replaceState(null, "", settled || "#/");
      return;
    }
  }
  settled = location.hash;
  place.value = read();
});

addEventListener("beforeunload", (event) => {
  if (guards.size > 0) event.preventDefault();
});

/** Asks `mayLeave` before another place is shown, until the function that is given is called. */
export function guard(mayLeave: () => boolean): () => void {
  guards.add(mayLeave);
  return () => guards.delete(mayLeave);
}

/** Begins the page anew without asking: what stands in it belongs to somebody who is not signed in any more. */
export function leave(): void {
  guards.clear();
  location.reload();
}

/** The address of a place. */
export function to(...parts: string[]): string {
  return `#/${parts.map(encodeURIComponent).join("/")}`;
}

/** Goes to a place. */
export function go(address: string): void {
  location.hash = address;
}

/** Changes the query of this place without a step back in the history. */
export function setQuery(values: Record<string, string | null>): void {
  const query = new URLSearchParams(place.value.query);
  for (const [name, value] of Object.entries(values)) {
    if (value === null || value === "") query.delete(name);
    else query.set(name, value);
  }
  const text = query.toString();
  const address = `${to(...place.value.parts)}${text ? `?${text}` : ""}`;
  history.replaceState(null, "", address);
  settled = location.hash;
  place.value = { parts: place.value.parts, query };
}
