// All documents of one section, of any number: searched here, opened, copied, deleted.

import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { all } from "../../api";
import { TextField } from "../../components/field";
import { Button, Empty, Loading, Notice, Page, Trouble } from "../../components/parts";
import { LongTable, Table, type Column } from "../../components/table";
import { words as shared } from "../../components/texts";
import { problemOf, useTopic } from "../../components/use";
import type { Problem } from "../../api";
import { fill, number } from "../../language";
import { place, setQuery } from "../../router";
import { DeleteDialog } from "./delete_dialog";
import { DirectoryStatus } from "./directory_status";
import type { Doc, Schema } from "./schema";
import { fieldWords, nameOf, pageOf, spoken, type SectionEntry } from "./sections";
import { words } from "./texts";
import { shown } from "./values";

/** Lists of so many entries follow changes of the settings by themselves. */
const RELOADED_MAX = 1_000;
/** From so many on only those that are seen are drawn. */
const LONG_FROM = 30;

export function ListPage(props: { section: SectionEntry; schema: Schema; ruled: string | null }): JSX.Element {
  const { section } = props;
  const [items, setItems] = useState<Doc[] | null>(null);
  const [total, setTotal] = useState<number | null>(null);
  const [done, setDone] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [round, setRound] = useState(0);
  const [deleting, setDeleting] = useState<string | null>(null);
  const [stale, setStale] = useState(false);
  const again = () => setRound((round) => round + 1);
  const numberSeen = useRef<number | null>(null);
  useTopic("settings", (told: { number: number }) => {
    const moved = numberSeen.current !== null && told.number !== numberSeen.current;
    numberSeen.current = told.number;
    if (!moved) return;
    // A long list does not jump away under whoever reads it, nor is it loaded again and again.
    if (total !== null && total > RELOADED_MAX) setStale(true);
    else again();
  });
  useEffect(() => {
    const end = new AbortController();
    setDone(false);
    setProblem(null);
    setStale(false);
    all<Doc>(`/${section.path}`, {}, end.signal, (seen, total) => { setItems(seen); setTotal(total); })
      .then(() => setDone(true), (error: unknown) => { if (!end.signal.aborted) setProblem(problemOf(error)); });
    return () => end.abort();
  }, [section.path, round]);
  const hasDeleted = useRef(false);
  useLayoutEffect(() => {
    if (deleting !== null || !hasDeleted.current) return;
    hasDeleted.current = false;
    // The dialog gave the focus back to a button that goes with its row.
    document.querySelector("h1")?.focus();
  }, [deleting]);
  const wanted = place.value.query.get("q") ?? "";
  const columns = section.columns ?? section.named_by;
  const filtered = useMemo(() => {
    const sought = wanted.trim().toLocaleLowerCase();
    if (!items || sought === "") return items ?? [];
    return items.filter((item) => Object.values(item).some((value) => typeof value !== "object" && String(value).toLocaleLowerCase().includes(sought)) || nameOf(section, item).toLocaleLowerCase().includes(sought));
  }, [items, wanted]);
  const name = (item: Doc) => nameOf(section, item);
  const text = (item: Doc, member: string) => shown(section, member, item[member]);
  const shape: Column<Doc>[] = columns.map((member, at) => ({
    id: member,
    title: spoken(fieldWords(section, member).label),
    cell: (item: Doc) => at === 0 ? <a href={pageOf(section, name(item))}>{text(item, member)}</a> : text(item, member),
    sort: (item: Doc) => typeof item[member] === "number" ? item[member] : text(item, member),
    width: 2,
  }));
  if (props.ruled === null) {
    shape.push({
      id: "act", title: words().actions, width: 1.5, cell: (item) => (
        <span class="row-actions">
          <a href={`${pageOf(section)}?copy=${encodeURIComponent(name(item))}`} aria-label={`${words().copy}: ${name(item)}`}>{words().copy}</a>
          <button type="button" class="link danger" aria-label={`${shared().delete}: ${name(item)}`} onClick={() => setDeleting(name(item))}>{shared().delete}</button>
        </span>
      ),
    });
  }
  const add = props.ruled === null && <a class="button main" href={`${pageOf(section)}?new=yes`}>{words().add}</a>;
  const none = items?.length === 0 && done
    ? <Empty title={spoken(section.empty)}>{add}</Empty>
    : <Empty title={words().noMatch}><Button onClick={() => setQuery({ q: null })}>{shared().clear}</Button></Empty>;
  const table = { caption: spoken(section.title), columns: shape, rows: filtered, id: name, empty: none };
  return (
    <Page title={spoken(section.title)} intro={spoken(section.intro)} actions={<>{add}<a href="#/settings">{fill(words().backTo, { section: words().title })}</a></>}>
      {props.ruled !== null && <Notice kind="partial" quiet>{fill(words().ruled, { file: props.ruled })}</Notice>}
      <Trouble problem={problem} again={again} />
      {stale && <Notice><p>{words().changed}</p><Button onClick={again}>{words().showAnew}</Button></Notice>}
      {items && items.length > 0 && (
        <div class="filters" role="search">
          <TextField type="search" label={fill(words().search1, { section: spoken(section.title) })} value={wanted} onInput={(q) => setQuery({ q })} />
          <p class="small" role="status">
            {!done && !problem && total !== null ? fill(words().loadingMore, { shown: number(items.length), total: number(total) })
              : wanted !== "" ? fill(shared().shown, { shown: number(filtered.length), total: number(items.length) }) : ""}
          </p>
        </div>
      )}
      {!items && !problem && <Loading />}
      {section.path === "directories" && items && items.length > 0 && <DirectoryStatus />}
      {items && (filtered.length >= LONG_FROM ? <LongTable {...table} /> : <div class="card"><Table {...table} /></div>)}
      <DeleteDialog section={section} name={deleting} onClose={() => setDeleting(null)} onDeleted={() => {
        hasDeleted.current = true;
        setDeleting(null);
        again();
      }} />
    </Page>
  );
}
