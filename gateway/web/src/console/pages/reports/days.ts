// Days of a time zone as stretches of time: where clocks change, a day has 23 or 25 hours.

/** The time zone of this browser. */
export const OWN_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

/** Every time zone that can be chosen. */
export function zones(): string[] {
  const known = typeof Intl.supportedValuesOf === "function" ? Intl.supportedValuesOf("timeZone") : [];
  return [...new Set([OWN_ZONE, "UTC", ...known])];
}

const HOUR = 3_600_000;
const MINUTE = 60_000;

/** What clocks of the zone show then, as if it were UTC. */
function shown(at: number, zone: string): number {
  const parts = new Intl.DateTimeFormat("en-CA", {
    timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
  }).formatToParts(at);
  const part = (type: string) => Number(parts.find((one) => one.type === type)?.value ?? 0);
  return Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"), part("second"));
}

/** The day that it is then, as 2026-11-28. */
export function dayOf(at: number, zone: string): string {
  return new Date(shown(at, zone)).toISOString().slice(0, 10);
}

/** The same day so many days later or, below 0, earlier. */
export function daysOn(day: string, days: number): string {
  const at = new Date(`${day}T00:00:00Z`);
  at.setUTCDate(at.getUTCDate() + days);
  return at.toISOString().slice(0, 10);
}

/** When a day begins; nothing for what is no day. */
export function beginning(day: string, zone: string): number | null {
  const wanted = Date.parse(`${day}T00:00:00Z`);
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day) || Number.isNaN(wanted)) return null;
  let at = wanted - (shown(wanted, zone) - wanted);
  // Clocks may have changed between the guess and the day.
  at -= shown(at, zone) - wanted;
  // Some days begin at one o'clock, since there is no midnight.
  while (dayOf(at, zone) < day) at += HOUR / 2;
  return at;
}

export interface Stretch {
  from: string;
  to: string;
}

/** The stretch of some days, today with them; ends with the minute that runs, so that a page asks for one thing twice. */
export function lastDays(days: number, zone: string, now = Date.now()): Stretch {
  const from = beginning(daysOn(dayOf(now, zone), 1 - days), zone) ?? now - days * 24 * HOUR;
  return { from: new Date(from).toISOString(), to: new Date(Math.ceil((now + 1) / MINUTE) * MINUTE).toISOString() };
}

/** The stretch from the first day's beginning to the last one's end; nothing where that is none. */
export function between(first: string, last: string, zone: string): Stretch | null {
  const [from, to] = [beginning(first, zone), beginning(daysOn(last || "2000-01-01", 1), zone)];
  if (from === null || to === null || last === "" || from >= to) return null;
  return { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
}
