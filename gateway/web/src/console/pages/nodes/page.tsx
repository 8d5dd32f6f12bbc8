// The nodes of the deployment; maintenance, reload, log level and store of this one.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { send } from "../../../shell/api";
import { Choice, TextField } from "../../../shell/components/field";
import { Button, Dialog, Facts, Loading, Notice, Page, Section, State, Trouble, type PartState } from "../../../shell/components/parts";
import { Table, type Column } from "../../components/table";
import { words as shared } from "../../../shell/components/texts";
import { useAction, useGet } from "../../../shell/use";
import { bytes, duration, fill, number } from "../../../shell/language";
import { words } from "./texts";

interface NodeTold {
  node: string;
  live: boolean;
  state: string;
  seen_seconds: number;
  version: string | null;
  agents: number | null;
  settings: number | null;
  console_url?: string | null;
}

interface Status {
  node: string;
  version: string;
  uptime_seconds: number;
  maintenance: boolean;
  agents: Record<string, number>;
  nodes: NodeTold[];
  store: { state: string; why?: string; size_bytes: number; free_bytes: number | null; bytes_a_day: number | null };
}

/** What a reload read, and what it could not. */
interface Reloaded {
  done: string[];
  refused: string[];
}

interface Checked {
  wrong: number;
  findings: string[];
}

const LEVELS = ["error", "warn", "info", "debug", "trace"];
const STATES: Record<string, PartState> = { ready: "ok", starting: "partial", maintenance: "partial", draining: "partial", left: "off", gone: "missing" };

export default function Nodes(): JSX.Element {
  const asked = useGet<Status>("/status", {}, 5);
  const status = asked.value;
  return (
    <Page title={words().title} intro={words().intro}>
      <Trouble problem={asked.problem} again={asked.again} />
      {!status && asked.busy && <Loading />}
      {status && <List status={status} />}
      {status && (
        <div class="columns">
          <Maintenance status={status} again={asked.again} />
          <Level />
          <Reload />
          <Store status={status} />
        </div>
      )}
    </Page>
  );
}

function List(props: { status: Status }): JSX.Element {
  const { nodes, node: here } = props.status;
  const columns: Column<NodeTold>[] = [
    { id: "node", title: words().node, sort: (node) => node.node, cell: (node) => (
      node.node === here ? <>{node.node} <span class="small">({words().here})</span></>
        : node.console_url?.startsWith("https://") ? <>{node.node} <a href={node.console_url} rel="noopener">{words().other}</a></> : node.node
    ) },
    { id: "state", title: words().state, sort: (node) => node.state, cell: (node) => <State state={STATES[node.state] ?? "unknown"} word={words().states[node.state] ?? node.state} /> },
    { id: "agents", title: words().agents, numeric: true, sort: (node) => node.agents, cell: (node) => node.agents === null ? "–" : number(node.agents) },
    { id: "version", title: words().version, sort: (node) => node.version, cell: (node) => node.version ?? "–" },
    { id: "settings", title: words().settings, numeric: true, cell: (node) => node.settings === null ? "–" : number(node.settings) },
    { id: "seen", title: words().seen, numeric: true, cell: (node) => duration(node.seen_seconds) },
  ];
  return <Section title={words().title}><Table caption={words().title} columns={columns} rows={nodes} id={(node) => node.node} /></Section>;
}

function Maintenance(props: { status: Status; again: () => void }): JSX.Element {
  const { node, maintenance, nodes } = props.status;
  const [asking, setAsking] = useState(false);
  const { busy, problem, run } = useAction();
  const set = (on: boolean) => run(async () => {
    await send("PUT", `/nodes/${encodeURIComponent(node)}/maintenance`, { body: { on } });
    setAsking(false);
    props.again();
  });
  const count = nodes.find((it) => it.node === node)?.agents ?? 0;
  return (
    <Section title={words().maintenance}>
      <p>{words().maintenanceText}</p>
      <State state={maintenance ? "partial" : "ok"} word={maintenance ? words().isOn : words().isOff} />
      <Trouble problem={problem} />
      <div>
        {maintenance
          ? <Button kind="main" busy={busy} onClick={() => void set(false)}>{words().end}</Button>
          : <Button onClick={() => setAsking(true)}>{words().begin}</Button>}
      </div>
      <Dialog title={fill(words().sure, { node })} open={asking} onClose={() => setAsking(false)}>
        <p>{fill(words().sureText, { node, count: number(count) })}</p>
        <Trouble problem={problem} />
        <div class="dialog-actions">
          <Button onClick={() => setAsking(false)}>{shared().cancel}</Button>
          <Button kind="main" busy={busy} onClick={() => void set(true)}>{words().begin}</Button>
        </div>
      </Dialog>
    </Section>
  );
}

