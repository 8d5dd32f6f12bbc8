// Who does what: figures and plots of a team, and the list of its agents.

import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { Choice, TextField } from "../../../shell/components/field";
import { Button, Empty, Page, Section, Trouble } from "../../../shell/components/parts";
import { Plot } from "../../../shell/components/plot";
import { Presence, Since } from "../../../shell/components/presence";
import { LongTable, type Column } from "../../components/table";
import { useGet } from "../../../shell/use";
import type { Page as ListPageOf } from "../../../shell/api";
import { fill, number } from "../../../shell/language";
import { callWord, reasonWord, STATES, stateWord, type AgentState } from "../../../shell/presence";
import { place, setQuery, to } from "../../../shell/router";
import { has } from "../../../shell/session";
import { linesOf } from "../overview/plots";
import type { History } from "../overview/answers";
import { useAgents } from "./live";
import { words } from "./texts";

/** The states of the plot; the others are few and short. */
const PLOTTED = ["ready", "not_ready", "talking", "wrap_up"].map((state) => `agents.${state}`);

/** The node remembers a value each ten seconds. */
const AGAIN_SECONDS = 10;

export function ListPage(): JSX.Element {
  const query = place.value.query;
  const [team, state, text] = [query.get("team") ?? "", query.get("state") ?? "", query.get("q") ?? ""];
  const live = useAgents(team);
  const { agents, total, whole } = live;
  const found = useMemo(() => narrowed(agents, state, text), [agents, state, text]);
  const isNarrowed = state !== "" || text !== "";
  const clear = () => setQuery({ state: null, q: null });
  return (
    <Page title={words().title}>
      <div class="filters">
        <TeamChoice team={team} />
        <Choice label={words().state} value={state} onInput={(value) => setQuery({ state: value })}
          options={[{ value: "", label: words().allStates }, ...STATES.map((value) => ({ value, label: stateWord(value) }))]} />
        <TextField label={words().search} type="search" value={text} help={words().searchHelp} maxLength={64}
          onInput={(value) => setQuery({ q: value })} />
      </div>
      <Trouble problem={live.problem} again={live.again} />
      {(agents.length > 0 || whole) && <Counts agents={agents} state={state} />}
      <Plots team={team} />
      {!whole && !live.problem && (
        <p class="loading" role="status">
          {total === null || agents.length === 0 ? words().loadingFirst : fill(words().loading, { shown: number(agents.length), total: number(total) })}
        </p>
      )}
      {whole && agents.length === 0 && <None team={team} />}
      {whole && agents.length > 0 && found.length === 0 && isNarrowed && (
        <Empty title={words().noneFound}><Button onClick={clear}>{words().clear}</Button></Empty>
      )}
      {found.length > 0 && <Agents agents={found} withTeam={team === ""} />}
    </Page>
  );
}

function narrowed(agents: AgentState[], state: string, text: string): AgentState[] {
  const wanted = text.trim().toLowerCase();
  if (state === "" && wanted === "") return agents;
  return agents.filter((agent) => {
    if (state !== "" && agent.state !== state) return false;
    if (wanted === "") return true;
    return [agent.agent, agent.name, agent.extension, agent.device].some((it) => it?.toLowerCase().includes(wanted));
  });
}

function TeamChoice(props: { team: string }): JSX.Element {
  const asked = useGet<ListPageOf<{ name: string }>>("/teams", { limit: 1000 });
  const names = asked.value?.items.map((team) => team.name) ?? [];
  // A team of the address that is not in the list can be seen as chosen too.
  const shown = props.team !== "" && !names.includes(props.team) ? [props.team, ...names] : names;
  return (
    <Choice label={words().team} value={props.team} onInput={(value) => setQuery({ team: value })}
      options={[{ value: "", label: words().allTeams }, ...shown.map((value) => ({ value, label: value }))]} />
  );
}

function Counts(props: { agents: AgentState[]; state: string }): JSX.Element {
  const counts = useMemo(() => {
    const counts = new Map<string, number>();
    for (const agent of props.agents) counts.set(agent.state, (counts.get(agent.state) ?? 0) + 1);
    return counts;
  }, [props.agents]);
  return (
    <Section title={words().counts}>
      <ul class="figures">
        {STATES.map((state) => {
          const isChosen = props.state === state;
          return (
            <li key={state}>
              <button type="button" aria-pressed={isChosen} onClick={() => setQuery({ state: isChosen ? null : state })}>
                <span class="figure">{number(counts.get(state) ?? 0)}</span> <Presence state={state} />
              </button>
            </li>
          );
        })}
      </ul>
    </Section>
  );
}

function Plots(props: { team: string }): JSX.Element | null {
  const team = props.team === "" ? null : props.team;
  const asked = useGet<History>("/history", { series: PLOTTED.join(","), minutes: 60, team }, AGAIN_SECONDS);
  if (!asked.value?.ends_at) return null;
  const lines = linesOf(asked.value, PLOTTED, (name) => stateWord(name.slice("agents.".length)), team);
  if (lines.length === 0) return null;
  return (
    <Section title={words().plot}>
      <Plot title={team ?? words().allTeams} lines={lines} endsAt={asked.value.ends_at} stepSeconds={asked.value.step_seconds}
        unit={(value) => number(value)} />
    </Section>
  );
}

function None(props: { team: string }): JSX.Element {
  const leads = has("administrator");
  if (props.team !== "") {
    return <Empty title={fill(words().noneInTeam, { team: props.team })}><Button onClick={() => setQuery({ team: null })}>{words().allTeams}</Button></Empty>;
  }
  return (
    <Empty title={words().none}>
      <p>{leads ? words().noneText : words().noneSupervisor}</p>
      {leads && <a href="#/settings/agents">{words().toAgents}</a>}
    </Empty>
  );
}

function Agents(props: { agents: AgentState[]; withTeam: boolean }): JSX.Element {
  const language = words();
  const columns = useMemo(() => {
    const all: Column<AgentState>[] = [
      { id: "agent", title: language.agent, cell: (it) => <a href={to("agents", it.agent)}>{it.agent}</a>, sort: (it) => it.agent, width: 0.8 },
      { id: "name", title: language.name, cell: (it) => <span title={it.name}>{it.name}</span>, sort: (it) => it.name, width: 1.5 },
      { id: "team", title: language.team, cell: (it) => it.team ?? language.noTeam, sort: (it) => it.team, width: 0.9 },
      {
        id: "state", title: language.state, width: 2.1, sort: (it) => (STATES as readonly string[]).indexOf(it.state),
        cell: (it) => <Presence state={it.state} pending={it.pending} />,
      },
      {
        id: "reason", title: language.reason, width: 1.6, sort: (it) => reasonWord(it.reason) || null,
        cell: (it) => { const text = it.call ? callWord(it.call) : reasonWord(it.reason); return <span title={text}>{text}</span>; },
      },
      { id: "since", title: language.since, cell: (it) => <Since at={it.since ?? it.not_known_since} />, sort: (it) => it.since },
      { id: "extension", title: language.extension, cell: (it) => it.extension ?? "", sort: (it) => it.extension, width: 1 },
      { id: "device", title: language.device, cell: (it) => it.device ?? "", sort: (it) => it.device, width: 1.6 },
    ];
    return props.withTeam ? all : all.filter((column) => column.id !== "team");
  }, [language, props.withTeam]);
  return <LongTable caption={words().list} columns={columns} rows={props.agents} id={(it) => it.agent} leastRem={62} />;
}
