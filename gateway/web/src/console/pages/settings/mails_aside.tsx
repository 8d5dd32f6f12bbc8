// Mails of a queue's mailbox that became no contact, and why.

import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { get } from "../../../shell/api";
import { Button, Section, Trouble } from "../../../shell/components/parts";
import { Choice } from "../../../shell/components/field";
import { Table, type Column } from "../../components/table";
import { useAction, useGet } from "../../../shell/use";
import { fill, number, time } from "../../../shell/language";
import { words } from "./mails_aside_texts";

interface Mail {
  at: string;
  received_at: string;
  from: string;
  subject: string;
  disposition: string;
  folder: string;
  uid: number;
}

interface Told {
  items: Mail[];
  next: string | null;
  counts: Record<string, number>;
  older_left: number | null;
}

const PAGE = 50;

export function MailsAside(props: { name: string }): JSX.Element {
  const path = `/csqs/${encodeURIComponent(props.name)}/mails`;
  const [reason, setReason] = useState("");
  const query = { limit: PAGE, disposition: reason === "" ? null : reason };
  const asked = useGet<Told>(path, query);
  const [more, setMore] = useState<{ of: string; items: Mail[]; next: string | null } | null>(null);
  const { busy, problem, run } = useAction();
  // What is shown stays while another reason is asked for.
  const last = useRef<Told | null>(null);
  last.current = asked.value ?? last.current;
  const told = last.current;
  const later = more?.of === reason ? more : null;
  const items = [...(told?.items ?? []), ...(later?.items ?? [])];
  const next = later ? later.next : told?.next ?? null;
  const extend = () => run(async () => {
    const got = await get<Told>(path, { ...query, after: next });
    setMore({ of: reason, items: [...(later?.items ?? []), ...got.items], next: got.next });
  });
  const columns: Column<Mail>[] = [
    { id: "at", title: words().at, cell: (it) => time(it.received_at) },
    { id: "from", title: words().from, cell: (it) => it.from === "" ? "–" : it.from },
    { id: "subject", title: words().subject, cell: (it) => it.subject === "" ? "–" : it.subject },
    { id: "why", title: words().why, cell: (it) => words().reasons[it.disposition] ?? it.disposition },
  ];
  const counted = Object.entries(told?.counts ?? {}).map(([value, count]) => ({ value, label: `${words().reasons[value] ?? value} (${number(count)})` }));
  const all = Object.values(told?.counts ?? {}).reduce((sum, count) => sum + count, 0);
  return (
    <Section title={words().title}>
      <p>{words().intro}</p>
      {(told?.older_left ?? 0) > 0 && <p>{fill(words().older, { count: number(told?.older_left ?? 0) })}</p>}
      <Trouble problem={asked.problem ?? problem} again={asked.again} />
      {told && all === 0 && <p>{words().none}</p>}
      {told && all > 0 && (
        <>
          <Choice label={words().show} value={reason} onInput={(value) => { setReason(value); setMore(null); }}
            options={[{ value: "", label: fill(words().all, { count: number(all) }) }, ...counted]} />
          <Table stacks caption={words().title} columns={columns} rows={items} id={(it) => `${it.folder} ${it.at} ${it.uid}`} />
          {next !== null && <Button busy={busy} onClick={() => void extend()}>{words().more}</Button>}
        </>
      )}
    </Section>
  );
}
