import { texts } from "../../shell/language";

/** Words for numbers of the day, an agent's own and a team's. */
export const words = texts({
  en: {
    today: "Today", waiting: "Waiting", waitingNone: "Nothing waits.", oldest: "oldest for {time}", partial: "Still being counted.", old: "These numbers may be old.",
    replied: "Answered", forwarded: "Forwarded", discarded: "Discarded", requeued: "Requeued", taken: "Taken away", handling: "Handling, mean",
    inHand: "In hand", longest: "Oldest waits", agents: "Agents", ready: "Ready", not_ready: "Not ready", signedIn: "Signed in",
    plotWaiting: "Waiting mails", plotInHand: "Mails in hand", plotAgents: "Agents of your teams",
    sum: "{signedIn} signed in: {ready} ready, {notReady} not ready", waitingSum: "{waiting} waiting, {inHand} in hand",
  },
  de: {
    today: "Heute", waiting: "Wartend", waitingNone: "Nichts wartet.", oldest: "älteste seit {time}", partial: "Es wird noch gezählt.", old: "Diese Zahlen können alt sein.",
    replied: "Beantwortet", forwarded: "Weitergeleitet", discarded: "Verworfen", requeued: "Zurückgegeben", taken: "Entzogen", handling: "Bearbeitung, Mittel",
    inHand: "In Arbeit", longest: "Älteste wartet", agents: "Agenten", ready: "Bereit", not_ready: "Nicht bereit", signedIn: "Angemeldet",
    plotWaiting: "Wartende E-Mails", plotInHand: "E-Mails in Arbeit", plotAgents: "Agenten Ihrer Teams",
    sum: "{signedIn} angemeldet: {ready} bereit, {notReady} nicht bereit", waitingSum: "{waiting} wartend, {inHand} in Arbeit",
  },
});
