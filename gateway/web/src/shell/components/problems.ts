// What the node's problems are called in the languages that it does not speak itself, by their code; where
// there is none, the node's own English words stand. `{detail}` is what the node says of this one.

import { language, type Language } from "../language";

type Translated = Exclude<Language, "en">;

const PROBLEMS: Record<Translated, Record<string, string>> = {
  de: {
    bad_json: "Der Knoten konnte die Anfrage nicht lesen: {detail}",
    bad_query: "Ein Filter lässt sich so nicht anwenden: {detail}",
    unauthorized: "Melden Sie sich zuerst an.",
    forbidden: "Das dürfen Sie mit Ihrer Rolle nicht.",
    token_not_enough: "Dafür genügt kein Token; melden Sie sich mit Ihrem Konto an.",
    not_found: "Das gibt es hier nicht (mehr).",
    agent_unknown: "Diesen Agenten gibt es nicht.",
    refused: "Abgelehnt: {detail}",
    in_use: "Anderes in den Einstellungen verweist darauf. Ändern Sie zuerst dieses: {detail}",
    last_administrator: "Danach könnte niemand mehr verwalten. Geben Sie zuerst einem anderen Konto die Rolle Administrator.",
    other_node: "Das liegt bei einem anderen Knoten: {detail}",
    read_only: "Eine Datei bestimmt die Einstellungen. Ändern Sie die Datei, und lesen Sie sie unter Knoten neu ein.",
    settings_in_use: "So lässt sich etwas nicht ändern, das gerade benutzt wird: {detail}",
    settings_moved: "Die Einstellungen wurden inzwischen geändert. Sehen Sie sie noch einmal an, und versuchen Sie es erneut.",
    precondition_failed: "Das wurde inzwischen von jemand anderem geändert. Sehen Sie es noch einmal an, und versuchen Sie es erneut.",
    not_signed_in: "Dieser Agent ist nicht angemeldet.",
    stale: "Der Zustand des Agenten hat sich inzwischen geändert. Sehen Sie ihn noch einmal an.",
    reason_unknown: "Diesen Grund gibt es für den Agenten nicht.",
    sign_out_needs_not_ready: "Abmelden kann sich nur, wer nicht bereit ist. Setzen Sie den Agenten zuerst auf nicht bereit.",
    call_in_progress: "Dieser Agent ist in einem Gespräch.",
    too_many: "Davon gibt es schon so viele wie möglich: {detail}",
    wrong_backup: "Diese Sicherung lässt sich nicht lesen: {detail}",
    done_already: "Das wurde schon getan und wird nur einmal gezeigt.",
    invalid: "Einige Angaben stimmen nicht.",
    busy: "Gerade ist zu viel auf einmal zu tun. Versuchen Sie es gleich noch einmal.",
    broken: "Im Knoten ist etwas schiefgegangen. Das Kennzeichen führt zur Zeile im Protokoll.",
    unknown_request: "Das kann dieser Knoten nicht; vielleicht ist er älter als diese Konsole.",
    stopping: "Der Knoten hält gerade an. Versuchen Sie es gleich noch einmal, oder an einem anderen Knoten.",
    unknown: "Es ist nicht bekannt, ob es getan wurde. Sehen Sie nach, bevor Sie es wiederholen.",
    unavailable: "Etwas Nötiges ist nicht erreichbar: {detail}",
    not_known: "Was der Agent gerade tut, ist nicht bekannt.",
    owner_away: "Das Contact Center ist nicht verbunden. Sehen Sie unter CTI nach.",
    virus_found: "Der Virenscanner hat in dieser Datei etwas gefunden, deshalb kann niemand sie öffnen oder senden: {detail}",
    not_scanned: "Der Virenscanner konnte diese Datei nicht prüfen. Versuchen Sie es später noch einmal: {detail}",
    too_large_to_scan: "Diese Datei ist größer, als der Virenscanner prüft: {detail}",
    unclear: "Es kam nicht rechtzeitig eine Antwort. Sehen Sie nach, bevor Sie es wiederholen.",
  },
};

/** What went wrong, in the language that is spoken. */
export function toldProblem(code: string, detail: string): string {
  const spoken = language.value;
  const told = spoken === "en" ? undefined : PROBLEMS[spoken][code];
  return told === undefined ? detail : told.replace("{detail}", () => detail);
}
