// The agents who qualify for a queue now: a list of any length for the screen, and a whole one to print.

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { all, type Problem } from "../../shell/api";
import { Presence } from "../../shell/components/presence";
import { Empty, Loading, Trouble } from "../../shell/components/parts";
import { fill, number, texts } from "../../shell/language";
import { stateWord } from "../../shell/presence";
import { to } from "../../shell/router";
import { problemOf } from "../../shell/use";
import { LongTable, Table, type Column } from "./table";

/** An agent who qualifies, as the node tells it. */
export interface QueueAgent {
  agent: string;
  name: string;
  team: string | null;
  competence: number;
  skills: Record<string, number>;
  channels: { channel: "email" | "chat"; places: number; free: number | null }[];
  state: "ready" | "not_ready" | "signed_out";
  since: string | null;
  voice_state: string;
}

export const words = texts({
  en: {
    title: "Agents who qualify now",
    intro: "Whoever has all skills of this queue, each at the least competence or above, signed in or not.",
    agent: "Agent",
    id: "ID",
    team: "Team",
    competence: "Competence",
    channels: "Places",
    state: "Emails and chats",
    voice: "Voice",
    channel: { email: "Email", chat: "Chat" } as Record<string, string>,
    places: "{channel}: {places}",
    free: "{channel}: {free} of {places} free",
    nobody: "Nobody qualifies",
    nobodyText: "Contacts of this queue wait until an agent has all of its skills. Give skills to agents, or ask for less here.",
    count: "{count} agents qualify; {ready} of them are ready for emails and chats.",
  },
  de: {
    title: "Agenten, die jetzt infrage kommen",
    intro: "Alle mit sämtlichen Fähigkeiten dieser Warteschlange, jeweils mindestens mit der Mindestkompetenz, ob angemeldet oder nicht.",
    agent: "Agent",
    id: "Kennung",
    team: "Team",
    competence: "Kompetenz",
    channels: "Plätze",
    state: "E-Mails und Chats",
    voice: "Sprache",
    channel: { email: "E-Mail", chat: "Chat" } as Record<string, string>,
    places: "{channel}: {places}",
    free: "{channel}: {free} von {places} frei",
    nobody: "Niemand kommt infrage",
    nobodyText: "Kontakte dieser Warteschlange warten, bis ein Agent alle ihre Fähigkeiten hat. Geben Sie Agenten Fähigkeiten, oder verlangen Sie hier weniger.",
    count: "{count} Agenten kommen infrage; {ready} davon sind für E-Mails und Chats bereit.",
  },
});

/** From so many on only those that are seen are drawn. */
const LONG_FROM = 30;

/** The agents of a queue, and whether all of them are there. */
export function useQueueAgents(name: string): { agents: QueueAgent[] | null; done: boolean; problem: Problem | null; again: () => void } {
  const [agents, setAgents] = useState<QueueAgent[] | null>(null);
  const [done, setDone] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [round, setRound] = useState(0);
  useEffect(() => {
    const end = new AbortController();
    setDone(false);
    setProblem(null);
    all<QueueAgent>(`/csqs/${encodeURIComponent(name)}/agents`, {}, end.signal, setAgents)
      .then(() => setDone(true), (error: unknown) => { if (!end.signal.aborted) setProblem(problemOf(error)); });
    return () => end.abort();
  }, [name, round]);
  return { agents, done, problem, again: () => setRound((round) => round + 1) };
}

function places(agent: QueueAgent): string {
  return agent.channels.map(({ channel, places, free }) => fill(free === null ? words().places : words().free, {
    channel: words().channel[channel] ?? channel, places: number(places), free: number(free ?? 0),
  })).join(" · ");
}

function columns(): Column<QueueAgent>[] {
  return [
    { id: "agent", title: words().agent, cell: (it) => <a href={to("agents", it.agent)}>{it.name}</a>, sort: (it) => it.name, width: 1.5 },
    { id: "id", title: words().id, cell: (it) => it.agent, sort: (it) => it.agent },
    { id: "team", title: words().team, cell: (it) => it.team ?? "–", sort: (it) => it.team, width: 1.5 },
    { id: "competence", title: words().competence, cell: (it) => number(it.competence), sort: (it) => it.competence, numeric: true, width: 1.5 },
    { id: "channels", title: words().channels, cell: places, sort: places, width: 2 },
    { id: "state", title: words().state, cell: (it) => <Presence state={it.state} />, sort: (it) => stateWord(it.state), width: 2 },
    { id: "voice", title: words().voice, cell: (it) => <Presence state={it.voice_state} />, sort: (it) => stateWord(it.voice_state), width: 1.5 },
  ];
}

/** The list; `whole` draws every row, as paper needs it. */
export function QueueAgentList(props: { name: string; whole?: boolean }): JSX.Element {
  const { agents, done, problem, again } = useQueueAgents(props.name);
  if (!agents) return problem ? <Trouble problem={problem} again={again} /> : <Loading />;
  const table = {
    caption: words().title, columns: columns(), rows: agents, id: (it: QueueAgent) => it.agent, first: { column: "competence", down: true },
    empty: <Empty title={words().nobody}><p>{words().nobodyText}</p></Empty>,
  };
  const ready = agents.filter((it) => it.state === "ready").length;
  return (
    <>
      <Trouble problem={problem} again={again} />
      {!done && !problem && <Loading />}
      {done && agents.length > 0 && <p class="small">{fill(words().count, { count: number(agents.length), ready: number(ready) })}</p>}
      {!props.whole && agents.length >= LONG_FROM ? <LongTable {...table} leastRem={60} /> : <Table {...table} stacks="titled" />}
    </>
  );
}
