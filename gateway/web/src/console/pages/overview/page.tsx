// How this node stands: what needs a look with the reason, what agents are doing, and every other part.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Presence, Since } from "../../../shell/components/presence";
import { Copyable, Facts, Loading, Notice, Page, Section, State, Trouble } from "../../../shell/components/parts";
import { Table, type Column } from "../../components/table";
import { words as shared } from "../../../shell/components/texts";
import { useTopic } from "../../components/use";
import { useGet } from "../../../shell/use";
import { fill, number, time } from "../../../shell/language";
import { STATES } from "../../../shell/presence";
import { has } from "../../../shell/session";
import { GROUPS, groupOf, partName } from "./names";
import { Plots } from "./plots";
import { reasonOf } from "./reasons";
import { words } from "./texts";
import type { OtherNode, Overview, Part } from "./answers";

/** Worst first. */
const ORDER = ["missing", "partial", "unknown"];

export default function OverviewPage(): JSX.Element {
  const asked = useGet<Overview>("/overview");
  const [told, setTold] = useState<Overview | null>(null);
  useTopic("overview", (overview: Overview) => setTold(overview));
  const overview = told ?? asked.value;
  return (
    <Page title={words().title}>
      {!overview && <Trouble problem={asked.problem} again={asked.again} />}
      {!overview && asked.busy && <Loading />}
      {overview && (
        <>
          <Summary overview={overview} />
          <Amiss parts={overview.parts} />
          <Agents overview={overview} />
          <Plots />
          {overview.nodes?.length > 1 && <Nodes nodes={overview.nodes} />}
          <Parts parts={overview.parts} />
          {overview.phone_url && <Facts facts={[[words().phoneUrl, <Copyable key="url" text={overview.phone_url} label={words().phoneUrl} />]]} />}
          <p class="small">{fill(words().node, { node: overview.node, version: overview.version, at: time(overview.at) })}</p>
        </>
      )}
    </Page>
  );
}

function isAmiss(part: Part): boolean {
  return part.state === "missing" || part.state === "partial";
}

function Summary(props: { overview: Overview }): JSX.Element {
  const bad = props.overview.parts.filter(isAmiss);
  const worst = bad.some((part) => part.state === "missing") ? "missing" : bad.length > 0 ? "partial" : "ok";
  const text = bad.length === 0 ? words().allWell : bad.length === 1 ? words().oneNot : fill(words().someNot, { count: bad.length });
  const begun = Object.values(props.overview.first_steps ?? {}).every(Boolean);
  return (
    <>
      <Notice kind={worst}>{text}</Notice>
      {!begun && has("administrator") && <Notice quiet><p>{words().firstSteps} <a href="#/first-steps">{words().toFirstSteps}</a></p></Notice>}
    </>
  );
}

/** A part's name, which leads to where it is mended. */
function Name(props: { part: Part }): JSX.Element {
  return props.part.page ? <a href={props.part.page}>{partName(props.part)}</a> : <>{partName(props.part)}</>;
}

function Amiss(props: { parts: Part[] }): JSX.Element | null {
  const rows = props.parts.filter((part) => ORDER.includes(part.state))
    .sort((one, other) => ORDER.indexOf(one.state) - ORDER.indexOf(other.state));
  if (rows.length === 0) return null;
  const columns: Column<Part>[] = [
    { id: "part", title: words().part, cell: (part) => <Name part={part} />, sort: partName },
    { id: "state", title: shared().state, cell: (part) => <State state={part.state} />, sort: (part) => ORDER.indexOf(part.state) },
    { id: "why", title: words().why, cell: (part) => <span class="prose">{reasonOf(part)}</span> },
    { id: "since", title: words().since, cell: (part) => <Since at={part.since} />, sort: (part) => part.since },
  ];
  return (
    <Section title={words().look}>
      <Table stacks caption={words().lookTable} columns={columns} rows={rows} id={partName} />
    </Section>
  );
}

function Agents(props: { overview: Overview }): JSX.Element {
  const counts = STATES.flatMap((state) => {
    const count = props.overview.agents[state];
    return count === undefined ? [] : [{ state, count }];
  });
  return (
    <Section title={words().agents} actions={<a href="#/agents">{words().toAgents}</a>}>
      <ul class="figures">
        {counts.map(({ state, count }) => (
          <li key={state}>
            <a href={`#/agents?state=${state}`}><span class="figure">{number(count)}</span> <Presence state={state} /></a>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Nodes(props: { nodes: OtherNode[] }): JSX.Element {
  const columns: Column<OtherNode>[] = [
    { id: "node", title: words().nodeName, cell: (node) => node.node, sort: (node) => node.node },
    {
      id: "state", title: shared().state, sort: (node) => node.state,
      cell: (node) => <State state={node.state === "ready" ? "ok" : node.state === "gone" || node.state === "failing" ? "missing" : "partial"}
        word={words().nodeStates[node.state] ?? node.state} />,
    },
    { id: "version", title: words().nodeVersion, cell: (node) => node.version ?? "–" },
    { id: "agents", title: words().nodeAgents, cell: (node) => node.agents === null ? "–" : number(node.agents), numeric: true },
  ];
  return (
    <Section title={words().nodes}>
      <Table caption={words().nodesTable} columns={columns} rows={props.nodes} id={(node) => node.node} />
    </Section>
  );
}

function Parts(props: { parts: Part[] }): JSX.Element {
  return (
    <Section title={words().parts}>
      <div class="part-groups">
        {(Object.keys(GROUPS) as (keyof typeof GROUPS)[]).map((group) => {
          const parts = props.parts.filter((part) => groupOf(part) === group);
          if (parts.length === 0) return null;
          return (
            <div key={group}>
              <h3>{words().groups[group]}</h3>
              <ul class="part-list">
                {parts.map((part) => (
                  <li key={partName(part)}>
                    <span class="part-name"><Name part={part} /></span>
                    <State state={part.state} />
                    {!isAmiss(part) && part.reason && <p class="small">{reasonOf(part)}</p>}
                  </li>
                ))}
              </ul>
            </div>
          );
        })}
      </div>
    </Section>
  );
}
