// Reports of email: by queue, by agent, by both; as a table, a plot and a file (RPT-01).

import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { save } from "../../../shell/api";
import { Choice } from "../../../shell/components/field";
import { Button, Empty, Loading, Page, Section, Trouble } from "../../../shell/components/parts";
import { Plot } from "../../../shell/components/plot";
import { number } from "../../../shell/language";
import { place, setQuery } from "../../../shell/router";
import { useAction, useGet } from "../../../shell/use";
import { Table, type Column } from "../../components/table";
import type { Report, Row } from "./answers";
import { words } from "./texts";

const PATHS: Record<string, string> = {
  queues: "/reports/email-csq-activity",
  agents: "/reports/email-agent-activity",
  pairs: "/reports/email-csq-agent-summary",
};
const DAYS = ["1", "7", "30", "92"];
const DAY_MILLISECONDS = 86_400_000;
/** The end of the stretch moves by so much at a time, so that a page asks for one thing twice. */
const ROUND_MILLISECONDS = 60_000;

/** Seconds as hours, minutes and seconds. */
function lasting(seconds: number): string {
  const two = (value: number) => String(value).padStart(2, "0");
  return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

function columnsOf(which: string): Column<Row>[] {
  const language = words();
  const text = (id: string, title: string, of: (row: Row) => string): Column<Row> => ({ id, title, cell: of, sort: of });
  const count = (id: string, title: string): Column<Row> => ({
    id, title, cell: (row) => number(Number(row[id] ?? 0)), sort: (row) => Number(row[id] ?? 0), numeric: true,
  });
  const time = (id: string, title: string): Column<Row> => ({
    id, title, cell: (row) => lasting(Number(row[id] ?? 0)), sort: (row) => Number(row[id] ?? 0), numeric: true,
  });
  const queue = text("csq", language.csq, (row) => row.csq ?? "");
  const agent = text("agent", language.agent, (row) => (row.name ? `${row.name} (${row.agent ?? ""})` : row.agent ?? ""));
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

export default function Reports(): JSX.Element {
  const query = place.value.query;
  const which = query.get("which") ?? "queues";
  const days = query.get("days") ?? "7";
  const asked = useMemo(() => {
    const to = Math.ceil(Date.now() / ROUND_MILLISECONDS) * ROUND_MILLISECONDS;
    const from = to - Number(DAYS.includes(days) ? days : "7") * DAY_MILLISECONDS;
    return { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
  }, [days, which]);
  const path = PATHS[which] ?? "/reports/email-csq-activity";
  const report = useGet<Report>(path, asked);
  const columns = useMemo(() => columnsOf(which), [which, words()]);
  const { busy, problem, run } = useAction();
  const table = () => void run(() => save(`${path}.csv`, asked, `email-${which}.csv`, "text/csv"));
  const language = words();
  return (
    <Page title={language.title} actions={<Button busy={busy} onClick={table}>{language.csv}</Button>}>
      <p>{language.intro}</p>
      <Trouble problem={problem} />
      <div class="filters">
        <Choice label={language.which} value={which} onInput={(value) => setQuery({ which: value })} options={[
          { value: "queues", label: language.queues }, { value: "agents", label: language.agents }, { value: "pairs", label: language.pairs },
        ]} />
        <Choice label={language.days} value={days} onInput={(value) => setQuery({ days: value })} options={[
          { value: "1", label: language.day }, { value: "7", label: language.week }, { value: "30", label: language.month }, { value: "92", label: language.quarter },
        ]} />
        <Button onClick={() => print()}>{language.print}</Button>
      </div>
      <Trouble problem={report.problem} again={report.again} />
      {!report.value && !report.problem && <Loading />}
      {report.value && report.value.rows.length === 0 && <Empty title={language.none}><p>{language.noneText}</p></Empty>}
      {report.value && report.value.rows.length > 0 && (
        <Section title={which === "queues" ? language.queues : which === "agents" ? language.agents : language.pairs}>
          {report.value.arrivals && report.value.arrivals.series.length > 0 && (
            <Plot title={language.arrivals} lines={report.value.arrivals.series.slice(0, 5)} endsAt={report.value.arrivals.ends_at}
              stepSeconds={report.value.arrivals.step_seconds} unit={(value) => number(value, 0)} />
          )}
          <Table columns={columns} rows={report.value.rows} id={(row) => `${row.csq ?? ""}/${row.agent ?? ""}`} stacks="titled" caption={language.title} />
        </Section>
      )}
    </Page>
  );
}
