// How a push to a phone went, in words, by the name that the node tells.

import { texts } from "../shell/language";

interface Words {
  short: Record<string, string>;
  /** What is wrong and what to do, where the node's own words are of another language. */
  help: Record<string, string>;
}

const words = texts<Words>({
  en: {
    short: {
      ok: "Taken", not_configured: "Not set up", no_answer: "No answer", connection_refused: "Nothing listens", not_https: "No HTTPS",
      certificate_unknown: "Certificate not trusted", credentials_refused: "User refused", refused: "Refused",
    },
    help: {},
  },
  de: {
    short: {
      ok: "Angenommen", not_configured: "Nicht eingerichtet", no_answer: "Keine Antwort", connection_refused: "Niemand lauscht", not_https: "Kein HTTPS",
      certificate_unknown: "Zertifikat nicht vertraut", credentials_refused: "Benutzer abgewiesen", refused: "Abgelehnt",
    },
    help: {
      not_configured: "Push ist nicht eingerichtet, oder das Passwort wurde mit einem anderen Schlüssel versiegelt. Setzen Sie phone_service.push.",
      no_answer: "Das Telefon antwortet nicht. Ist es eingeschaltet, und steht eine Firewall dazwischen?",
      connection_refused: "Dort lauscht niemand. Schalten Sie den Webzugriff des Telefons ein.",
      not_https: "Was dort lauscht, spricht kein TLS 1.2. Stellen Sie den Webzugriff des Telefons auf HTTPS, oder aktualisieren Sie es.",
      certificate_unknown: "Dem Zertifikat des Telefons wird nicht vertraut. Nehmen Sie das ausstellende Zertifikat in die vertrauten auf, oder tragen Sie den Fingerabdruck beim Gerät ein.",
      credentials_refused: "Das Telefon hat den Anwendungsbenutzer abgewiesen. Prüfen Sie Benutzer und Passwort, ob das Telefon zu den Geräten des Benutzers gehört, und ob es unsere Authentifizierungs-URL erreicht.",
      refused: "Das Telefon hat geantwortet, dass es die Anweisung nicht ausgeführt hat.",
    },
  },
});

/** How it went, in a word or two. */
export function pushWord(result: string): string {
  return words().short[result] ?? result;
}

/** What is wrong and what to do; `reason` is what the node says. */
export function pushHelp(result: string, reason: string | null): string {
  const text = words().help[result] ?? reason ?? pushWord(result);
  return text.charAt(0).toUpperCase() + text.slice(1);
}
