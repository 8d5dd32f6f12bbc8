// What this browser keeps of a person's choices. A page within another's may be refused all of it: then it is kept for
// as long as the page is open.

const memory = new Map<string, string>();

/** The browser's own, where it may be used. */
function storage(): Storage | null {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}

const own = storage();

export function kept(name: string): string | null {
  return own ? own.getItem(name) : memory.get(name) ?? null;
}

/** Throws where the browser has no more room. */
export function keep(name: string, value: string): void {
  if (own) own.setItem(name, value);
  else memory.set(name, value);
}

export function forget(name: string): void {
  own?.removeItem(name);
  memory.delete(name);
}

/** The names of all that is kept. */
export function names(): string[] {
  return own ? Object.keys(own) : [...memory.keys()];
}
