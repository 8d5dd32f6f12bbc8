// What an agent does and since when, as parts of lists: only what changes is drawn again.

import type { JSX } from "preact";
import { fill, since, time } from "../language";
import { now } from "../now";
import { presenceWords, stateWord } from "../presence";

/** A sign and a colour for each state, beside its word. */
const SIGNS: Record<string, [string, string]> = {
  ready: ["✓", "ok"], not_ready: ["‖", "partial"], reserved: ["…", "call"], talking: ["▸", "call"], held: ["‖", "call"],
  wrap_up: ["✎", "call"], busy: ["■", "partial"], unknown: ["?", "missing"], signed_out: ["–", "off"],
};

/** A state in words with a sign; `pending` is what follows the call. */
export function Presence(props: { state: string; pending?: string | null }): JSX.Element {
  const [sign, kind] = SIGNS[props.state] ?? ["?", "off"];
  return (
    <span class={`state state-${kind}`}>
      <span class="mark" aria-hidden="true">{sign}</span>
      <span>
        {stateWord(props.state)}
        {props.pending && <span class="small"> {fill(presenceWords().then, { state: stateWord(props.pending) })}</span>}
      </span>
    </span>
  );
}

/** How long something has lasted; it counts by itself, without the list around it. */
export function Since(props: { at: string | null | undefined }): JSX.Element | null {
  if (!props.at) return null;
  return <time dateTime={props.at} title={time(props.at)}>{since(props.at, now.value)}</time>;
}
