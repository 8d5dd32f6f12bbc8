// Light or dark: as the system has it, unless somebody chose.

import { signal } from "@preact/signals";
import * as storage from "./kept";

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];
const KEPT = "jackfield.theme";

function first(): Theme {
  const kept = storage.kept(KEPT);
  return THEMES.find((theme) => theme === kept) ?? "system";
}

export const theme = signal<Theme>(first());

theme.subscribe((chosen) => {
  document.documentElement.dataset["theme"] = chosen;
  storage.keep(KEPT, chosen);
});
