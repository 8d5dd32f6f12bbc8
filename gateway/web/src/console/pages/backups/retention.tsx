// What falls due, and what is kept of one person.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { send } from "../../../shell/api";
import { TextField } from "../../../shell/components/field";
import { Button, Dialog, Notice, Section, Trouble } from "../../../shell/components/parts";
import { Table, type Column } from "../../components/table";
import { words as shared } from "../../../shell/components/texts";
import { useAction, useGet } from "../../../shell/use";
import { day, fill, number } from "../../../shell/language";
import { words } from "./texts";

interface Kind {
  kind: string;
  days: number;
  count: number;
  oldest: string | null;
  newest: string | null;
}

interface Told {
  kinds: Kind[];
}

const removed = (told: Told) => told.kinds.reduce((sum, kind) => sum + kind.count, 0);

export function Retention(): JSX.Element {
  const asked = useGet<Told>("/retention-plan");
  const [asking, setAsking] = useState(false);
  const [done, setDone] = useState<number | null>(null);
  const { busy, problem, run } = useAction();
  const columns: Column<Kind>[] = [
    { id: "kind", title: words().kind, cell: (kind) => words().kinds[kind.kind] ?? kind.kind },
    { id: "days", title: words().days, numeric: true, cell: (kind) => number(kind.days) },
    { id: "count", title: words().count, numeric: true, cell: (kind) => number(kind.count) },
    { id: "oldest", title: words().oldest, cell: (kind) => day(kind.oldest) },
  ];
  const count = asked.value ? removed(asked.value) : 0;
  return (
    <Section title={words().retention} actions={<a href="#/settings/retention">{words().toRetention}</a>}>
      <p>{words().retentionText}</p>
      <Trouble problem={asked.problem} again={asked.again} />
      {asked.value && <Table caption={words().retention} columns={columns} rows={asked.value.kinds} id={(kind) => kind.kind} />}
      <div><Button disabled={count === 0} onClick={() => setAsking(true)}>{words().run}</Button></div>
      {done !== null && <Notice kind="ok">{fill(words().ran, { count: number(done) })}</Notice>}
      <Dialog title={words().runSure} open={asking} onClose={() => setAsking(false)}>
        <p>{fill(words().runText, { count: number(count) })}</p>
        <Trouble problem={problem} />
        <div class="dialog-actions">
          <Button onClick={() => setAsking(false)}>{shared().cancel}</Button>
          <Button kind="danger" busy={busy} onClick={() => void run(async () => {
            setDone(removed((await send<Told>("POST", "/retention-run", { milliseconds: 600_000 })).body));
            setAsking(false);
            asked.again();
          })}>{words().run}</Button>
        </div>
      </Dialog>
    </Section>
  );
}

interface Erased {
  documents: unknown[];
  audit_until: string | null;
  log_until: string | null;
}

export function Erasure(): JSX.Element {
  const [agent, setAgent] = useState("");
  const [looked, setLooked] = useState<{ agent: string; told: Erased } | null>(null);
  const [done, setDone] = useState(false);
  const { busy, problem, run } = useAction();
  const erase = (dryRun: boolean) => run(async () => {
    setDone(false);
    const told = (await send<Erased>("POST", "/erasures", { body: { agent, dry_run: dryRun } })).body;
    setLooked(dryRun ? { agent, told } : null);
    if (!dryRun) setDone(true);
  });
  const wrong = problem?.errors.find((error) => error.field === "agent")?.message;
  return (
    <Section title={words().erasure}>
      <p>{words().erasureText}</p>
      <form onSubmit={(event) => { event.preventDefault(); void erase(true); }}>
        <TextField label={words().agent} value={agent} onInput={(value) => { setAgent(value); setLooked(null); }} required maxLength={32} error={wrong} />
        {!wrong && <Trouble problem={problem} />}
        {looked && (
          <Notice kind="partial">
            <p>{looked.told.documents.length > 0 ? words().would : words().nothing}</p>
            <pre>{JSON.stringify(looked.told, null, 2)}</pre>
          </Notice>
        )}
        {done && <Notice kind="ok">{words().erased}</Notice>}
        <div class="actions">
          <Button type="submit" busy={busy}>{words().lookErase}</Button>
          {looked && looked.agent === agent && <Button kind="danger" busy={busy} onClick={() => void erase(false)}>{words().eraseNow}</Button>}
        </div>
      </form>
    </Section>
  );
}
