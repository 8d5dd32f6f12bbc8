// The pages of the console: one line each. A page is loaded when it is first opened.

import type { ComponentType } from "preact";
import { texts } from "../shell/language";
import type { Role } from "../shell/session";

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
    agents: "Agents",
    devices: "Devices",
    headsets: "Headsets",
    cti: "CTI",
    digital: "Digital channels",
    queueAgents: "Agents of a queue",
    reports: "Reports",
    audit: "Audit log",
    certificates: "Certificates",
    identity: "Single sign-on",
    applications: "Applications",
    backups: "Backups",
    flightRecorder: "Flight recorder",
    account: "Your account",
    about: "About",
    nodes: "Nodes",
    log: "Log",
    probes: "Tests of peers",
    settings: "All settings",
    settingsFile: "Import and export",
  },
  de: {
    overview: "Übersicht",
    firstSteps: "Erste Schritte",
    agents: "Agenten",
    devices: "Geräte",
    headsets: "Headsets",
    cti: "CTI",
    digital: "Digitale Kanäle",
    queueAgents: "Agenten einer Warteschlange",
    reports: "Berichte",
    audit: "Auditprotokoll",
    certificates: "Zertifikate",
    identity: "Single Sign-on",
    applications: "Anwendungen",
    backups: "Sicherungen",
    flightRecorder: "Flugschreiber",
    account: "Ihr Konto",
    about: "Über",
    nodes: "Knoten",
    log: "Protokoll",
    probes: "Tests der Gegenstellen",
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
  { path: "agents", group: "work", roles: LEADERS, title: () => titles().agents, load: () => import("./pages/agents/page") },
  { path: "devices", group: "work", roles: LEADERS, title: () => titles().devices, load: () => import("./pages/devices/page") },
  { path: "cti", group: "work", roles: ["administrator"], title: () => titles().cti, load: () => import("./pages/cti/page") },
  { path: "digital", group: "work", roles: ADMINISTRATORS, title: () => titles().digital, load: () => import("./pages/digital/page") },
  { path: "queue-agents", group: "work", roles: ADMINISTRATORS, title: () => titles().queueAgents, load: () => import("./pages/queue_agents/page"), hidden: true },
  { path: "headsets", group: "work", roles: ["administrator"], title: () => titles().headsets, load: () => import("./pages/headsets/page") },
  { path: "reports", group: "work", roles: ["administrator", "supervisor", "report"], title: () => titles().reports, load: () => import("./pages/reports/page") },
  { path: "nodes", group: "system", roles: ["administrator"], title: () => titles().nodes, load: () => import("./pages/nodes/page") },
  { path: "log", group: "system", roles: ["administrator"], title: () => titles().log, load: () => import("./pages/log/page") },
  { path: "probes", group: "system", roles: ["administrator"], title: () => titles().probes, load: () => import("./pages/probes/page") },
  { path: "certificates", group: "system", roles: ["administrator"], title: () => titles().certificates, load: () => import("./pages/certificates/page") },
  { path: "identity", group: "system", roles: ADMINISTRATORS, title: () => titles().identity, load: () => import("./pages/identity/page") },
  { path: "oauth-clients", group: "system", roles: ADMINISTRATORS, title: () => titles().applications, load: () => import("./pages/oauth_clients/page") },
  { path: "backups", group: "system", roles: ["administrator"], title: () => titles().backups, load: () => import("./pages/backups/page") },
  { path: "flight-recorder", group: "system", roles: ["administrator"], title: () => titles().flightRecorder, load: () => import("./pages/flight_recorder/page") },
  { path: "account", group: "own", roles: ["administrator", "supervisor", "report", "agent"], title: () => titles().account, load: () => import("./pages/account/page") },
  { path: "about", group: "own", roles: ["administrator", "supervisor"], title: () => titles().about, load: () => import("./pages/about/page") },
  { path: "audit", group: "system", roles: ["administrator"], title: () => titles().audit, load: () => import("./pages/audit/page") },
  { path: "settings", group: "settings", roles: ADMINISTRATORS, title: () => titles().settings, load: () => import("./pages/settings/page") },
  { path: "settings-file", group: "settings", roles: ADMINISTRATORS, title: () => titles().settingsFile, load: () => import("./pages/settings_file/page") },
];
