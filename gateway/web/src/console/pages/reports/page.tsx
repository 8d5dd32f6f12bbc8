// Reports of email: by queue, by agent, by both; as a table, a plot and a file (RPT-01).

import type { JSX } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { get, save, type Problem } from "../../../shell/api";
import { Choice, TextField } from "../../../shell/components/field";
import { Button, Empty, Loading, Page, Section, Trouble } from "../../../shell/components/parts";
import { fill, locale, number } from "../../../shell/language";
import { place, setQuery } from "../../../shell/router";
import { problemOf, useAction } from "../../../shell/use";
import { LongTable, Table, type Column } from "../../components/table";
import type { Report, Row } from "./answers";
import { Bars } from "./bars";
import { between, dayOf, daysOn, lastDays, OWN_ZONE, zones, type Stretch } from "./days";
import { words } from "./texts";

const PATHS: Record<string, string> = {
  queues: "/reports/email-csq-activity",
  agents: "/reports/email-agent-activity",
  pairs: "/reports/email-csq-agent-summary",
};
const DAYS = ["1", "7", "30", "92"];
/** The stretch that is chosen by its days. */
const OWN = "own";
/** From so many rows on only those are drawn that are seen. */
const LONG_ROWS = 200;

/** Seconds as hours, minutes and seconds. */
function lasting(seconds: number): string {
  const two = (value: number) => String(value).padStart(2, "0");
  return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

function columnsOf(which: string): Column<Row>[] {
  const language = words();
  const text = (id: string, title: string, of: (row: Row) => string): Column<Row> => ({ id, title, cell: of, sort: of, width: 2 });
  const count = (id: string, title: string): Column<Row> => ({
    id, title, cell: (row) => number(Number(row[id] ?? 0)), sort: (row) => Number(row[id] ?? 0), numeric: true,
  });
  const time = (id: string, title: string): Column<Row> => ({
    id, title, cell: (row) => lasting(Number(row[id] ?? 0)), sort: (row) => Number(row[id] ?? 0), numeric: true,
  });
  const queue = text("csq", language.csq, (row) => row.csq ?? "");
  const agent = text("agent", language.agent, (row) => (row.name && row.name !== row.agent ? `${row.name} (${row.agent ?? ""})` : row.agent ?? ""));
  const work = [
    count("assigned", language.assigned), count("replied", language.replied), count("forwarded", language.forwarded),
    count("discarded", language.discarded), count("requeued", language.requeued), count("taken", language.taken),
    count("in_hand", language.inHand), time("handling_mean_seconds", language.handling),
    time("handling_longest_seconds", language.handlingLongest),
  ];
  if (which === "agents") return [agent, ...work];
  if (which === "pairs") return [queue, agent, ...work];
  return [
    queue, count("arrived", language.arrived), count("automatic", language.automatic), count("replied", language.replied),
    count("forwarded", language.forwarded), count("discarded", language.discarded), count("waiting", language.waiting),
    count("in_hand", language.inHand), time("first_wait_mean_seconds", language.firstWait),
    time("first_wait_longest_seconds", language.firstWaitLongest), time("lasting_mean_seconds", language.lasting),
    time("lasting_longest_seconds", language.lastingLongest),
  ];
}

/** A report with the rows of all its pages. */
function useReport(path: string, query: Record<string, string> | null): { report: Report | null; problem: Problem | null; again: () => void } {
  const [report, setReport] = useState<Report | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [round, setRound] = useState(0);
  const key = JSON.stringify([path, query]);
  useEffect(() => {
    setReport(null);
    setProblem(null);
    if (!query) return;
    const end = new AbortController();
    const read = async () => {
      let whole = await get<Report>(path, { ...query, limit: 1000 }, end.signal);
      while (whole.next !== null) {
        const page: Report = await get<Report>(path, { after: whole.next, limit: 1000 }, end.signal);
        whole = { ...whole, items: [...whole.items, ...page.items], next: page.next };
      }
      setReport(whole);
    };
    read().catch((error: unknown) => { if (!end.signal.aborted) setProblem(problemOf(error)); });
    return () => end.abort();
    // The key stands for path and query.
  }, [key, round]);
  return { report, problem, again: () => setRound(round + 1) };
}

export default function Reports(): JSX.Element {
  const language = words();
  const query = place.value.query;
  const which = Object.hasOwn(PATHS, query.get("which") ?? "") ? query.get("which") ?? "queues" : "queues";
  const asked = query.get("days") ?? "7";
  const days = asked === OWN || DAYS.includes(asked) ? asked : "7";
  const all = useMemo(zones, []);
  const zone = all.find((one) => one === query.get("zone")) ?? OWN_ZONE;
  const today = dayOf(Date.now(), zone);
  const [first, last] = [query.get("first") ?? daysOn(today, -6), query.get("last") ?? today];
  const stretch: Stretch | null = useMemo(
    () => (days === OWN ? between(first, last, zone) : lastDays(Number(days), zone)),
    [days, first, last, zone, which],
  );
  const path = PATHS[which] ?? "/reports/email-csq-activity";
  const { report, problem, again } = useReport(path, stretch && { ...stretch, ...(which === "queues" ? { time_zone: zone } : {}) });
  const columns = useMemo(() => columnsOf(which), [which, language]);
  const { busy, problem: notSaved, run } = useAction();
  const table = () => void run(() => save(`${path}.csv`, { ...stretch }, `email-${which}.csv`, "text/csv"));
  const title = which === "queues" ? language.queues : which === "agents" ? language.agents : language.pairs;
  const dateField = (name: "first" | "last", label: string, value: string) => (
    <TextField label={label} value={value} {...{ type: "date" as "text" }} onInput={(typed) => setQuery({ [name]: typed })} />
  );
  return (
    <Page title={language.title} actions={<Button busy={busy} disabled={!stretch} onClick={table}>{language.csv}</Button>}>
      <p>{language.intro}</p>
      <Trouble problem={notSaved} />
      <div class="filters report-filters">
        <Choice label={language.which} value={which} onInput={(value) => setQuery({ which: value })} options={[
          { value: "queues", label: language.queues }, { value: "agents", label: language.agents }, { value: "pairs", label: language.pairs },
        ]} />
        <Choice label={language.days} value={days} onInput={(value) => setQuery({ days: value })} options={[
          { value: "1", label: language.day }, { value: "7", label: language.week }, { value: "30", label: language.month },
          { value: "92", label: language.quarter }, { value: OWN, label: language.own },
        ]} />
        {days === OWN && dateField("first", language.first, first)}
        {days === OWN && dateField("last", language.last, last)}
        <Choice label={language.zone} value={zone} onInput={(value) => setQuery({ zone: value })} options={all.map((one) => ({ value: one, label: one.replaceAll("_", " ") }))} />
        <Button onClick={() => print()}>{language.print}</Button>
      </div>
      {!stretch && <p class="notice" role="status">{language.noStretch}</p>}
      <Trouble problem={problem} again={again} />
      {stretch && !report && !problem && <Loading />}
      {report && report.items.length === 0 && <Empty title={language.none}><p>{language.noneText}</p></Empty>}
      {report && report.items.length > 0 && (
        <Section title={title}>
          <p class="small">{fill(language.between, { from: moment(report.from, zone), to: moment(report.to, zone), zone })}</p>
          {report.arrivals && report.arrivals.series.length > 0 && <Bars arrivals={report.arrivals} />}
          <div class="report">
            {report.items.length > LONG_ROWS
              ? <LongTable columns={columns} rows={report.items} id={idOf} caption={title} leastRem={72} />
              : <Table columns={columns} rows={report.items} id={idOf} stacks="titled" caption={title} />}
          </div>
        </Section>
      )}
    </Page>
  );
}

function idOf(row: Row): string {
  return `${row.csq ?? ""}/${row.agent ?? ""}`;
}

/** A point in time as clocks of the zone show it. */
function moment(at: string, zone: string): string {
  return new Intl.DateTimeFormat(locale(), { dateStyle: "medium", timeStyle: "short", timeZone: zone }).format(new Date(at));
}
