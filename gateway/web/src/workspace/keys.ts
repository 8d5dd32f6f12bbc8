// Single keys for what the buttons do, while nobody writes in a field. They can be turned off (WCAG 2.1.4).

import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import * as storage from "../shell/kept";

const KEPT = "jackfield.workspace.keys";
export const keysOn = signal(storage.kept(KEPT) !== "off");

export function setKeys(on: boolean): void {
  keysOn.value = on;
  storage.keep(KEPT, on ? "on" : "off");
}

/** Whether somebody writes there. */
function isWriting(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

/** After a pause of so many milliseconds a key is a shortcut again where the field that somebody wrote in went away. */
const PAUSE = 2_000;
let wrote: { at: number; field: HTMLElement } | null = null;

/** Whether somebody goes on writing into a field that was taken away under their hands. */
function writesOn(event: KeyboardEvent): boolean {
  if (isWriting(event.target)) {
    wrote = { at: event.timeStamp, field: event.target as HTMLElement };
    return false;
  }
  if (!wrote || wrote.field.isConnected || event.timeStamp - wrote.at > PAUSE) return false;
  wrote.at = event.timeStamp;
  return true;
}

/** Acts on single keys for as long as the component is shown; `Mod+Enter` acts in fields, too. */
export function useKeys(acts: Record<string, (() => void) | undefined>): void {
  const latest = useRef(acts);
  latest.current = acts;
  useEffect(() => {
    const hear = (event: KeyboardEvent) => {
      if (event.isComposing || document.querySelector("dialog[open]")) return;
      if (writesOn(event)) {
        event.preventDefault();
        return;
      }
      // The editor takes every Enter for itself, this one too.
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        const act = latest.current["Mod+Enter"];
        if (act) {
          event.preventDefault();
          act();
        }
        return;
      }
      if (event.defaultPrevented || !keysOn.value || event.ctrlKey || event.metaKey || event.altKey || event.repeat || isWriting(event.target)) return;
      const act = latest.current[event.key];
      if (!act) return;
      event.preventDefault();
      act();
    };
    addEventListener("keydown", hear);
    return () => removeEventListener("keydown", hear);
  }, []);
}
