# Tasten: höchstens acht Zeichen, Telefone kürzen längere.
key-sign-in = Anmelden
key-exit = Beenden
key-erase = Löschen
key-ready = Bereit
key-not-ready = N.bereit
key-wrap-up = Nacharb.
key-call = Daten
key-home = Status
key-sign-out = Abmelden
key-refresh = Aktual.
key-select = Auswahl
key-back = Zurück
key-retry = Nochmal

# Titel und Eingabezeilen: höchstens 32 Zeichen.
sign-in-title = Anmeldung
sign-in-prompt = Bitte Daten eingeben
sign-in-incomplete = Bitte alle Felder ausfüllen
field-id = Kennung
field-extension = Nebenstelle
field-password = Passwort
field-mobile = Mobilnummer (optional)
device-title = Telefon auswählen
device-prompt = Welches Telefon nutzen Sie?
mobile-title = Mobiles Telefon
mobile-prompt = Wie kommen Anrufe zu Ihnen?
mobile-call-by-call = Pro Anruf verbinden
mobile-nailed = Dauerhaft verbinden
reasons-not-ready-title = Grund für Nicht bereit
reasons-wrap-up-title = Grund der Nachbearbeitung
reasons-sign-out-title = Grund der Abmeldung
reasons-prompt = Bitte auswählen
call-title = Anrufdaten
problem-title = Nicht möglich
maintenance-title = Wartung

# Eine Zeile auf der Anmeldeseite: höchstens 32 Zeichen.
notice-signed-out = Sie sind abgemeldet
notice-supervisor = Vom Supervisor abgemeldet
notice-no-contact = Telefon antwortete nicht ({ $code })
notice-system = Vom System abgemeldet
notice-system-code = Vom System abgemeldet ({ $code })
notice-elsewhere = Woanders angemeldet
notice-again = Bitte erneut anmelden

# Der Startbildschirm.
state-ready = Bereit
state-not-ready = Nicht bereit
state-talking = Im Gespräch
state-wrap-up = Nachbearbeitung
state-reason = { $state } - { $reason }
home-state = Status: { $state }
home-since = Dauer: { $duration }
home-pending = Danach: { $state }
home-wrap-up = Nachbearbeitung: { $reason }
home-mobile = Anrufe gehen an { $number }
home-line = Leitung { $extension }
call-from = Anruf von { $number }
call-to = Anruf an { $number }
call-for = Dauer: { $duration }
notice-reason-gone = Dieser Grund steht nicht mehr zur Wahl.
notice-not-ready-first = Vor dem Abmelden bitte auf Nicht bereit gehen.
notice-call-gone = Der Anruf ist schon beendet.
notice-in-call = Während eines Anrufs nicht möglich.
notice-changed = Ihr Status hat sich inzwischen geändert. Bitte erneut drücken.

# Was nicht ging, in ganzen Sätzen.
problem-wrong = Kennung oder Passwort ist falsch. Nach fünf falschen Passwörtern in Folge ist die Anmeldung fünf Minuten gesperrt.
problem-locked = Zu viele falsche Passwörter. Die Anmeldung ist noch { $minutes } Min. gesperrt.
problem-busy = Der Dienst ist ausgelastet. Bitte versuchen Sie es in { $seconds } s erneut.
problem-unavailable = Der Dienst ist gerade nicht verfügbar. Bitte versuchen Sie es gleich noch einmal.
problem-maintenance = Dieser Dienst wird gerade gewartet. Bitte melden Sie sich am Ersatzdienst an.
problem-alternate = Ersatzdienst: { $name }
problem-agent = Dieses Konto ist nicht als Agent eingerichtet. Bitte wenden Sie sich an die Administration.
problem-extension = Die Leitung { $extension } gibt es nicht. Bitte prüfen Sie die Nebenstelle.
problem-extension-form = Eine Nebenstelle hat nur Ziffern, *, # und +, höchstens 24 Zeichen.
problem-extension-used = Die Leitung { $extension } nutzt gerade ein anderer Agent.
problem-device = Dieses Telefon ({ $device }) ist für den Dienst nicht eingerichtet. Bitte wenden Sie sich an die Administration.
problem-device-used = An diesem Telefon ist noch ein anderer Agent angemeldet. Er muss sich erst abmelden.
problem-device-name = Die Adresse des Dienstes muss mit dem Gerätenamen dieses Telefons enden. Bitte wenden Sie sich an die Administration.
problem-mobile = Die Anmeldung mit einem Mobiltelefon ist hier nicht erlaubt.
problem-mobile-form = Eine Mobilnummer hat nur Ziffern, *, # und +, höchstens 24 Zeichen.
problem-in-call = Sie sind auf einer anderen Leitung im Gespräch. Bitte beenden Sie es zuerst.
problem-repeated = Die Adresse des Dienstes enthält "{ $name }" mehrfach. Bitte wenden Sie sich an die Administration.
problem-encoding = Der Wert von "{ $name }" ist falsch kodiert. Bitte wenden Sie sich an die Administration.
problem-control = Der Wert von "{ $name }" enthält ein unzulässiges Zeichen.
problem-long = Der Wert von "{ $name }" ist zu lang, erlaubt sind höchstens { $limit } Zeichen.
problem-many = Die Adresse des Dienstes hat zu viele Parameter. Bitte wenden Sie sich an die Administration.
problem-form = Dieses Telefon kann kein Formular anzeigen. Bitte lassen Sie Kennung, Nebenstelle und Passwort im Abonnement des Dienstes eintragen.
problem-link = Diese Seite ist ungültig. Bitte öffnen Sie den Dienst neu.
problem-internal = Bei uns ist etwas schiefgegangen. Bitte versuchen Sie es noch einmal.
problem-reference = Referenz: { $reference }
