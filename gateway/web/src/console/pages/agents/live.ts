// The agents of a team or of all, held by their number and kept as they are now.
//
// The list is fetched in pages while the live topic already tells changes; what was heard is newer than what a
// page says. Changes are shown some times a second at most, however many there are.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { all, type Problem } from "../../../shell/api";
import { useTopic } from "../../components/use";
import { problemOf } from "../../../shell/use";
import type { AgentState } from "../../../shell/presence";

/** So long changes are gathered before the list is drawn again. */
const GATHER_MILLISECONDS = 250;

export interface Live {
  agents: AgentState[];
  /** How many there are, where that is known while they are fetched. */
  total: number | null;
  whole: boolean;
  problem: Problem | null;
  again: () => void;
}

export function useAgents(team: string): Live {
  const known = useRef(new Map<string, AgentState>());
  const heard = useRef(new Set<string>());
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const settingsNumber = useRef<number | null>(null);
  const [version, setVersion] = useState(0);
  const [round, setRound] = useState(0);
  const [total, setTotal] = useState<number | null>(null);
  const [whole, setWhole] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const drawSoon = () => {
    timer.current ??= setTimeout(() => {
      timer.current = undefined;
      setVersion((version) => version + 1);
    }, GATHER_MILLISECONDS);
  };
  useEffect(() => () => clearTimeout(timer.current), []);
  useEffect(() => {
    const end = new AbortController();
    const next = new Map<string, AgentState>();
    // The first fetch shows what comes; a later one takes the place of what is shown when it is whole.
    const isFirst = known.current.size === 0;
    if (isFirst) known.current = next;
    heard.current = new Set();
    setProblem(null);
    setWhole(!isFirst);
    let taken = 0;
    const take = (items: AgentState[], count: number | null) => {
      for (; taken < items.length; taken += 1) {
        const item = items[taken];
        if (!item) continue;
        const newer = heard.current.has(item.agent) ? known.current.get(item.agent) : undefined;
        // The order is that of the list, whatever was heard before.
        next.delete(item.agent);
        next.set(item.agent, newer ?? item);
      }
      setTotal(count);
      if (isFirst) drawSoon();
    };
    all<AgentState>("/team-states", team ? { team } : {}, end.signal, take).then(
      () => {
        // What was heard after its page came is newer too.
        for (const id of heard.current) {
          const newer = known.current.get(id);
          if (newer) next.set(id, newer);
        }
        known.current = next;
        setWhole(true);
        setVersion((version) => version + 1);
      },
      (error: unknown) => {
        if (!end.signal.aborted) setProblem(problemOf(error));
      },
    );
    return () => end.abort();
  }, [team, round]);
  // Another team begins anew.
  const shownTeam = useRef(team);
  if (shownTeam.current !== team) {
    shownTeam.current = team;
    known.current = new Map();
  }
  useTopic("states", (told: { agents: AgentState[] }) => {
    for (const agent of told.agents) {
      if (team && agent.team !== team) continue;
      known.current.set(agent.agent, agent);
      heard.current.add(agent.agent);
    }
    drawSoon();
  }, team ? { team } : {});
  useTopic("settings", (told: { number: number }) => {
    // Who came, went or changed team is in the list that is fetched anew.
    if (settingsNumber.current !== null && settingsNumber.current !== told.number) setRound((round) => round + 1);
    settingsNumber.current = told.number;
  });
  const agents = useMemo(() => [...known.current.values()], [version, team]);
  return { agents, total, whole, problem, again: () => setRound((round) => round + 1) };
}
