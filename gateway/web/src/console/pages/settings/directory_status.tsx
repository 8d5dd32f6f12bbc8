// How agents were taken over from each directory, and doing so now.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { send } from "../../../shell/api";
import { Button, Dialog, Section, State, Trouble, type PartState } from "../../../shell/components/parts";
import { Table, type Column } from "../../components/table";
import { words as shared } from "../../../shell/components/texts";
import { useAction, useGet } from "../../../shell/use";
import { fill, number, time } from "../../../shell/language";
import { to } from "../../../shell/router";
import { words } from "./directory_texts";

interface Row {
  who: string;
  why: string;
}

interface Report {
  /** Microseconds since 1970, or a time as text. */
  at: number | string;
  result: "done" | "too_many_removals" | "failed";
  why: string | null;
  found: number;
  added: number;
  changed: number;
  removed: number;
  held_up: Row[];
  failed: Row[];
  not_taken: number;
}

interface Told {
  name: string;
  every_minutes: number | null;
  last: Report | null;
}

const textOf = (at: Report["at"]) => typeof at === "number" ? new Date(at / 1_000).toISOString() : at;

const STATES: Record<Report["result"], PartState> = { done: "ok", too_many_removals: "partial", failed: "missing" };
/** A large directory takes its time. */
const MILLISECONDS_MAX = 600_000;

export function DirectoryStatus(): JSX.Element | null {
  const asked = useGet<{ directories: Told[] }>("/directory-status", {}, 10);
  const [removing, setRemoving] = useState<Told | null>(null);
  const [running, setRunning] = useState<string | null>(null);
  const { busy, problem, run } = useAction();
  const take = (directory: Told, removals: boolean) => run(async () => {
    setRunning(directory.name);
    try {
      await send("POST", `/directories/${encodeURIComponent(directory.name)}/sync`, { body: { removals }, milliseconds: MILLISECONDS_MAX });
    } finally {
      setRunning(null);
      asked.again();
    }
    setRemoving(null);
  });
  const directories = asked.value?.directories ?? [];
  if (directories.length === 0 && !asked.problem) return null;
  const columns: Column<Told>[] = [
    { id: "name", title: words().directory, cell: (it) => it.name, sort: (it) => it.name },
    { id: "result", title: words().result, cell: (it) => it.every_minutes === null ? <State state="off" word={words().signInsAlone} /> : <Result last={it.last} /> },
    { id: "at", title: words().at, cell: (it) => it.last ? time(textOf(it.last.at)) : "–", sort: (it) => it.last ? textOf(it.last.at) : null },
    { id: "every", title: words().every, numeric: true, cell: (it) => it.every_minutes === null ? "–" : number(it.every_minutes) },
    { id: "act", title: words().actions, cell: (it) => (
      it.every_minutes === null ? <a href={to("settings", "directories", it.name)}>{words().setUp}</a> : <div class="actions">
        <Button busy={busy} label={fill(words().nowNamed, { name: it.name })} onClick={() => void take(it, false)}>{words().now}</Button>
        {it.last?.result === "too_many_removals" && (
          <Button kind="danger" label={fill(words().removalsNamed, { name: it.name, count: number(it.last.removed) })} onClick={() => setRemoving(it)}>
            {fill(words().removals, { count: number(it.last.removed) })}
          </Button>
        )}
      </div>
    ) },
  ];
  const going = { name: removing?.name ?? "", count: number(removing?.last?.removed ?? 0) };
  return (
    <Section title={words().title}>
      <p>{words().intro}</p>
      <Trouble problem={asked.problem ?? (removing ? null : problem)} />
      <Table stacks caption={words().title} columns={columns} rows={directories} id={(it) => it.name} />
      <p role="status" class="small">{running === null ? "" : fill(words().running, { name: running })}</p>
      {directories.map((it) => it.last && <NotTaken key={it.name} name={it.name} last={it.last} />)}
      <Dialog title={fill(words().removalsSure, going)} open={removing !== null} onClose={() => setRemoving(null)}>
        <p>{words().removalsText}</p>
        <Trouble problem={problem} />
        <div class="dialog-actions">
          <Button onClick={() => setRemoving(null)}>{shared().cancel}</Button>
          <Button kind="danger" busy={busy} onClick={() => { if (removing) void take(removing, true); }}>{fill(words().removals, going)}</Button>
        </div>
      </Dialog>
    </Section>
  );
}

function Result(props: { last: Report | null }): JSX.Element {
  const { last } = props;
  if (!last) return <State state="off" word={words().notYet} />;
  const counts = { found: number(last.found), added: number(last.added), changed: number(last.changed), removed: number(last.removed) };
  return (
    <>
      <State state={last.result === "done" && last.not_taken > 0 ? "partial" : STATES[last.result] ?? "unknown"} word={words().results[last.result] ?? last.result} />
      <p class="small prose">{last.why ?? fill(words().counts, counts)}</p>
    </>
  );
}

function NotTaken(props: { name: string; last: Report }): JSX.Element | null {
  const { failed, held_up: held, not_taken } = props.last;
  const rows = [...failed, ...held.map((row) => ({ who: row.who, why: fill(words().heldUp, { why: row.why }) }))];
  if (rows.length === 0) return null;
  const columns: Column<Row>[] = [
    { id: "who", title: words().who, cell: (row) => <code>{row.who}</code>, sort: (row) => row.who },
    { id: "why", title: words().why, cell: (row) => <span class="prose">{row.why}</span>, sort: (row) => row.why },
  ];
  const caption = fill(words().reportOf, { name: props.name });
  return (
    <details>
      <summary>{caption}</summary>
      <Table caption={caption} columns={columns} rows={rows} id={(row) => `${row.who} ${row.why}`} />
      {not_taken > rows.length && <p class="small">{fill(words().more, { count: number(not_taken - rows.length) })}</p>}
    </details>
  );
}
