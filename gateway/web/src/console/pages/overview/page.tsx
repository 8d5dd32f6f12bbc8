// How this node stands: every part with its state in words and the reason, and what agents are doing.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Plot, type Line } from "../../components/plot";
import { Loading, Notice, Page, Section, State, Trouble } from "../../components/parts";
import { Table, type Column } from "../../components/table";
import { useGet, useTopic } from "../../components/use";
import { fill, number, since, time } from "../../language";
import { now } from "../../now";
import { words } from "./texts";
import type { History, Overview, Part } from "./answers";

const ORDER = ["missing", "partial", "unknown", "ok", "off"];
const SERIES = ["agents.ready", "agents.not_ready", "agents.talking", "agents.wrap_up", "phone.pages_per_second", "http.requests_per_second", "cti.events_per_second"];

export default function OverviewPage(): JSX.Element {
  const asked = useGet<Overview>("/overview");
  const [told, setTold] = useState<Overview | null>(null);
  useTopic("overview", (overview: Overview) => setTold(overview));
  const history = useGet<History>("/history", { series: SERIES.join(","), minutes: 60 }, 10);
  const overview = told ?? asked.value;
  return (
    <Page title={words().title}>
      <Trouble problem={asked.problem} again={asked.again} />
      {!overview && asked.busy && <Loading />}
      {overview && <Summary overview={overview} />}
      {overview && <Agents overview={overview} />}
      {history.value && <Plots history={history.value} />}
      {overview && <Parts parts={overview.parts} />}
      {overview && <p class="small">{fill(words().node, { node: overview.node, version: overview.version, at: time(overview.at) })}</p>}
    </Page>
  );
}

function Summary(props: { overview: Overview }): JSX.Element {
  const bad = props.overview.parts.filter((part) => part.state === "missing" || part.state === "partial");
  const worst = bad.some((part) => part.state === "missing") ? "missing" : bad.length > 0 ? "partial" : "ok";
  const text = bad.length === 0 ? words().allWell : bad.length === 1 ? words().oneNot : fill(words().someNot, { count: bad.length });
  const begun = Object.values(props.overview.first_steps ?? {}).every(Boolean);
  return (
    <>
      <Notice kind={worst}>{text}</Notice>
      {!begun && <Notice quiet>{words().firstSteps} <a href="#/first-steps">{words().toFirstSteps}</a></Notice>}
    </>
  );
}

function Agents(props: { overview: Overview }): JSX.Element {
  return (
    <Section title={words().agents}>
      <ul class="figures">
        {Object.entries(props.overview.agents).map(([state, count]) => (
          <li key={state}><span class="figure">{number(count)}</span> <span>{words().states[state] ?? state}</span></li>
        ))}
      </ul>
    </Section>
  );
}

function Plots(props: { history: History }): JSX.Element {
  const { series, ends_at, step_seconds } = props.history;
  const line = (name: string, title: string): Line | null => {
    const found = series.find((one) => one.name === name && one.team === null);
    return found ? { name: title, values: found.values } : null;
  };
  const lines = (...all: (Line | null)[]) => all.filter((line): line is Line => line !== null);
  const agents = lines(...Object.entries(words().states).map(([state, title]) => line(`agents.${state}`, title)));
  const activity = lines(
    line("phone.pages_per_second", words().phonePages),
    line("http.requests_per_second", words().requests),
    line("cti.events_per_second", words().ctiEvents),
  );
  return (
    <Section title={words().activity}>
      <div class="plots">
        <Plot title={words().agents} lines={agents} endsAt={ends_at} stepSeconds={step_seconds} unit={(value) => number(value)} />
        <Plot title={words().activity} lines={activity} endsAt={ends_at} stepSeconds={step_seconds} />
      </div>
    </Section>
  );
}

function Parts(props: { parts: Part[] }): JSX.Element {
  const rows = [...props.parts].sort((one, other) => ORDER.indexOf(one.state) - ORDER.indexOf(other.state));
  const columns: Column<Part>[] = [
    { id: "part", title: words().part, cell: (part) => part.page ? <a href={part.page}>{name(part)}</a> : name(part), sort: name },
    { id: "state", title: words().parts, cell: (part) => <State state={part.state} />, sort: (part) => ORDER.indexOf(part.state) },
    { id: "why", title: words().why, cell: (part) => part.reason ?? "" },
    { id: "since", title: words().since, cell: (part) => part.since ? since(part.since, now.value) : "", sort: (part) => part.since },
  ];
  return (
    <Section title={words().parts}>
      <Table caption={words().parts} columns={columns} rows={rows} id={name} />
    </Section>
  );
}

function name(part: Part): string {
  return part.name ? `${part.part} ${part.name}` : part.part;
}
