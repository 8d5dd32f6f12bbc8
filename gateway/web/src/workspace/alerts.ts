// What calls an agent's attention: toasts in the page, notifications while it is in the background, and sounds.
//
// Sounds and notifications begin only after somebody turned them on by a click. Sounds are made here, of two
// tones; no file is loaded. After a reload the browser lets them be heard from the first click or key on.

import { signal } from "@preact/signals";
import { isFramed } from "../shell/framed";
import * as storage from "../shell/kept";
import { isFirst } from "./alone";

export interface Toast {
  number: number;
  text: string;
  kind: "info" | "ok" | "missing";
  /** Where it leads. */
  place?: string;
}

export const toasts = signal<Toast[]>([]);
let number = 0;
/** So long a toast stays; nothing is told by it alone. */
const SHOWN_MILLISECONDS = 8_000;

/** Shows a text for a while. */
export function toast(text: string, kind: Toast["kind"] = "info", place?: string): void {
  number += 1;
  const one: Toast = { number, text, kind, ...(place ? { place } : {}) };
  toasts.value = [...toasts.value.slice(-3), one];
  setTimeout(() => dismiss(one.number), SHOWN_MILLISECONDS);
}

export function dismiss(which: number): void {
  toasts.value = toasts.value.filter((one) => one.number !== which);
}

const KEPT = "jackfield.workspace.alerts";
/** Whether somebody turned them on in this browser. */
export const alertsOn = signal(storage.kept(KEPT) === "on");
let audio: AudioContext | null = null;

/** Made by a click alone: asks the browser for both. */
export async function turnOn(): Promise<void> {
  alertsOn.value = true;
  storage.keep(KEPT, "on");
  wake();
  play("mail");
  // Browsers let no page within another's ask for them.
  if (!isFramed && "Notification" in window && Notification.permission === "default") await Notification.requestPermission();
}

export function turnOff(): void {
  alertsOn.value = false;
  storage.keep(KEPT, "off");
}

function wake(): void {
  audio ??= new AudioContext();
  if (audio.state === "suspended") void audio.resume();
}
for (const kind of ["pointerdown", "keydown"]) {
  addEventListener(kind, () => { if (alertsOn.value) wake(); }, { passive: true });
}

const TONES = { mail: [660, 880], lost: [440, 330] } as const;

/** Two short tones, in the first tab of this browser alone. */
function play(sound: keyof typeof TONES): void {
  if (!audio || !alertsOn.value || !isFirst.value) return;
  // Nobody else can tell that a tone was heard.
  document.documentElement.dataset["sounds"] = String(Number(document.documentElement.dataset["sounds"] ?? 0) + 1);
  TONES[sound].forEach((frequency, place) => {
    if (!audio) return;
    const from = audio.currentTime + place * 0.16;
    const tone = audio.createOscillator();
    const level = audio.createGain();
    tone.frequency.value = frequency;
    level.gain.setValueAtTime(0, from);
    level.gain.linearRampToValueAtTime(0.2, from + 0.02);
    level.gain.linearRampToValueAtTime(0, from + 0.15);
    tone.connect(level).connect(audio.destination);
    tone.start(from);
    tone.stop(from + 0.16);
  });
}

/** Calls: by a sound, by a toast, and by a notification while nobody looks at the page. */
export function call(text: string, sound: keyof typeof TONES, place?: string): void {
  toast(text, sound === "lost" ? "missing" : "info", place);
  play(sound);
  const isSeen = document.visibilityState === "visible" && document.hasFocus();
  if (isSeen || !alertsOn.value || !isFirst.value || !("Notification" in window) || Notification.permission !== "granted") return;
  try {
    const shown = new Notification(document.title, { body: text, tag: place ?? text });
    shown.onclick = () => {
      window.focus();
      if (place) location.hash = place;
      shown.close();
    };
  } catch {
    // Some browsers show notifications by a service worker alone: the toast and the sound remain.
  }
}