function Level(): JSX.Element {
  const [level, setLevel] = useState("debug");
  const [minutes, setMinutes] = useState("30");
  const [done, setDone] = useState("");
  const { busy, problem, run } = useAction();
  const submit = (event: Event) => {
    event.preventDefault();
    setDone("");
    void run(async () => {
      await send("PUT", "/log-level", { body: { level, minutes: Number(minutes) } });
      setDone(fill(words().levelSet, { level, minutes }));
    });
  };
  const wrong = problem?.errors.find((error) => error.field === "minutes")?.message;
  return (
    <Section title={words().level}>
      <p>{words().levelText}</p>
      <form onSubmit={submit}>
        <Choice label={words().levelWish} value={level} onInput={setLevel} options={LEVELS.map((value) => ({ value, label: value }))} />
        <TextField label={words().minutes} type="number" min={1} max={1440} required value={minutes} onInput={setMinutes} error={wrong} />
        {!wrong && <Trouble problem={problem} />}
        <div class="actions"><Button type="submit" busy={busy}>{words().set}</Button> <a href="#/log">{words().toLog}</a></div>
      </form>
      {done && <Notice kind="ok">{done}</Notice>}
    </Section>
  );
}

function Reload(): JSX.Element {
  const [told, setTold] = useState<Reloaded | null>(null);
  const { busy, problem, run } = useAction();
  return (
    <Section title={words().reload}>
      <p>{words().reloadText}</p>
      <Trouble problem={problem} />
      <div><Button busy={busy} onClick={() => void run(async () => {
        setTold((await send<Reloaded>("POST", "/reload")).body);
      })}>{words().reloadNow}</Button></div>
      {told && (
        <Notice kind={told.refused.length > 0 ? "partial" : "ok"}>
          <p>{told.refused.length > 0 ? words().reloadedPartly : words().reloaded}</p>
          <ul>{[...told.refused, ...told.done].map((line) => <li key={line}>{line}</li>)}</ul>
        </Notice>
      )}
    </Section>
  );
}

function Store(props: { status: Status }): JSX.Element {
  const { store, uptime_seconds } = props.status;
  const [told, setTold] = useState<Checked | null>(null);
  const { busy, problem, run } = useAction();
  return (
    <Section title={words().store}>
      <Facts facts={[
        [words().state, <State state={store.state === "working" ? "ok" : "missing"} word={words().storeState[store.state] ?? store.state} />],
        [words().size, bytes(store.size_bytes)],
        [words().free, store.free_bytes === null ? "–" : bytes(store.free_bytes)],
        [words().growth, store.bytes_a_day === null ? "–" : bytes(store.bytes_a_day)],
        [words().uptime, duration(uptime_seconds)],
      ]} />
      {store.why && <Notice kind="missing">{store.why}</Notice>}
      <p>{words().checkText}</p>
      <Trouble problem={problem} />
      <div><Button busy={busy} onClick={() => void run(async () => {
        setTold((await send<Checked>("POST", "/store/check", { milliseconds: 600_000 })).body);
      })}>{words().check}</Button></div>
      {told && (
        <Notice kind={told.wrong === 0 ? "ok" : "missing"}>
          <p>{told.wrong === 0 ? words().whole : fill(words().broken, { count: number(told.wrong) })}</p>
          {told.findings.length > 0 && <ul>{told.findings.map((finding) => <li key={finding}>{finding}</li>)}</ul>}
          <details><summary>{words().inside}</summary><pre>{JSON.stringify(told, null, 2)}</pre></details>
        </Notice>
      )}
    </Section>
  );
}
