import { texts } from "../../shell/language";


/** What is said of a mail, of answers and of who has a contact. */
export const contactWords = texts({
  en: {
    noMail: "There is no mail to show", noMailText: "The mail server did not give this mail, so it cannot be answered here. Look at it in the mailbox itself, then give the contact to a queue or discard it.",
    sentAt: "Sent", state: "State", agent: "Agent", since: "since {time}", ended: "{how}, {time}", wrapUp: "Wrap-up", notYours: "You can read this contact. It is not in your hands.",
    named: "This mail names another conversation, though its sender takes no part in it: they may have got it from somebody else.", namedOpen: "Open that conversation",
    odd: "What to know about this mail",
    notices: {
      calendar: "It holds an invitation: the file is among the attachments, and nothing is answered to it.",
      tnef: "It holds a winmail.dat, in which Outlook packs attachments; it is offered as it is.",
      partial: "It is one piece of a longer mail, and the pieces are not put together.",
      external_body: "A part of it lies on another server, and is not fetched.",
      no_text: "It has no text to show.",
      several_from: "It names several senders: the first is shown, and an answer goes to that one.",
      cut: "Something is left out of what is shown. Save the whole mail to see all of it.",
    } as Record<string, string>,
    leftOut: "{count} of the mail's recipients are left out: To and Cc have room for {most} each.",
    states: { sent: "Sent", sending: "On its way", delayed: "Delayed", unknown: "Not known", failed: "Failed" } as Record<string, string>,
    stateHelp: {
      delayed: "The mail server does not take it yet; it is tried again {time}.",
      unknown: "The connection broke while it was sent. It is looked up, and sent again where it is missing.",
    } as Record<string, string>,
    showAnswer: "Show the answer", answerText: "Text of the answer", files: "Files: {names}", forTo: "to {to}", open: "Open {subject}", here: "this mail",
    scanning: "The file passes the virus scanner …",
    conversationIsCut: "The conversation has older mails than are shown; the search finds them.",
    note: "Report", ours: "The answer came back",
    oursBy: { unclear: "The answer came back: nobody knows whether it arrived", taken: "The mail server took the answer after all" } as Record<string, string>,
    
    
    actions: {
      failed: "It did not arrive", delayed: "It arrives late; the other server goes on trying", delivered: "It arrived", relayed: "It was handed on, and nobody reports from there",
      expanded: "It was handed on to several", displayed: "It was shown to the recipient", deleted: "The recipient deleted it unread",
    } as Record<string, string>, otherAction: "A mail server reports", noteOf: "{what}: {recipient}", said: "What the server said: {words}",
    failedTitle: "Your last answer was not delivered", failedText: "It came back {time}, and what was written is in the reply again. Check the addresses, then send it once more.",
    unclearTitle: "Nobody knows whether your last answer arrived", unclearText: "The mail server gave no answer when it got it at {time}. Look among the sent mails, or ask the customer, before you send it again.",
    othersFailedText: "It came back {time}, and waits for its writer.",
    waitingMails: "Waiting mails", gone: "No longer in the settings: give these to somebody.", sticky: "waits for {agent}", waitsSince: "waits for {time}", showAll: "Show all {count}", onlyFirst: "The first {count} are shown.",
  },
  de: {
    noMail: "Es gibt keine E-Mail zu zeigen", noMailText: "Der Mailserver hat diese E-Mail nicht herausgegeben, daher lässt sie sich hier nicht beantworten. Sehen Sie im Postfach selbst nach; geben Sie den Kontakt dann einer Warteschlange oder verwerfen Sie ihn.",
    sentAt: "Gesendet", state: "Zustand", agent: "Agent", since: "seit {time}", ended: "{how}, {time}", wrapUp: "Nachbearbeitung", notYours: "Sie können diesen Kontakt lesen. Er liegt nicht bei Ihnen.",
    named: "Diese E-Mail nennt einen anderen Verlauf, an dem ihr Absender nicht beteiligt ist: Er kann sie von jemand anderem haben.", namedOpen: "Jenen Verlauf öffnen",
    odd: "Was Sie über diese E-Mail wissen sollten",
    notices: {
      calendar: "Sie enthält eine Einladung: Die Datei ist bei den Anhängen, und niemand antwortet darauf.",
      tnef: "Sie enthält eine winmail.dat, in die Outlook Anhänge packt; sie wird angeboten, wie sie ist.",
      partial: "Sie ist ein Stück einer längeren E-Mail, und die Stücke werden nicht zusammengesetzt.",
      external_body: "Ein Teil liegt auf einem anderen Server und wird nicht geholt.",
      no_text: "Sie hat keinen Text, der sich zeigen lässt.",
      several_from: "Sie nennt mehrere Absender: Gezeigt wird der erste, und eine Antwort geht an ihn.",
      cut: "Nicht alles wird gezeigt. Speichern Sie die ganze E-Mail, um alles zu sehen.",
    } as Record<string, string>,
    leftOut: "{count} Empfänger der E-Mail sind weggelassen: An und Cc fassen je {most}.",
    states: { sent: "Gesendet", sending: "Unterwegs", delayed: "Verzögert", unknown: "Nicht bekannt", failed: "Gescheitert" } as Record<string, string>,
    stateHelp: {
      delayed: "Der Mailserver nimmt sie noch nicht an; der nächste Versuch ist {time}.",
      unknown: "Die Verbindung brach beim Senden ab. Es wird nachgesehen und erneut gesendet, wo sie fehlt.",
    } as Record<string, string>,
    showAnswer: "Antwort zeigen", answerText: "Text der Antwort", files: "Dateien: {names}", forTo: "an {to}", open: "{subject} öffnen", here: "diese E-Mail",
    scanning: "Die Datei geht durch den Virenscanner …",
    conversationIsCut: "Der Verlauf hat ältere E-Mails, als hier stehen; die Suche findet sie.",
    note: "Meldung", ours: "Die Antwort kam zurück",
    oursBy: { unclear: "Die Antwort kam zurück: Niemand weiß, ob sie angekommen ist", taken: "Der Mailserver hat die Antwort doch angenommen" } as Record<string, string>,
    
    
    actions: {
      failed: "Nicht angekommen", delayed: "Kommt später an; der andere Server versucht es weiter", delivered: "Angekommen", relayed: "Weitergereicht, und von dort meldet niemand etwas",
      expanded: "An mehrere weitergereicht", displayed: "Dem Empfänger gezeigt", deleted: "Vom Empfänger ungelesen gelöscht",
    } as Record<string, string>, otherAction: "Ein Mailserver meldet", noteOf: "{what}: {recipient}", said: "Was der Server sagte: {words}",
    failedTitle: "Ihre letzte Antwort wurde nicht zugestellt", failedText: "Sie kam {time} zurück, und was geschrieben war, steht wieder in der Antwort. Prüfen Sie die Adressen und senden Sie sie dann erneut.",
    unclearTitle: "Niemand weiß, ob Ihre letzte Antwort ankam", unclearText: "Der Mailserver antwortete nicht, als er sie um {time} bekam. Sehen Sie unter den gesendeten E-Mails nach oder fragen Sie den Kunden, bevor Sie sie noch einmal senden.",
    othersFailedText: "Sie kam {time} zurück und wartet auf den, der sie schrieb.",
    waitingMails: "Wartende E-Mails", gone: "Nicht mehr in den Einstellungen: Geben Sie diese jemandem.", sticky: "wartet auf {agent}", waitsSince: "wartet seit {time}", showAll: "Alle {count} zeigen", onlyFirst: "Gezeigt werden die ersten {count}.",
  },
});
