// The audit log: who did what to what, and whether the chain of entries is whole.

import type { JSX } from "preact";
import { useEffect, useId, useState } from "preact/hooks";
import { get, save, send } from "../../../shell/api";
import { TextField } from "../../../shell/components/field";
import { Button, Dialog, Empty, Facts, Loading, Notice, Page, Trouble } from "../../../shell/components/parts";
import { Table, type Column } from "../../components/table";
import { words as shared } from "../../../shell/components/texts";
import { problemOf, useAction } from "../../../shell/use";
import type { Problem } from "../../../shell/api";
import { fill, number, time } from "../../../shell/language";
import { place, setQuery } from "../../../shell/router";
import { actions, actionWord } from "./actions";
import type { Entry, EntryPage } from "./answers";
import { words } from "./texts";

const FILTERS = ["who", "action", "object", "from", "to"] as const;
type Filter = (typeof FILTERS)[number];
const PAGE = 100;

/** A time of this computer's clock, in which times are shown too, as the interface takes it. */
function instant(text: string): string {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? text : date.toISOString();
}

/** The query of the interface for the filters in the address of the page; days are whole days. */
function queryOf(): Record<string, string> {
  const query: Record<string, string> = {};
  for (const name of FILTERS) {
    const value = place.value.query.get(name);
    if (!value) continue;
    if (name === "from") query[name] = instant(`${value}T00:00:00`);
    else if (name === "to") query[name] = instant(`${value}T23:59:59.999`);
    else query[name] = value;
  }
  return query;
}

export default function Audit(): JSX.Element {
  const [typed, setTyped] = useState<Record<Filter, string>>(() => Object.fromEntries(
    FILTERS.map((name) => [name, place.value.query.get(name) ?? ""])) as Record<Filter, string>);
  const [entries, setEntries] = useState<Entry[] | null>(null);
  const [next, setNext] = useState<number | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [shown, setShown] = useState<Entry | null>(null);
  const [checked, setChecked] = useState<{ whole: boolean; told: string } | null>(null);
  const deeds = useId();
  const older = useAction();
  const other = useAction();
  const query = queryOf();
  const key = JSON.stringify(query);

  const load = (before: number | null, signal?: AbortSignal) =>
    get<EntryPage>("/audit", { ...query, limit: PAGE, before }, signal);
  useEffect(() => {
    const end = new AbortController();
    setEntries(null);
    setProblem(null);
    load(null, end.signal).then(
      (page) => { setEntries(page.items); setNext(page.next); },
      (error: unknown) => { if (!end.signal.aborted) setProblem(problemOf(error)); },
    );
    return () => end.abort();
  }, [key]);

  const columns: Column<Entry>[] = [
    { id: "number", title: words().number, cell: (entry) => entry.number, numeric: true },
    { id: "at", title: words().at, cell: (entry) => time(entry.at) },
    { id: "who", title: words().who, cell: (entry) => entry.by.who },
    { id: "action", title: words().action, cell: (entry) => <span title={entry.deed.action}>{actionWord(entry.deed.action)}</span> },
    { id: "object", title: words().object, cell: (entry) => <code>{entry.deed.object}</code> },
    { id: "outcome", title: words().outcome, cell: (entry) => words().outcomes[entry.deed.outcome] ?? entry.deed.outcome },
    { id: "open", title: words().changes, cell: (entry) => (
      <Button label={fill(words().details, { number: entry.number })} onClick={() => setShown(entry)}>{words().open}</Button>
    ) },
  ];
  const submit = (event: Event) => {
    event.preventDefault();
    setQuery(typed);
  };
  return (
    <Page title={words().title} intro={words().intro} actions={(
      <>
        <Button busy={other.busy} onClick={() => void other.run(async () => {
          const told = (await send<{ intact: boolean }>("GET", "/audit/check", { milliseconds: 120_000 })).body;
          setChecked({ whole: told.intact, told: JSON.stringify(told, null, 2) });
        })}>{words().check}</Button>
        <Button busy={other.busy} onClick={() => void other.run(() => save("/audit", { ...query, limit: 1000 }, "audit.csv", "text/csv"))}>{words().csv}</Button>
      </>
    )}>
      <form class="filters" onSubmit={submit} role="search">
        <TextField label={words().who} value={typed.who} onInput={(who) => setTyped({ ...typed, who })} />
        <TextField label={words().action} value={typed.action} onInput={(action) => setTyped({ ...typed, action })} list={deeds} />
        <datalist id={deeds}>{Object.entries(actions()).map(([value, label]) => <option key={value} value={value}>{label}</option>)}</datalist>
        <TextField label={words().object} value={typed.object} onInput={(object) => setTyped({ ...typed, object })} />
        <TextField label={words().from} type={"date" as "text"} value={typed.from} onInput={(from) => setTyped({ ...typed, from })} />
        <TextField label={words().to} type={"date" as "text"} value={typed.to} onInput={(to) => setTyped({ ...typed, to })} />
        <Button type="submit" kind="main">{words().apply}</Button>
      </form>
      <Trouble problem={problem ?? older.problem ?? other.problem} />
      {checked && <Notice kind={checked.whole ? "ok" : "missing"}><p>{checked.whole ? words().whole : words().broken}</p><details><summary>{words().checked}</summary><pre>{checked.told}</pre></details></Notice>}
      {!entries && !problem && <Loading />}
      {entries && (
        <Table caption={words().title} columns={columns} rows={entries} id={(entry) => String(entry.number)}
          empty={<Empty title={words().empty}><p>{words().emptyText}</p></Empty>} />
      )}
      {entries && next !== null && (
        <div><Button busy={older.busy} onClick={() => void older.run(async () => {
          const page = await load(next);
          setEntries([...entries, ...page.items]);
          setNext(page.next);
        })}>{words().older}</Button></div>
      )}
      <Dialog wide title={fill(words().details, { number: shown?.number ?? "" })} open={shown !== null} onClose={() => setShown(null)}>
        {shown && <Details entry={shown} />}
        <div class="dialog-actions"><Button onClick={() => setShown(null)}>{shared().close}</Button></div>
      </Dialog>
    </Page>
  );
}

function Details(props: { entry: Entry }): JSX.Element {
  const { by, deed, at, hash } = props.entry;
  const columns: Column<Entry["deed"]["changes"][number]>[] = [
    { id: "field", title: words().field, cell: (change) => <code>{change.field}</code> },
    { id: "before", title: words().before, cell: (change) => change.before ?? "–" },
    { id: "after", title: words().after, cell: (change) => change.after ?? "–" },
  ];
  return (
    <>
      <Facts facts={[
        [words().at, time(at)], [words().who, by.who], [words().how, by.how], [words().address, by.from ?? "–"],
        [words().reference, by.reference ?? "–"], [words().action, <>{actionWord(deed.action)} <code>{deed.action}</code></>], [words().object, <code>{deed.object}</code>],
        [words().outcome, words().outcomes[deed.outcome] ?? deed.outcome], ["SHA-256", <code>{hash}</code>],
      ]} />
      <Table caption={words().changes} columns={columns} rows={deed.changes} id={(change) => change.field} empty={<p>{words().noChanges}</p>} />
      {deed.more > 0 && <p>{fill(words().more, { count: number(deed.more) })}</p>}
    </>
  );
}
