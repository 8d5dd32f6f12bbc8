// The phones whose headsets this node tells of agents, and how each takes it.

import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { useAll } from "../../components/pages_of";
import { Empty, Section, State, Trouble, type PartState } from "../../../shell/components/parts";
import { LongTable, type Column } from "../../components/table";
import { fill, time } from "../../../shell/language";
import { to } from "../../../shell/router";
import type { HeadsetPhone } from "./answers";
import { words } from "./texts";

const AGAIN_SECONDS = 10;

function reachOf(phone: HeadsetPhone): [PartState, string] {
  if (phone.dead) return ["missing", words().isDead];
  return phone.reached ? ["ok", words().isReached] : ["missing", words().isNotReached];
}

export function Phones(): JSX.Element {
  const list = useAll<HeadsetPhone>("/headset-phones", {}, AGAIN_SECONDS);
  const language = words();
  const columns = useMemo((): Column<HeadsetPhone>[] => [
    { id: "device", title: words().device, cell: (it) => <a href={to("devices", it.device)}>{it.device}</a>, sort: (it) => it.device, width: 1.4 },
    { id: "agent", title: words().agent, cell: (it) => it.agent === null ? words().nobody : <a href={to("agents", it.agent)}>{it.agent}</a>, sort: (it) => it.agent },
    {
      id: "state", title: words().toldState, width: 1.6, sort: (it) => it.state,
      cell: (it) => it.state === null ? "–"
        : `${words().states[it.state] ?? it.state}${it.reason === null ? "" : ` (${fill(words().reason, { code: it.reason })})`}`,
    },
    { id: "light", title: words().light, cell: (it) => words().lights[it.light] ?? it.light, sort: (it) => it.light },
    {
      id: "reached", title: words().reached, width: 1.6, sort: (it) => reachOf(it)[0],
      cell: (it) => { const [state, word] = reachOf(it); return <State state={state} word={word} />; },
    },
    { id: "discovered", title: words().discovered, cell: (it) => it.discovered_at ? time(it.discovered_at) : words().never, sort: (it) => it.discovered_at },
    { id: "proof", title: words().proof, cell: (it) => it.proof === null ? "–" : words().proofs[it.proof] ?? it.proof },
    { id: "problem", title: words().problem, cell: (it) => <span title={it.problem ?? ""}>{it.problem ?? ""}</span>, width: 2 },
  ], [language]);
  return (
    <Section title={words().phones}>
      <Trouble problem={list.problem} again={list.again} />
      {list.whole && list.items.length === 0 && <Empty title={words().noPhones}><p>{words().noPhonesText}</p></Empty>}
      {list.items.length > 0 && <LongTable caption={words().phones} columns={columns} rows={list.items} id={(it) => it.device} leastRem={78} />}
    </Section>
  );
}
