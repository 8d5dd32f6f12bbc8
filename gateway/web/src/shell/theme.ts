// Light or dark: as the system has it, unless somebody chose.

import { signal } from "@preact/signals";

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];
const KEPT = "jackfield.theme";

function first(): Theme {
  const kept = localStorage.getItem(KEPT);
  return THEMES.find((theme) => theme === kept) ?? "system";
}

export const theme = signal<Theme>(first());

theme.subscribe((chosen) => {
  document.documentElement.dataset["theme"] = chosen;
  localStorage.setItem(KEPT, chosen);
});
