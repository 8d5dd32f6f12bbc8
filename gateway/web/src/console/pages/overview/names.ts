// What parts are called, and which belong together.

import { texts } from "../../../shell/language";
import type { Part } from "./answers";

export const GROUPS = {
  node: ["node", "maintenance", "store", "disk", "backups", "settings_file", "secrets", "clock"],
  served: ["surface", "listener", "certificate", "identity"],
  systems: ["nodes", "cti_pair", "directory", "sip_next_hop", "mailbox", "syslog"],
  phones: ["registrations", "phones", "headsets"],
} as const;

interface Names {
  /** By part, with `{name}` where there are several. */
  parts: Record<string, string>;
  /** By part and name, where the name is one of ours. */
  named: Record<string, string>;
  trusted: string;
}

const names = texts<Names>({
  en: {
    parts: {
      node: "Node {name}", maintenance: "Sign-ins", nodes: "Node {name}", store: "Store", disk: "Disk of the store",
      backups: "Backups", settings_file: "Settings file", secrets: "Secrets", clock: "Clock", surface: "Service {name}",
      listener: "Port {name}", certificate: "Certificate {name}", identity: "Single sign-on {name}", cti_pair: "CTI pair {name}", directory: "Directory {name}",
      registrations: "SIP registrations", sip_next_hop: "SIP next hop {name}", phones: "Pushes to phones", headsets: "Headsets",
      mailbox: "Mailbox {name}", syslog: "Syslog receiver {name}",
    },
    named: {
      "surface phone": "Phone service", "surface console": "Console and REST", "surface headset": "Headset service", "surface identity": "Identity service",
      "surface provisioning": "Provisioning", "surface operations": "Health and metrics",
      "listener phone": "Port for phones", "listener console": "Port for console and REST",
      "listener operations": "Port for health and metrics", "listener identity": "Port for single sign-on", "listener headset": "Port for headsets",
      "listener sip": "Port for SIP", "listener provisioning": "Port for provisioning",
      "certificate acme": "Certificates by ACME", "certificate trust": "Trusted certificates", "certificate server": "Certificate of this node",
    },
    trusted: "Trusted certificate {name}",
  },
  de: {
    parts: {
      node: "Knoten {name}", maintenance: "Anmeldungen", nodes: "Knoten {name}", store: "Datenspeicher",
      disk: "Platte des Datenspeichers", backups: "Sicherungen", settings_file: "Einstellungsdatei", secrets: "Geheimnisse",
      clock: "Uhr", surface: "Dienst {name}", listener: "Port {name}", certificate: "Zertifikat {name}",
      identity: "Single Sign-on {name}",
      cti_pair: "CTI-Paar {name}", directory: "Verzeichnis {name}", registrations: "SIP-Registrierungen",
      sip_next_hop: "SIP-Next-Hop {name}", phones: "Push-Nachrichten an Telefone", headsets: "Headsets",
      mailbox: "Postfach {name}", syslog: "Syslog-Empfänger {name}",
    },
    named: {
      "surface phone": "Telefondienst", "surface console": "Konsole und REST", "surface headset": "Headset-Dienst", "surface identity": "Identitätsdienst",
      "surface provisioning": "Provisionierung", "surface operations": "Zustand und Metriken",
      "listener phone": "Port für Telefone", "listener console": "Port für Konsole und REST",
      "listener operations": "Port für Zustand und Metriken", "listener identity": "Port für Single Sign-on", "listener headset": "Port für Headsets",
      "listener sip": "Port für SIP", "listener provisioning": "Port für Provisionierung",
      "certificate acme": "Zertifikate über ACME", "certificate trust": "Vertraute Zertifikate", "certificate server": "Zertifikat dieses Knotens",
    },
    trusted: "Vertrautes Zertifikat {name}",
  },
});

/** Certificates that are trusted stand under that name and their own. */
const TRUSTED = "trust/";

/** What a part is called. */
export function partName(part: Part): string {
  const { parts, named, trusted } = names();
  if (part.part === "certificate" && part.name?.startsWith(TRUSTED)) {
    return trusted.replace("{name}", () => (part.name ?? "").slice(TRUSTED.length));
  }
  const text = named[`${part.part} ${part.name ?? ""}`] ?? parts[part.part] ?? `${part.part} {name}`;
  return text.replace("{name}", () => part.name ?? "").trim();
}

/** The group that a part stands in; what is not known stands with the node. */
export function groupOf(part: Part): keyof typeof GROUPS {
  for (const [group, parts] of Object.entries(GROUPS)) {
    if ((parts as readonly string[]).includes(part.part)) return group as keyof typeof GROUPS;
  }
  return "node";
}
