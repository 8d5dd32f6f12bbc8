// Who is signed in here.

import { signal } from "@preact/signals";
import { get, Problem, send, signedInAgain } from "./api";

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
}

/** `undefined` until it is known, `null` where nobody is signed in. */
export const session = signal<Session | null | undefined>(undefined);

/** Whether whoever is signed in has that role. */
export function has(role: Role): boolean {
  return session.value?.roles.includes(role) ?? false;
}

/** Asks who is signed in. */
export async function look(): Promise<void> {
  try {
    session.value = (await send<Session>("GET", "/session", { anonymous: true })).body;
  } catch (error) {
    if (error instanceof Problem && (error.status === 401 || error.status === 403)) session.value = null;
    else throw error;
  }
}

export async function signOn(): Promise<SignOn> {
  return get<SignOn>("/sign-on");
}

export interface Attempt {
  account: string;
  password: string;
  one_time?: string;
  acknowledged?: boolean;
}

/** Signs in; what waited for it goes on. */
export async function signIn(attempt: Attempt): Promise<void> {
  const before = session.value?.who;
  await send("POST", "/session", { body: attempt, anonymous: true });
  await look();
  // What another person was about to do is not done by this one.
  if (before !== undefined && before !== session.value?.who) location.reload();
  signedInAgain();
}

/** Signs out. */
export async function signOut(): Promise<void> {
  await send("DELETE", "/session", { anonymous: true });
  session.value = null;
  // Nothing of this session stays in memory.
  location.assign("#/");
  location.reload();
}
