// What the deeds in the audit log are called. One that has no words here is told by its name.

import { texts } from "../../../shell/language";

export const actions = texts<Record<string, string>>({
  en: {
    settings_changed: "Settings changed", signed_in: "Signed in to the console", signed_out: "Signed out of the console", sign_in_refused: "Sign-in refused",
    session_ended: "Session ended", account_locked: "Account locked", set_up: "First administrator made", set_up_link_made: "Set-up link made",
    agent_signed_in: "Agent signed in", agent_signed_out: "Agent signed out", agent_taken_over: "Agent moved to another phone", agent_state_changed: "Agent's state changed",
    token_made: "Access token made", token_revoked: "Access token revoked",
    backup_written: "Backup made", backup_downloaded: "Backup downloaded", backup_restored: "Backup restored", backup_deleted: "Backup deleted",
    certificate_requested: "Certificate requested", certificate_imported: "Certificate imported", certificate_renewed: "Certificate renewed", certificate_ordered: "Certificate ordered",
    maintenance_on: "Maintenance begun", maintenance_off: "Maintenance ended", reloaded: "Reloaded", log_level_changed: "Log level changed",
    tried: "Test of a peer", mail_tested: "Mailbox or mail server tested", support_bundle_made: "Support bundle made", flight_recorder_exported: "Flight recorder exported", secrets_resealed: "Secrets sealed anew",
    erased: "Person erased", audit_removed: "Old audit entries removed", headsets_removed: "Old headsets removed",
  },
  de: {
    settings_changed: "Einstellungen geändert", signed_in: "An der Konsole angemeldet", signed_out: "Von der Konsole abgemeldet", sign_in_refused: "Anmeldung abgewiesen",
    session_ended: "Sitzung beendet", account_locked: "Konto gesperrt", set_up: "Erstes Administratorkonto angelegt", set_up_link_made: "Einrichtungslink erzeugt",
    agent_signed_in: "Agent angemeldet", agent_signed_out: "Agent abgemeldet", agent_taken_over: "Agent an anderes Telefon gewechselt", agent_state_changed: "Zustand eines Agenten geändert",
    token_made: "Zugriffstoken angelegt", token_revoked: "Zugriffstoken widerrufen",
    backup_written: "Sicherung angelegt", backup_downloaded: "Sicherung heruntergeladen", backup_restored: "Sicherung eingespielt", backup_deleted: "Sicherung gelöscht",
    certificate_requested: "Zertifikat angefordert", certificate_imported: "Zertifikat importiert", certificate_renewed: "Zertifikat erneuert", certificate_ordered: "Zertifikat bestellt",
    maintenance_on: "Wartung begonnen", maintenance_off: "Wartung beendet", reloaded: "Neu eingelesen", log_level_changed: "Protokollstufe geändert",
    tried: "Gegenstelle getestet", mail_tested: "Postfach oder Mailserver getestet", support_bundle_made: "Supportpaket erstellt", flight_recorder_exported: "Flugschreiber exportiert", secrets_resealed: "Geheimnisse neu versiegelt",
    erased: "Person gelöscht", audit_removed: "Alte Auditeinträge entfernt", headsets_removed: "Alte Headsets entfernt",
  },
});

/** What a deed is called. */
export function actionWord(action: string): string {
  return Object.hasOwn(actions(), action) ? actions()[action] ?? action : action;
}
