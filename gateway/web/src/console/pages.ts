// The pages of the console: one line each. A page is loaded when it is first opened.

import type { ComponentType } from "preact";
import { texts } from "./language";
import type { Role } from "./session";

/** What a page is given: what stands behind its own path. */
export interface PageProps {
  rest: string[];
}

export type Group = "first" | "work" | "settings" | "system" | "own";

export interface PageEntry {
  path: string;
  group: Group;
  roles: Role[];
  title: () => string;
  load: () => Promise<{ default: ComponentType<PageProps> }>;
  /** Not in the list of pages: it is reached from others. */
  hidden?: boolean;
}

const titles = texts({
  en: {
    overview: "Overview",
    firstSteps: "First steps",
    settings: "All settings",
    settingsFile: "Import and export",
  },
  de: {
    overview: "Übersicht",
    firstSteps: "Erste Schritte",
    settings: "Alle Einstellungen",
    settingsFile: "Import und Export",
  },
});

export const groups = texts<Record<Group, string>>({
  en: { first: "", work: "Contact centre", settings: "Settings", system: "System", own: "You" },
  de: { first: "", work: "Contact Center", settings: "Einstellungen", system: "System", own: "Sie" },
});

const LEADERS: Role[] = ["administrator", "supervisor"];
const ADMINISTRATORS: Role[] = ["administrator"];

export const pages: PageEntry[] = [
  { path: "", group: "first", roles: LEADERS, title: () => titles().overview, load: () => import("./pages/overview/page") },
  { path: "first-steps", group: "first", roles: ["administrator"], title: () => titles().firstSteps, load: () => import("./pages/first_steps/page") },
  { path: "settings", group: "settings", roles: ADMINISTRATORS, title: () => titles().settings, load: () => import("./pages/settings/page") },
  { path: "settings-file", group: "settings", roles: ADMINISTRATORS, title: () => titles().settingsFile, load: () => import("./pages/settings_file/page") },
];
