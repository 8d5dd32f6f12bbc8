import { texts } from "../../../shell/language";

export const words = texts({
  en: {
    title: "Mails that became no contact",
    intro: "What came into this mailbox and was not given to agents. All of it lies on the mail server still.",
    none: "There are none.",
    show: "Show",
    all: "All ({count})",
    at: "Arrived",
    from: "From",
    subject: "Subject",
    why: "Why",
    reasons: {
      duplicate: "It is there already",
      bounce: "A report on a mail of yours, noted in its conversation",
      parked: "A report on a mail that is not known here",
      too_old: "Too old when the mailbox was read first",
    } as Record<string, string>,
    older: "{count} older mails lay there when the mailbox was read first, and were left out.",
    more: "Show more",
  },
  de: {
    title: "E-Mails, die kein Kontakt wurden",
    intro: "Was in dieses Postfach kam und keinem Agenten gegeben wurde. Alles davon liegt weiter auf dem Mailserver.",
    none: "Es gibt keine.",
    show: "Anzeigen",
    all: "Alle ({count})",
    at: "Eingegangen",
    from: "Von",
    subject: "Betreff",
    why: "Warum",
    reasons: {
      duplicate: "Ist schon da",
      bounce: "Meldung zu einer eigenen E-Mail, im Vorgang vermerkt",
      parked: "Meldung zu einer E-Mail, die hier nicht bekannt ist",
      too_old: "Beim ersten Lesen des Postfachs zu alt",
    } as Record<string, string>,
    older: "{count} ältere E-Mails lagen beim ersten Lesen im Postfach und wurden ausgelassen.",
    more: "Mehr anzeigen",
  },
});
