// What agents do, in words: the same on every page.

import { texts } from "./language";

/** What an agent is doing, as `GET /team-states` and the live topic tell it. */
export interface AgentState {
  agent: string;
  name: string;
  team: string | null;
  state: string;
  reason: { code: number; label: string | null } | null;
  pending: string | null;
  since: string | null;
  not_known_since: string | null;
  extension: string | null;
  device: string | null;
  call: Call | null;
}

export interface Call {
  id: string;
  direction: "inbound" | "outbound";
  number: string;
  state: "alerting" | "dialling" | "active" | "held" | "over";
  began_at: string;
}

/** The states in the order in which people look for them. */
export const STATES = ["ready", "not_ready", "reserved", "talking", "held", "wrap_up", "busy", "unknown", "signed_out"] as const;

export const presenceWords = texts({
  en: {
    states: {
      ready: "Ready", not_ready: "Not ready", reserved: "Reserved", talking: "Talking", held: "On hold",
      wrap_up: "Wrap-up", busy: "Busy elsewhere", unknown: "Not known", signed_out: "Signed out",
    } as Record<string, string>,
    calls: {
      alerting: "ringing", dialling: "dialling", active: "connected", held: "on hold", over: "over",
    } as Record<string, string>,
    inbound: "from {number}",
    outbound: "to {number}",
    withheld: "a withheld number",
    then: "then {state}",
    reason: "Reason {code}",
  },
  de: {
    states: {
      ready: "Bereit", not_ready: "Nicht bereit", reserved: "Reserviert", talking: "Im Gespräch", held: "Gehalten",
      wrap_up: "Nachbearbeitung", busy: "Anderweitig beschäftigt", unknown: "Nicht bekannt", signed_out: "Abgemeldet",
    } as Record<string, string>,
    calls: {
      alerting: "klingelt", dialling: "wählt", active: "verbunden", held: "gehalten", over: "beendet",
    } as Record<string, string>,
    inbound: "von {number}",
    outbound: "an {number}",
    withheld: "unterdrückter Nummer",
    then: "danach {state}",
    reason: "Grund {code}",
  },
});

/** A state in words. */
export function stateWord(state: string): string {
  return presenceWords().states[state] ?? state;
}

/** A reason as agents read it, else its number. */
export function reasonWord(reason: AgentState["reason"]): string {
  if (!reason) return "";
  return reason.label ?? presenceWords().reason.replace("{code}", String(reason.code));
}

/** A call in one line. */
export function callWord(call: Call): string {
  const words = presenceWords();
  const text = call.direction === "inbound" ? words.inbound : words.outbound;
  return `${text.replace("{number}", () => call.number || words.withheld)} (${words.calls[call.state] ?? call.state})`;
}
