// Why parts are not as they should be, in the languages that the node itself does not speak. The node tells a
// code with arguments; its own English words stand in where there are none here.
//
// Words between [ and ] are left out where an argument in them is not told.

import { language, type Language } from "../../../shell/language";
import type { Part } from "./answers";

type Translated = Exclude<Language, "en">;

export const REASONS: Record<Translated, Record<string, string>> = {
  de: {
    node_drains: "Dieser Knoten hält an. Melden Sie sich an einem anderen an.",
    node_replaced: "Ein anderer Prozess läuft unter dem Namen dieses Knotens, deshalb wird hier nichts mehr angenommen. Beenden Sie einen von beiden.",
    node_cut_off: "Die Lebenszeichen dieses Knotens erreichen den Datenspeicher nicht, deshalb bedienen andere seine Telefone. Prüfen Sie Netz und Datenbank.",
    maintenance_on: "Während der Wartung werden Anmeldungen hier abgewiesen. Beenden Sie die Wartung, wenn Sie fertig sind.",
    other_node_gone: "Von {node} ist nichts zu hören. Starten Sie den Knoten, oder nehmen Sie ihn endgültig aus dem Lastverteiler.",
    other_node_left: "{node} wurde angehalten. Starten Sie den Knoten, wenn er wieder gebraucht wird.",
    other_node_amiss: "{node} meldet den Zustand {state}. Den Grund nennt die Konsole dieses Knotens.",
    other_node_behind: "Auf {node} gelten andere Einstellungen (Stand {number} statt {expected}). Bleibt das so, prüfen Sie, ob der Knoten die Datenbank erreicht.",
    other_node_version: "{node} läuft mit Version {version}. Bringen Sie nach der Aktualisierung alle Knoten auf dieselbe Version.",
    store_failing: "Der Datenspeicher funktioniert nicht: nichts lässt sich ändern, und niemand kann sich anmelden. Angemeldete Agenten arbeiten weiter[. Ursache: {why}]. Prüfen Sie Platte oder Datenbank.",
    disk_fills_up: "Die Platte des Datenspeichers füllt sich: {free_mebibytes} MiB sind frei, {store_mebibytes} MiB belegt der Datenspeicher. Schaffen Sie Platz, verkürzen Sie die Aufbewahrung, oder ziehen Sie um.",
    disk_elsewhere: "Der Datenspeicher ist eine Datenbank auf einem anderen Rechner, dessen Platte von hier nicht zu sehen ist. Überwachen Sie sie dort.",
    backups_none: "Auf diesem Knoten gibt es keine Sicherung. Legen Sie eine an, oder rufen Sie jackfield backup regelmäßig selbst auf.",
    backups_old: "Die neueste Sicherung auf diesem Knoten ist {days} Tage alt. Legen Sie eine neue an, oder rufen Sie jackfield backup regelmäßig selbst auf.",
    backups_unreadable: "Der Ordner der Sicherungen lässt sich nicht lesen[: {why}]. Geben Sie dem Benutzer des Dienstes das Recht dazu.",
    settings_without_file: "Keine Datei bestimmt die Einstellungen. Sie werden hier und von Programmen geändert.",
    settings_drift: "Die Einstellungsdatei weicht an {changes} Stellen von dem ab, was gilt. Sehen Sie sich den Plan an, und laden Sie dann neu.",
    settings_file_wrong: "Die Einstellungsdatei lässt sich nicht anwenden, deshalb gilt weiter der alte Stand[: {why}]. Berichtigen Sie die Datei, und laden Sie dann neu.",
    settings_being_compared: "Die Einstellungsdatei wird gerade verglichen. Sehen Sie gleich noch einmal nach.",
    secrets_shut: "{count} Geheimnisse in den Einstellungen lassen sich mit den Schlüsseln dieses Knotens nicht öffnen. Geben Sie ihm den Schlüssel, mit dem sie versiegelt wurden, oder tragen Sie sie neu ein.",
    clock_apart: "Die Uhr dieses Rechners weicht um {seconds} Sekunden von der Uhr der Datenbank ab. Stellen Sie sie über NTP.",
    surface_degraded: "Dieser Dienst arbeitet nur teilweise[: {why}].",
    surface_failing: "Hier wird niemand bedient[: {why}].",
    listener_off: "Die Konfiguration des Knotens hat diesen Port abgeschaltet.",
    listener_missing: "Hier lauscht niemand, obwohl die Einstellungen es verlangen: der Port ist abgeschaltet oder belegt. Prüfen Sie Konfiguration und Protokoll des Knotens.",
    certificate_expires: "Das Zertifikat läuft in {days} Tagen ab. Setzen Sie vorher ein neues ein.",
    certificate_expired: "Das Zertifikat ist abgelaufen; Telefone und Browser weisen es ab. Setzen Sie ein neues ein.",
    certificate_not_renewed: "Die Zertifizierungsstelle hat in {failures} Versuchen kein neues Zertifikat ausgestellt[: {why}]. Das bisherige gilt weiter.",
    trust_useless: "{count} vertraute Zertifikate sind unbrauchbar, weil sie beschädigt oder abgelaufen sind. Entfernen oder ersetzen Sie sie.",
    identity_off: "Kein Host des Identitätsdienstes ist genannt. Richten Sie ihn ein, wenn Sie Single Sign-on wollen.",
    identity_amiss: "Der Identitätsdienst arbeitet nur teilweise[: {why}].",
    identity_down: "Der Identitätsdienst bedient hier niemanden[: {why}].",
    identity_certificate_expires: "Das Zertifikat, an dem uns der Identity Provider erkennt, läuft in {days} Tagen ab. Machen Sie ein neues, und geben Sie dem Identity Provider unsere Metadaten.",
    provider_certificate_expires: "Das letzte Zertifikat des Identity Providers {provider} läuft in {days} Tagen ab. Verlangen Sie seine neuen Metadaten, und übernehmen Sie sie.",
    provider_metadata_changed: "Der Identity Provider {provider} bietet andere Metadaten an, als hier gelten. Übernehmen Sie sie, und testen Sie noch einmal.",
    provider_metadata_away: "Die Metadaten des Identity Providers {provider} sind unter ihrer Adresse nicht zu haben[: {why}].",
    cti_none: "Es ist kein Contact-Center-Server eingerichtet: das Gateway führt die Zustände der Agenten selbst.",
    cti_not_begun: "Die Verbindung zu diesem Paar wurde noch nicht begonnen. Sehen Sie gleich noch einmal nach.",
    cti_down: "Keine Seite des Paars bedient uns, deshalb sind die Zustände seiner Agenten nicht bekannt[: {why}]. Testen Sie beide Seiten, und prüfen Sie Server und Netz.",
    cti_amiss: "Seite {side} des Paars bedient uns, aber etwas stimmt nicht[: {why}].",
    cti_catching_up: "Die Verbindung steht wieder; {agents} Agenten sind noch nicht wieder bekannt. Das gibt sich von selbst.",
    directory_by_hand: "Aus diesem Verzeichnis werden Agenten nur auf Anforderung übernommen. Richten Sie den Abgleich ein, damit es regelmäßig geschieht.",
    directory_not_yet: "Seit dem Start dieses Knotens wurde nichts übernommen. Starten Sie eine Übernahme.",
    directory_failed: "Die letzte Übernahme ist fehlgeschlagen[: {why}]. Testen Sie das Verzeichnis, und prüfen Sie Konto und Adresse.",
    directory_left_alone: "Das Verzeichnis hat unser eigenes Konto abgewiesen und wird eine Weile nicht gefragt, damit das Konto nicht gesperrt wird[: {why}]. Berichtigen Sie Benutzer oder Passwort, dann wird sofort wieder gefragt.",
    directory_too_many_removals: "Die letzte Übernahme wurde angehalten, weil {removed} Agenten weggefallen wären. Ist das gewollt, übernehmen Sie von Hand mit Entfernungen.",
    directory_not_all: "{count} Einträge des Verzeichnisses wurden nicht übernommen. Der Bericht der letzten Übernahme nennt sie.",
    sip_off: "SIP ist aus. Setzen Sie eine Domäne, damit sich Telefone hier registrieren.",
    registrations_amiss: "{missing} von {all} Telefonen, die sich hier registrieren sollen, sind nicht registriert. Prüfen Sie, ob sie eingeschaltet sind und diesen Knoten als Server haben.",
    next_hop_partly: "{up} von {all} Servern dieses Next Hops sind nutzbar[: {why}].",
    next_hop_down: "Kein Server dieses Next Hops ist nutzbar, deshalb sind die Telefone dahinter nicht erreichbar[: {why}]. Testen Sie den Next Hop, und prüfen Sie Server und Netz.",
    mailbox_none: "Keine CSQ nimmt E-Mails an: Legen Sie eine mit ihrem Postfach an, damit E-Mails zu Agenten kommen.",
    mailbox_not_yet: "Dieses Postfach wurde noch nicht gelesen; sehen Sie gleich noch einmal nach.",
    mailbox_elsewhere: "Ein anderer Knoten liest dieses Postfach; dessen eigene Konsole sagt, wie es steht.",
    mailbox_amiss: "Dieses Postfach wird gelesen, aber etwas ist nicht, wie es sein soll[: {why}].",
    mailbox_down: "Dieses Postfach wird nicht gelesen, deshalb warten seine E-Mails auf dem Mailserver[: {why}]. Testen Sie es, und prüfen Sie Konto, Mailserver und Netz.",
    mailbox_not_kept: "Es werden keine neuen E-Mails geholt, weil der Datenspeicher keine annimmt[: {why}]. Prüfen Sie seine Platte oder seine Datenbank.",
    push_not_configured: "Für Push-Nachrichten ist kein Benutzer gesetzt; Telefone sehen Änderungen erst, wenn sie selbst fragen. Setzen Sie phone_service.push.",
    phones_refuse_pushes: "{amiss} von {all} Telefonen haben die letzte Push-Nachricht nicht angenommen. Die Liste der Geräte nennt für jedes den Grund.",
    headsets_off: "Die Einbindung von Headsets ist aus. Setzen Sie headset.mode, um sie zu nutzen.",
    headsets_amiss: "Bei {amiss} von {all} Telefonen mit Headset stimmt etwas nicht. Die Liste der Headsets nennt für jedes den Grund.",
    syslog_none: "Es ist kein Syslog-Empfänger gesetzt: das Protokoll bleibt auf diesem Rechner.",
    syslog_away: "Der Empfänger ist nicht erreichbar; {waiting} Meldungen warten auf ihn[: {why}]. Testen Sie ihn, und prüfen Sie Adresse und Netz.",
  },
};

/** Puts arguments in their places; null where one is not told. */
function filled(words: string, values: Part["arguments"]): string | null {
  let whole = true;
  const text = words.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name];
    if (value === null || value === undefined) whole = false;
    return String(value ?? "");
  });
  return whole ? text : null;
}

/** The node's words as a sentence. */
function sentence(words: string): string {
  const first = words.charAt(0).toLocaleUpperCase("en") + words.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}

/** Why a part stands as it does and what to do, in the language of the console. */
export function reasonOf(part: Pick<Part, "code" | "reason" | "arguments">): string {
  const spoken = language.value;
  const words = spoken === "en" ? undefined : REASONS[spoken][part.code ?? ""];
  if (words !== undefined) {
    // First the clauses that go, then all places at once: what a peer said is not read as words with places.
    const told = words.replace(/\[([^\]]*)\]/g, (_, clause: string) => filled(clause, part.arguments) === null ? "" : clause);
    const text = filled(told, part.arguments);
    if (text !== null) return text;
  }
  return part.reason ? sentence(part.reason) : "";
}
