// The flight recorder: one timeline of what all links said, by agent, device or call (BYD-02).

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { get, save, type Problem } from "../../../shell/api";
import { Choice, TextField } from "../../../shell/components/field";
import { Button, Dialog, Empty, Facts, Loading, Page, Trouble } from "../../../shell/components/parts";
import { LongTable, type Column } from "../../components/table";
import { words as shared } from "../../../shell/components/texts";
import { problemOf, useAction } from "../../../shell/use";
import { fill, number, preciseTime, time } from "../../../shell/language";
import { place, setQuery } from "../../../shell/router";
import { words } from "./texts";

interface Recorded {
  number: number;
  at: string;
  node: string;
  link: string;
  way: string;
  message: string;
  peer: string | null;
  agent: string | null;
  agent_inferred: boolean;
  device: string | null;
  line: string | null;
  calls: string[];
  said: Record<string, unknown>;
  words: string;
}

interface Timeline {
  node: string;
  since_at: string | null;
  left_out: number;
  records: Recorded[];
}

const FIELDS = ["agent", "device", "contact", "link", "minutes"] as const;
type Name = (typeof FIELDS)[number];
const MINUTES = ["1", "2", "5", "10", "30"];
const RECORDS_MAX = 5_000;

/** The query of the interface for what is in the address of the page. */
function queryOf(): Record<string, string | number> {
  const query: Record<string, string | number> = { limit: RECORDS_MAX };
  for (const name of ["agent", "device", "contact", "link"]) {
    const value = place.value.query.get(name);
    if (value) query[name] = value;
  }
  const minutes = Number(MINUTES.find((it) => it === place.value.query.get("minutes")) ?? "10");
  query["from"] = new Date(Date.now() - minutes * 60_000).toISOString();
  return query;
}

export default function FlightRecorder(): JSX.Element {
  const first = (name: Name) => place.value.query.get(name) ?? (name === "minutes" ? "10" : "");
  const [typed, setTyped] = useState<Record<Name, string>>(() => Object.fromEntries(FIELDS.map((name) => [name, first(name)])) as Record<Name, string>);
  const [told, setTold] = useState<Timeline | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [round, setRound] = useState(0);
  const [shown, setShown] = useState<Recorded | null>(null);
  const taking = useAction();
  const key = place.value.query.toString();
  useEffect(() => {
    const end = new AbortController();
    setProblem(null);
    get<Timeline>("/flight-recorder", queryOf(), end.signal).then(setTold, (error: unknown) => {
      if (!end.signal.aborted) setProblem(problemOf(error));
    });
    return () => end.abort();
  }, [key, round]);
  const set = (name: Name) => (value: string) => setTyped({ ...typed, [name]: value });
  const submit = (event: Event) => {
    event.preventDefault();
    setQuery(typed);
    setRound(round + 1);
  };
  const take = (format: "text" | "jsonl") => taking.run(() => save("/flight-recorder/export", { ...queryOf(), format },
    `flight-recorder.${format === "text" ? "txt" : "jsonl"}`, format === "text" ? "text/plain" : "application/jsonl"));
  const columns: Column<Recorded>[] = [
    { id: "at", title: words().at, width: 1.3, cell: (record) => preciseTime(record.at), sort: (record) => record.number },
    { id: "link", title: words().link, width: 1.2, cell: (record) => words().links[record.link] ?? record.link, sort: (record) => record.link },
    { id: "way", title: words().way, width: 0.6, cell: (record) => <abbr title={words().waysLong[record.way]}>{words().ways[record.way] ?? record.way}</abbr> },
    { id: "message", title: words().message, width: 5, cell: (record) => (
      <button type="button" class="link" title={record.words} onClick={() => setShown(record)}>{record.words}</button>
    ) },
    { id: "who", title: words().who, width: 1.6, cell: (record) => {
      const whom = [record.agent, record.device].filter(Boolean).join(", ");
      return record.agent_inferred ? <abbr title={words().inferred}>{whom}</abbr> : whom;
    } },
  ];
  return (
    <Page title={words().title} intro={words().intro} actions={(
      <>
        <Button busy={taking.busy} onClick={() => void take("text")}>{words().exportText}</Button>
        <Button busy={taking.busy} onClick={() => void take("jsonl")}>{words().exportLines}</Button>
      </>
    )}>
      <form class="filters" role="search" onSubmit={submit}>
        <TextField label={words().agent} value={typed.agent} onInput={set("agent")} maxLength={200} />
        <TextField label={words().device} value={typed.device} onInput={set("device")} maxLength={200} />
        <TextField label={words().contact} value={typed.contact} onInput={set("contact")} maxLength={200} />
        <Choice label={words().link} value={typed.link} onInput={set("link")}
          options={Object.entries(words().links).map(([value, label]) => ({ value, label }))} />
        <Choice label={words().minutes} value={typed.minutes} onInput={set("minutes")} options={MINUTES.map((value) => ({ value, label: value }))} />
        <Button type="submit" kind="main">{words().show}</Button>
      </form>
      <Trouble problem={problem ?? taking.problem} again={() => setRound(round + 1)} />
      {!told && !problem && <Loading />}
      {told && (
        <>
          <p class="small" role="status">
            {told.since_at ? fill(words().since, { at: time(told.since_at) }) : words().off}
            {told.left_out > 0 && ` ${fill(words().leftOut, { count: number(told.left_out) })}`}
          </p>
          <LongTable caption={words().title} columns={columns} rows={told.records} id={(record) => `${record.node} ${record.number}`}
            empty={<Empty title={words().empty}><p>{words().emptyText}</p></Empty>} />
        </>
      )}
      <Dialog wide title={words().one} open={shown !== null} onClose={() => setShown(null)}>
        {shown && <One record={shown} />}
        <div class="dialog-actions"><Button onClick={() => setShown(null)}>{shared().close}</Button></div>
      </Dialog>
    </Page>
  );
}

/** One message with all that is known of it; what does not fit into a row stands here whole. */
function One(props: { record: Recorded }): JSX.Element {
  const { record } = props;
  const about: [string, string][] = [
    [words().agent, record.agent ? `${record.agent}${record.agent_inferred ? ` (${words().inferred})` : ""}` : ""],
    [words().device, record.device ?? ""], [words().line, record.line ?? ""], [words().calls, record.calls.join(", ")], [words().peer, record.peer ?? ""],
  ];
  return (
    <>
      <Facts facts={[
        [words().at, preciseTime(record.at)], [words().node, record.node],
        [words().link, `${words().links[record.link] ?? record.link}: ${words().waysLong[record.way] ?? record.way}`],
        ...about.filter(([, value]) => value !== ""),
      ]} />
      <pre class="command" tabIndex={0} aria-label={words().message}>{record.words}</pre>
      {Object.keys(record.said).length > 0 && <pre class="command" tabIndex={0} aria-label={words().said}>{JSON.stringify(record.said, null, 2)}</pre>}
    </>
  );
}
