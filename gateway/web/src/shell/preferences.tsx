// What needs no sign-in: the product's mark, language and appearance.

import type { JSX } from "preact";
import { Choice } from "./components/field";
import { words } from "./components/texts";
import { language, LANGUAGES, speak, type Language } from "./language";
import { THEMES, theme } from "./theme";

/** The product's mark. */
export function Mark(): JSX.Element {
  return (
    <svg class="logo" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="7" />
      <g><circle cx="10" cy="11" r="3.6" /><circle cx="22" cy="11" r="3.6" /><path d="M10 14.6v3.2a6 6 0 0 0 12 0v-3.2" /></g>
    </svg>
  );
}

/** Language and appearance, which need no sign-in. */
export function Preferences(): JSX.Element {
  return (
    <div class="preferences">
      <Choice label={words().language} value={language.value} onInput={(value) => speak(value as Language)}
        options={Object.entries(LANGUAGES).map(([value, label]) => ({ value, label }))} />
      <Choice label={words().theme} value={theme.value} onInput={(value) => { theme.value = THEMES.find((it) => it === value) ?? "system"; }}
        options={THEMES.map((value) => ({ value, label: words().themes[value] }))} />
    </div>
  );
}
