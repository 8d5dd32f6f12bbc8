// What is tried of mailboxes and mail servers, why it failed and what to do: words for the node's codes.

import { fill, language, texts } from "../../shell/language";

/** A check as the node tells it. */
export interface MailCheck {
  side: "reading" | "sending";
  check: string;
  folder: string | null;
  outcome: "ok" | "failed" | "not_tried" | "not_applicable";
  code: string | null;
  host: string | null;
  said: string | null;
  meant: string | null;
  words: string | null;
  remedy: string | null;
}

const words = texts({
  en: {
    sides: { reading: "Reading (IMAP)", sending: "Sending (SMTP)" } as Record<string, string>,
    checks: {
      token: "Token", connection: "Connection", tls: "TLS", greeting: "The server answers", sign_in: "Sign-in",
      inbox: "Inbox folder", drafts: "Drafts folder", outbox: "Outbox folder", sent: "Folder for sent mails",
    } as Record<string, string>,
    isThere: "{folder}: there, with the rights that are needed",
    notTried: "Not tried: something before it has to work first.",
    notApplicable: "Servers of this kind have no such folder.",
    meant: "The server says that it is {meant}.",
    faults: {} as Record<string, [string, string]>,
  },
  de: {
    sides: { reading: "Lesen (IMAP)", sending: "Senden (SMTP)" } as Record<string, string>,
    checks: {
      token: "Token", connection: "Verbindung", tls: "TLS", greeting: "Der Server antwortet", sign_in: "Anmeldung",
      inbox: "Eingangsordner", drafts: "Ordner für Entwürfe", outbox: "Postausgang", sent: "Ordner für Gesendetes",
    } as Record<string, string>,
    isThere: "{folder}: vorhanden, mit den nötigen Rechten",
    notTried: "Nicht versucht: etwas davor muss erst funktionieren.",
    notApplicable: "Server dieser Art haben keinen solchen Ordner.",
    meant: "Der Server nennt dafür {meant}.",
    faults: {
      unreachable: ["{host} ist nicht erreichbar[: {said}].", "Prüfen Sie Name und Port, und ob dieser Rechner sich dorthin verbinden darf."],
      proxy: ["Der Proxy führt nicht zu {host}[: {said}].", "Prüfen Sie den Proxy, Benutzer und Passwort, und ob er zu diesem Server führt."],
      tls: ["TLS mit {host} ist fehlgeschlagen[: {said}].", "Prüfen Sie, ob der Port TLS so spricht, wie eingestellt; vertrauen Sie dem Aussteller des Zertifikats für E-Mail, wenn das System es nicht tut."],
      timed_out: ["{host} hat nicht rechtzeitig geantwortet.", "Prüfen Sie Port und Netz, und testen Sie noch einmal."],
      lost: ["{host} hat die Verbindung beendet[: {said}].", "Lesen Sie, was der Server sagt, und sein Protokoll; vielleicht begrenzt er Verbindungen."],
      malformed: ["Was {host} sendet, ist nicht zu verstehen[: {said}].", "Prüfen Sie Rechner und Port: Dort antwortet ein anderer Dienst."],
      sign_in: ["{host} lehnt unsere Anmeldung ab[: {said}].", "Prüfen Sie Benutzername und Passwort, und ob der Server diese Art der Anmeldung für das Konto erlaubt."],
      sign_in_later: ["{host} lehnt unsere Anmeldung zurzeit ab[: {said}].", "Warten Sie einige Minuten, und testen Sie noch einmal."],
      token: ["{host} gibt kein Token[: {said}].", "Prüfen Sie Mandant, Client, Geheimnis und Schlüssel, und was ihnen beim Anbieter erlaubt ist."],
      refused: ["{host} lehnt das ab[: {said}].", "Geben Sie dem Konto das Recht, in diesem Ordner zu lesen und zu schreiben."],
      no_folder: ["{host} hat keinen solchen Ordner[: {said}].", "Legen Sie den Ordner im Postfach an, oder tragen Sie den Namen ein, den er dort hat."],
      unusable: ["Die Angaben genügen nicht[: {said}].", "Vervollständigen Sie die Einstellungen, und testen Sie noch einmal."],
    } as Record<string, [string, string]>,
  },
});

/** Which way mails go. */
export const sideWord = (side: string) => words().sides[side] ?? side;
/** What is tried. */
export const checkWord = (check: string) => words().checks[check] ?? check;

const sentence = (text: string) => text === "" || /[.!?]$/.test(text) ? text : `${text}.`;
const begun = (text: string) => text.charAt(0).toLocaleUpperCase(language.value) + text.slice(1);

/** How a check went, and what to do where it failed. */
export function checkTold(check: MailCheck): { told: string; remedy: string } {
  if (check.outcome === "ok") return { told: check.folder === null ? "" : fill(words().isThere, { folder: check.folder }), remedy: "" };
  if (check.outcome === "not_tried") return { told: words().notTried, remedy: "" };
  if (check.outcome === "not_applicable") return { told: words().notApplicable, remedy: "" };
  const known = words().faults[check.code ?? ""];
  if (!known) {
    const told = sentence(check.words ?? "");
    // Names of hosts keep their small letters.
    return { told: check.host && told.startsWith(check.host) ? told : begun(told), remedy: sentence(begun(check.remedy ?? "")) };
  }
  const [told, remedy] = known;
  const parts = [fill(told.replace(/\[([^\]]*)\]/, check.said ? "$1" : ""), { host: check.host ?? "", said: check.said ?? "" })];
  if (check.meant) parts.push(fill(words().meant, { meant: check.meant }));
  return { told: parts.join(" "), remedy };
}
