// Who is signed in here.

import { signal } from "@preact/signals";
import { address, type Asking, expired, get, Problem, send, signedInAgain } from "./api";
import { isFramed, tellFrame } from "./framed";
import { leave } from "./router";

export type Role = "administrator" | "supervisor" | "agent" | "report";

export interface Session {
  who: string;
  known_by: string;
  roles: Role[];
  teams: string[];
  how: string;
  session: string | null;
  ends_at: string | null;
}

/** How people sign in here. */
export interface SignOn {
  mode: "local" | "directory";
  message: string | null;
  set_up: boolean;
  /** Whether agents, supervisors and administrators sign on once for all applications. */
  single_sign_on?: boolean;
}

/** `undefined` until it is known, `null` where nobody is signed in. */
export const session = signal<Session | null | undefined>(undefined);

/** Whether whoever is signed in has that role. */
export function has(role: Role): boolean {
  return session.value?.roles.includes(role) ?? false;
}

/** How the session is asked for: that of a page within another's is one of its own. */
const ASKING: Asking = { anonymous: true, ...(isFramed ? { query: { framed: true } } : {}) };

/** Asks who is signed in; `null` where nobody is. */
async function who(): Promise<Session | null> {
  try {
    return (await send<Session>("GET", "/session", ASKING)).body;
  } catch (error) {
    if (error instanceof Problem && (error.status === 401 || error.status === 403)) return null;
    throw error;
  }
}

/** Asks who is signed in. */
export async function look(): Promise<void> {
  session.value = await who();
}

/** Whether two sessions are those of one person; names alone are not enough, as an agent may be called as an account. */
function isSame(one: Session, other: Session): boolean {
  return one.who === other.who && one.known_by === other.known_by;
}

/** Looks whether somebody signed in on another page of this browser, which shares its cookie with this one. */
export async function lookAgain(): Promise<void> {
  if (!session.value) return;
  const now = await who();
  if (!now || !session.value) return;
  if (!isSame(now, session.value)) {
    // What stands here is not sent for whoever signed in elsewhere.
    leave();
    return;
  }
  if (!expired.value) return;
  session.value = now;
  signedInAgain();
}

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") lookAgain().catch(() => {});
});

export async function signOn(): Promise<SignOn> {
  return get<SignOn>("/sign-on");
}

/** What the address of this page has before `#`: nothing for the console, `workspace` for the agents' page. */
const PAGE = location.pathname.split("/").at(-1) ?? "";

/** Where single sign-on begins; it comes back to a place of this page. */
export function singleSignOnAddress(back: string, acknowledged: boolean): string {
  return address("/sign-on/single", { return: PAGE === "workspace" ? `${PAGE}${back}` : back, ...(acknowledged ? { acknowledged } : {}) });
}

export interface Attempt {
  account: string;
  password: string;
  one_time?: string;
  acknowledged?: boolean;
}

/** Signs in; what waited for it goes on. */
export async function signIn(attempt: Attempt): Promise<void> {
  const before = session.value;
  await send("POST", "/session", { ...ASKING, body: attempt });
  const now = await who();
  if (!now) {
    // It was right, and the browser kept no cookie of it.
    tellFrame("no_cookies");
    throw new Problem(0, "no_cookies", "");
  }
  if (before && !isSame(before, now)) {
    // What another person was about to do is not done by this one: what waits is never sent.
    leave();
    return;
  }
  session.value = now;
  signedInAgain();
}

/** Signs out. */
export async function signOut(): Promise<void> {
  try {
    await send("DELETE", "/session", ASKING);
  } catch (error) {
    // A session that is over already is as good as signed out.
    if (!(error instanceof Problem && error.status === 401)) throw error;
  }
  session.value = null;
  // Nothing of this session stays in memory.
  history.replaceState(null, "", "#/");
  leave();
}
