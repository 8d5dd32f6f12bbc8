// The pairs of contact-centre servers: which side serves, what is wrong and what to do, and what changed.

import type { JSX } from "preact";
import { Empty, Facts, Loading, Notice, Page, Section, State, Trouble, type PartState } from "../../../shell/components/parts";
import { Since } from "../../../shell/components/presence";
import { Probe } from "../../components/probe";
import { Table, type Column } from "../../components/table";
import { useGet } from "../../../shell/use";
import { fill, number, time } from "../../../shell/language";
import { to } from "../../../shell/router";
import { reasonOf } from "../overview/reasons";
import type { Change, CtiStatus, Pair, Side } from "./answers";
import { words } from "./texts";

/** How often the page asks again. */
const AGAIN_SECONDS = 3;

export default function CtiPage(): JSX.Element {
  const asked = useGet<CtiStatus>("/cti-status", {}, AGAIN_SECONDS);
  const pairs = asked.value?.pairs;
  return (
    <Page title={words().title} intro={words().intro}>
      <Trouble problem={asked.problem} again={asked.again} />
      {!pairs && asked.busy && <Loading />}
      {pairs?.length === 0 && (
        <Empty title={words().none}>
          <p>{words().noneText}</p>
          <a href="#/settings/cti-pairs">{words().add}</a>
        </Empty>
      )}
      {pairs?.map((pair) => <OnePair key={pair.name} pair={pair} />)}
    </Page>
  );
}

function OnePair(props: { pair: Pair }): JSX.Element {
  const { pair } = props;
  const isWell = pair.state === "ok";
  return (
    <Section title={fill(words().pair, { pair: pair.name })}
      actions={<a href={to("settings", "cti-pairs", pair.name)}>{fill(words().settingsOf, { pair: pair.name })}</a>}>
      <Notice kind={pair.state}>
        <State state={pair.state} />
        <p>{isWell ? fill(words().works, { side: activeOf(pair) }) : reasonOf(pair)}</p>
      </Notice>
      <Facts facts={[
        [words().since, pair.since ? <><Since key="since" at={pair.since} /> <span class="small">({time(pair.since)})</span></> : "–"],
        [words().unknownAgents, number(pair.unknown_agents)],
      ]} />
      <Sides pair={pair} />
      {pair.state === "missing" && (
        <div>
          <h3>{words().whatToDo}</h3>
          <ol class="numbered">{words().doList.map((line) => <li key={line}>{line}</li>)}</ol>
        </div>
      )}
      <Probe kind="cti" name={pair.name} label={fill(words().testOf, { pair: pair.name })}>{words().test}</Probe>
      <Changes pair={pair} />
    </Section>
  );
}

function activeOf(pair: Pair): string {
  return pair.sides.find((it) => it.state === "active")?.side.toUpperCase() ?? "";
}

const STATES: Record<Side["state"], PartState> = { active: "ok", standby: "ok", down: "missing" };

function Sides(props: { pair: Pair }): JSX.Element {
  const caption = fill(words().sides, { pair: props.pair.name });
  const columns: Column<Side>[] = [
    { id: "side", title: words().side, cell: (it) => fill(words().sideNamed, { side: it.side.toUpperCase() }) },
    { id: "state", title: words().state, cell: (it) => <State state={STATES[it.state] ?? "unknown"} word={words().states[it.state] ?? it.state} /> },
    { id: "address", title: words().address, cell: (it) => <code>{it.host.includes(":") ? `[${it.host}]` : it.host}:{it.port}</code> },
  ];
  return (
    <>
      <Table caption={caption} columns={columns} rows={props.pair.sides} id={(it) => it.side} />
      {props.pair.sides.length < 2 && <p class="small">{words().oneSide}</p>}
    </>
  );
}

/** How the pair stood from a change on, in words. */
function Stood(props: { change: Change }): JSX.Element {
  const { active_side: active, standby_side: standby, problem } = props.change;
  if (active === null) return <State state="missing" word={words().nobodyServes} />;
  const text = fill(standby === null ? words().served : words().servedWithReserve, { active: active.toUpperCase(), standby: standby?.toUpperCase() ?? "" });
  return <State state={problem === null ? "ok" : "partial"} word={text} />;
}

function Changes(props: { pair: Pair }): JSX.Element {
  const { pair } = props;
  const caption = fill(words().historyOf, { pair: pair.name });
  const rows = pair.changes.map((change, place) => ({ change, place }));
  const columns: Column<{ change: Change; place: number }>[] = [
    { id: "at", title: words().at, cell: ({ change }) => time(change.at), sort: ({ change }) => change.at },
    { id: "stood", title: words().change, cell: ({ change }) => <Stood change={change} /> },
    { id: "problem", title: words().problem, cell: ({ change }) => change.problem ?? "" },
  ];
  return (
    <div class="page">
      <div>
        <h3>{words().history}</h3>
        <p class="small">{words().historyText}</p>
      </div>
      <Table caption={caption} columns={columns} rows={rows} id={({ place }) => String(place)} empty={<p>{words().noHistory}</p>} />
    </div>
  );
}
