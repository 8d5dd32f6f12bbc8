// Several tabs of one browser: one of them makes the sounds, and one of them writes an answer.
//
// ```text
//  tab: waits for the lock "sounds" --held until the tab is closed--> makes sounds
//  reply: asks for the lock of its contact --free--> writes
//                                          --taken--> looks on; "write here" takes it --> the other looks on
// ```
// Without Web Locks (an old browser, a page without HTTPS, one within another's that is refused them) every tab does both.

import { signal, type Signal } from "@preact/signals";

/** Whether this tab is the one that makes sounds and shows notifications. */
export const isFirst = signal(false);

const locks = navigator.locks as LockManager | undefined;
const forEver = () => new Promise<void>(() => {});

/** Takes part in the choice of the tab that is heard. */
export function standForFirst(): void {
  if (!locks) {
    isFirst.value = true;
    return;
  }
  void locks.request("jackfield.workspace.sounds", () => {
    isFirst.value = true;
    return forEver();
  }).catch(() => { isFirst.value = true; });
}

/** The right to write one answer in this tab. */
export interface Pen {
  /** `undefined` until it is known. */
  held: Signal<boolean | undefined>;
  /** Takes it from another tab. */
  take: () => void;
  /** Gives it back. */
  leave: () => void;
}

/** Asks for the right to write the answer of a contact. */
export function pen(contact: string): Pen {
  const held = signal<boolean | undefined>(locks ? undefined : true);
  let done: (() => void) | null = null;
  const ask = (steal: boolean) => {
    if (!locks) return;
    const options: LockOptions = steal ? { steal: true } : { ifAvailable: true };
    locks.request(`jackfield.workspace.reply.${contact}`, options, (lock) => {
      held.value = lock !== null;
      if (lock === null) return undefined;
      return new Promise<void>((resolve) => { done = resolve; });
    }).catch((error: unknown) => {
      // Another tab took it, or there are no locks here.
      held.value = error instanceof DOMException && error.name === "SecurityError";
    });
  };
  ask(false);
  return { held, take: () => ask(true), leave: () => done?.() };
}
