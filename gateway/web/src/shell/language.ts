// Which language the console speaks, and its texts.
//
// Each page has its texts beside itself, in every language, typed so that none can be missing. The language
// is a signal: whoever read a text of it is drawn again when it changes.

import { signal } from "@preact/signals";
import * as storage from "./kept";

/** The languages there are, each by its own name. */
export const LANGUAGES = { en: "English", de: "Deutsch" } as const;
export type Language = keyof typeof LANGUAGES;

const KEPT = "jackfield.language";

/** Whether the console speaks it. */
function isLanguage(text: string | null | undefined): text is Language {
  return text !== null && text !== undefined && Object.hasOwn(LANGUAGES, text);
}

function first(): Language {
  const kept = storage.kept(KEPT);
  if (isLanguage(kept)) return kept;
  const wished = navigator.languages.map((tag) => tag.split("-")[0]?.toLowerCase());
  return wished.find(isLanguage) ?? "en";
}

export const language = signal<Language>(first());

/** Speaks another language from now on, in this browser. */
export function speak(wished: Language): void {
  storage.keep(KEPT, wished);
  language.value = wished;
}

/** Texts of one place in all languages; every language has the same ones. */
export function texts<T>(all: { en: T; de: NoInfer<T> }): () => T {
  return () => all[language.value];
}

/** The tag for `Intl`, with the region that the browser asks for where it is the same language. */
export function locale(): string {
  return navigator.languages.find((tag) => tag.startsWith(language.value)) ?? language.value;
}

/** A point in time as people read it: the time alone where it is of today. */
export function time(at: string | null | undefined): string {
  if (!at) return "–";
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return at;
  const today = new Date().toDateString() === date.toDateString();
  return new Intl.DateTimeFormat(locale(), {
    ...(today ? {} : { dateStyle: "medium" }),
    timeStyle: "medium",
  }).format(date);
}

/** A point in time with its milliseconds, where order is what matters. */
export function preciseTime(at: string): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return at;
  const today = new Date().toDateString() === date.toDateString();
  return new Intl.DateTimeFormat(locale(), {
    ...(today ? {} : { day: "2-digit", month: "2-digit" }), hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3,
  }).format(date);
}

/** A day. */
export function day(at: string | null | undefined): string {
  if (!at) return "–";
  return new Intl.DateTimeFormat(locale(), { dateStyle: "medium" }).format(new Date(at));
}

/** A number with the separators of the language. */
export function number(value: number, digits = 0): string {
  return new Intl.NumberFormat(locale(), { maximumFractionDigits: digits }).format(value);
}

/** Bytes in the unit that suits them. */
export function bytes(value: number): string {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
  let place = 0;
  let rest = value;
  while (rest >= 1000 && place < units.length - 1) {
    rest /= 1000;
    place += 1;
  }
  const digits = place > 0 && rest < 10 ? 1 : 0;
  const unit = units[place] ?? "byte";
  return new Intl.NumberFormat(locale(), { style: "unit", unit, maximumFractionDigits: digits }).format(rest);
}

/** How long something takes or took, in its two largest units; from a month on in days. */
export function duration(seconds: number): string {
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), "day"],
    [Math.floor(seconds / 3_600) % 24, "hour"],
    [Math.floor(seconds / 60) % 60, "minute"],
    [Math.floor(seconds) % 60, "second"],
  ];
  const from = parts.findIndex(([count]) => count > 0);
  // Nobody counts the hours of a month.
  const units = (parts[0]?.[0] ?? 0) >= 30 ? 1 : 2;
  const told = from < 0 ? parts.slice(-1) : parts.slice(from, from + units).filter(([count]) => count > 0);
  return told
    .map(([value, unit]) =>
      new Intl.NumberFormat(locale(), { style: "unit", unit, unitDisplay: "short" }).format(value))
    .join(" ");
}

/** How long ago something was, to be drawn again by whoever shows it. */
export function since(at: string | null | undefined, now: number): string {
  if (!at) return "–";
  return duration(Math.max(0, (now - new Date(at).getTime()) / 1000));
}

/** Puts arguments into `{name}` places. */
export function fill(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (place, name: string) => String(values[name] ?? place));
}
