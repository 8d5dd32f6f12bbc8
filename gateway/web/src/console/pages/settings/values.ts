// Values of settings as people read them.

import { words as shared } from "../../../shell/components/texts";
import { SET, type Value } from "./schema";
import { memberLabel, optionLabel, type SectionEntry } from "./sections";
import { words } from "./texts";

/** A value as people read it. */
export function shown(section: SectionEntry, path: string, value: Value): string {
  if (value === undefined || value === null || value === "") return words().conflict.nothing;
  if (value === SET) return words().isSet;
  if (typeof value === "boolean") return value ? shared().yes : shared().no;
  if (Array.isArray(value)) return value.map((item) => shown(section, path, item)).join(", ");
  if (typeof value === "object") {
    return Object.entries(value)
      .map(([name, item]) => `${memberLabel(section, `${path}.${name}`)}: ${shown(section, `${path}.${name}`, item)}`)
      .join("; ");
  }
  return optionLabel(section, path, String(value));
}
