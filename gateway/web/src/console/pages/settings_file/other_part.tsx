// What is taken over from tables and from a Finesse server: the plan first, then the same again for good.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { send } from "../../../shell/api";
import { Choice, Switch, TextArea, TextField } from "../../../shell/components/field";
import { ChooseFile } from "../../components/file";
import { Button, Notice, Section, Trouble } from "../../../shell/components/parts";
import { useAction } from "../../../shell/use";
import { fill, number } from "../../../shell/language";
import { isEmpty, PlanShown, type Plan, type Planned } from "./plan";
import { words } from "./texts";

const LONG_MILLISECONDS = 300_000;
const KINDS = ["agents", "teams", "reasons", "devices"] as const;
type Kind = (typeof KINDS)[number];
const COLUMNS: Record<Kind, string> = {
  agents: "id, name, alias, team, pair, extension, roles, skills",
  teams: "name, pair, layout, wrap_up_seconds",
  reasons: "category, code, label, teams",
  devices: "name, description, lines, profile, certificate_sha256",
};
const REQUIRED: Record<Kind, string> = { agents: "id", teams: "name", reasons: "category, code, label", devices: "name" };

interface Told {
  added: number;
  changed: number;
  removed: number;
  plan: Planned[];
  /** Entries that stay as they are, since they came from elsewhere. */
  held_up: string[];
  /** What cannot be taken over, with the reason. */
  left_out: string[];
}

function planOf(told: Told): Plan {
  return { counts: { added: told.added, changed: told.changed, removed: told.removed }, plan: told.plan, more: 0 };
}

/** One way to take something over. */
function useImport(path: string, body: () => Record<string, unknown>) {
  const [told, setTold] = useState<Told | null>(null);
  const [done, setDone] = useState(false);
  const [moved, setMoved] = useState(false);
  const action = useAction();
  const ask = async (apply: boolean) => (await send<Told>("POST", path, { body: { ...body(), apply }, milliseconds: LONG_MILLISECONDS })).body;
  return {
    told, done, moved, action,
    forget: () => { setTold(null); setDone(false); setMoved(false); action.clear(); },
    plan: () => {
      setTold(null);
      setDone(false);
      setMoved(false);
      void action.run(async () => setTold(await ask(false)));
    },
    apply: () => void action.run(async () => {
      const now = await ask(false);
      if (JSON.stringify(now.plan) !== JSON.stringify(told?.plan)) {
        setTold(now);
        setMoved(true);
        return;
      }
      await ask(true);
      setTold(null);
      setDone(true);
    }),
  };
}

function Shown(props: { job: ReturnType<typeof useImport>; ruled: boolean }): JSX.Element {
  const { told, done, moved, action, apply } = props.job;
  const plan = told && planOf(told);
  return (
    <>
      <p role="status" class="small">{action.busy && !told ? words().planning : ""}</p>
      <Trouble problem={action.problem} />
      {done && <Notice kind="ok">{words().applied}</Notice>}
      {moved && <Notice kind="partial">{words().planMoved}</Notice>}
      {told && told.held_up.length > 0 && <Names title={words().heldUp} names={told.held_up} />}
      {told && told.left_out.length > 0 && <Names title={words().leftOut} names={told.left_out} />}
      {props.ruled && plan && !isEmpty(plan) && <Notice kind="partial" quiet>{words().ruledPlan}</Notice>}
      {plan && <PlanShown plan={plan} busy={action.busy} onApply={props.ruled ? undefined : apply} />}
    </>
  );
}

function Names(props: { title: string; names: string[] }): JSX.Element {
  return (
    <details>
      <summary>{fill(props.title, { count: number(props.names.length) })}</summary>
      <ul class="found">{props.names.map((name) => <li key={name}>{name}</li>)}</ul>
    </details>
  );
}

export function Table(props: { ruled: boolean }): JSX.Element {
  const [kind, setKind] = useState<Kind>("agents");
  const [text, setText] = useState("");
  const [mirror, setMirror] = useState(false);
  const job = useImport("/import/csv", () => ({ kind, text, mirror }));
  const change = <T,>(set: (value: T) => void) => (value: T) => { set(value); job.forget(); };
  return (
    <>
      <Section title={words().tableTitle}>
        <p>{words().tableText}</p>
        <Choice label={words().kind} value={kind} onInput={change((value: string) => setKind(KINDS.find((it) => it === value) ?? "agents"))}
          help={fill(words().columns, { columns: COLUMNS[kind], required: REQUIRED[kind] })}
          options={KINDS.map((value) => ({ value, label: words().kinds[value] }))} />
        <ChooseFile label={words().tableFile} help={words().tableHelp} accept=".csv,.txt" notText={words().notText}
          onChosen={(chosen) => change(setText)(chosen.text)} />
        <TextArea label={words().tableRows} code rows={6} value={text} onInput={change(setText)} />
        <Switch label={words().mirror} help={words().mirrorHelp} value={mirror} onInput={change(setMirror)} />
        <div class="actions"><Button kind="main" busy={job.action.busy} disabled={text.trim() === ""} onClick={job.plan}>{words().showPlan}</Button></div>
      </Section>
      <Shown job={job} ruled={props.ruled} />
    </>
  );
}

export function Finesse(props: { ruled: boolean }): JSX.Element {
  const [server, setServer] = useState({ url: "https://", user: "", password: "", mirror: false });
  const job = useImport("/import/finesse", () => server);
  const change = (part: Partial<typeof server>) => { setServer({ ...server, ...part }); job.forget(); };
  const ready = /^https?:\/\/./.test(server.url) && server.user !== "" && server.password !== "";
  return (
    <>
      <Section title={words().finesseTitle}>
        <p>{words().finesseText} <a href="#/settings/trust">{words().toTrust}</a></p>
        <form onSubmit={(event) => { event.preventDefault(); if (ready) job.plan(); }}>
          <TextField label={words().url} help={words().urlHelp} type="url" required value={server.url} onInput={(url) => change({ url })} />
          <TextField label={words().user} required value={server.user} onInput={(user) => change({ user })} />
          <TextField label={words().password} help={words().passwordHelp} type="password" autocomplete="off" required value={server.password} onInput={(password) => change({ password })} />
          <Switch label={words().mirror} help={words().mirrorHelp} value={server.mirror} onInput={(mirror) => change({ mirror })} />
          <div class="actions"><Button kind="main" type="submit" busy={job.action.busy} disabled={!ready}>{words().showPlan}</Button></div>
        </form>
      </Section>
      <Shown job={job} ruled={props.ruled} />
    </>
  );
}
