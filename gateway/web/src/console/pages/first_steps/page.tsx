// The way from a fresh node to the first agent at a phone: what is done is marked, what is next is open.

import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import { get, send, type Page as ListPage } from "../../../shell/api";
import { TextField } from "../../../shell/components/field";
import { Button, Copyable, Loading, Notice, Page, State, Trouble } from "../../../shell/components/parts";
import { useTopic } from "../../components/use";
import { useAction, useGet } from "../../../shell/use";
import type { Overview } from "../overview/answers";
import { words } from "./texts";

const STEPS = ["administrator", "team", "agent", "device", "signed_in"] as const;
type Step = (typeof STEPS)[number];

export default function FirstSteps(): JSX.Element {
  const asked = useGet<Overview>("/overview", {}, 5);
  const [told, setTold] = useState<Overview | null>(null);
  useTopic("overview", (overview: Overview) => setTold(overview));
  // The newest of both: what was just added is asked for at once.
  const overview = told && asked.value ? (told.at > asked.value.at ? told : asked.value) : asked.value ?? told;
  const steps = overview?.first_steps;
  const next = steps ? STEPS.find((step) => !steps[step]) : undefined;
  const parts: Record<Step, [string, ComponentChildren]> = {
    administrator: [words().administrator, <><p>{words().administratorText}</p><p><a href="#/settings/accounts">{words().moreAccounts}</a></p></>],
    team: [words().team, <TeamForm done={asked.again} />],
    agent: [words().agent, <AgentForm done={asked.again} />],
    device: [words().device, <DeviceForm done={asked.again} />],
    signed_in: [words().signedIn, <SignInHelp url={overview?.phone_url ?? null} waiting={next === "signed_in"} />],
  };
  return (
    <Page title={words().title} intro={words().intro}>
      <Trouble problem={asked.problem} again={asked.again} />
      {!overview && asked.busy && <Loading />}
      {steps && !next && <Notice kind="ok">{words().all} <a href="#/agents">{words().toAgents}</a></Notice>}
      {steps && (
        <ol class="steps">
          {STEPS.map((step, place) => {
            const [title, content] = parts[step];
            const isNext = step === next;
            return (
              <li key={step} class="card" aria-current={isNext ? "step" : undefined}>
                <div class="card-head">
                  <h2>{place + 1}. {title}</h2>
                  <State state={steps[step] ? "ok" : isNext ? "partial" : "off"} word={steps[step] ? words().done : isNext ? words().next : words().open} />
                </div>
                {(isNext || (steps[step] && step === "signed_in")) ? content : null}
              </li>
            );
          })}
        </ol>
      )}
      <p><a href="#/">{words().skip}</a></p>
    </Page>
  );
}

/** A small form that adds one document. */
function Adding(props: {
  text: string; button: string; fields: ComponentChildren; save: () => Promise<void>; done: () => void;
  action: ReturnType<typeof useAction>;
}): JSX.Element {
  const { busy, problem, run } = props.action;
  const submit = async (event: Event) => {
    event.preventDefault();
    if (await run(props.save)) props.done();
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      <p>{props.text}</p>
      {problem?.code === "read_only" ? <Notice kind="partial">{words().readOnly}</Notice> : <Trouble problem={problem} />}
      {props.fields}
      <div><Button type="submit" kind="main" busy={busy}>{props.button}</Button></div>
    </form>
  );
}

/** What is wrong with a member of the document that was sent. */
function wrong(action: ReturnType<typeof useAction>, name: string): string | undefined {
  return action.problem?.errors.find((error) => error.pointer === `/${name}` || error.field === name)?.message;
}

function TeamForm(props: { done: () => void }): JSX.Element {
  const [name, setName] = useState("");
  const action = useAction();
  const save = async () => {
    await send("PUT", `/teams/${encodeURIComponent(name)}`, { body: {}, tag: "new" });
  };
  return (
    <Adding text={words().teamText} button={words().addTeam} save={save} done={props.done} action={action}
      fields={<TextField label={words().teamName} value={name} onInput={setName} required maxLength={64} error={wrong(action, "name")} />} />
  );
}

function AgentForm(props: { done: () => void }): JSX.Element {
  const [id, setId] = useState("");
  const [name, setName] = useState("");
  const [extension, setExtension] = useState("");
  const [password, setPassword] = useState("");
  const action = useAction();
  const pairs = useGet<ListPage<{ name: string }>>("/cti-pairs", { limit: 1 });
  const pair = pairs.value?.items[0]?.name;
  const save = async () => {
    // The team of the step before; it can be changed under settings.
    const teams = await get<ListPage<{ name: string }>>("/teams", { limit: 1 });
    const team = teams.items[0]?.name;
    await send("PUT", `/agents/${encodeURIComponent(id)}`, {
      body: { ...(team ? { team } : {}), ...(pair ? { pair } : { password }), ...(name ? { name } : {}), ...(extension ? { extension } : {}) },
      tag: "new",
    });
  };
  return (
    <Adding text={words().agentText} button={words().addAgent} save={save} done={props.done} action={action}
      fields={(
        <>
          <TextField label={words().agentId} help={words().agentIdHelp} value={id} onInput={setId} required maxLength={32} error={wrong(action, "id")} />
          <TextField label={words().agentName} value={name} onInput={setName} maxLength={64} error={wrong(action, "name")} />
          <TextField label={words().extension} help={words().extensionHelp} value={extension} onInput={setExtension} maxLength={24} error={wrong(action, "extension")} />
          {pair
            ? <Notice quiet>{words().ownedByCentre}</Notice>
            : <TextField label={words().password} help={words().passwordHelp} type="password" autocomplete="new-password" value={password}
                onInput={setPassword} required error={wrong(action, "password")} />}
        </>
      )} />
  );
}

function DeviceForm(props: { done: () => void }): JSX.Element {
  const [name, setName] = useState("SEP");
  const [description, setDescription] = useState("");
  const action = useAction();
  const save = async () => {
    await send("PUT", `/devices/${encodeURIComponent(name.trim())}`, { body: description ? { description } : {}, tag: "new" });
  };
  return (
    <Adding text={words().deviceText} button={words().addDevice} save={save} done={props.done} action={action}
      fields={(
        <>
          <TextField label={words().deviceName} help={words().deviceNameHelp} value={name} onInput={setName} required maxLength={15} error={wrong(action, "name")} />
          <TextField label={words().description} value={description} onInput={setDescription} maxLength={128} error={wrong(action, "description")} />
        </>
      )} />
  );
}

function SignInHelp(props: { url: string | null; waiting: boolean }): JSX.Element {
  const devices = useGet<ListPage<{ name: string }>>("/devices", { limit: 1 });
  const device = devices.value?.items[0]?.name ?? "SEP001122334455";
  return (
    <>
      <p>{words().signedInText}</p>
      {props.url ? <p><Copyable label={words().url} text={props.url} /></p> : <Notice kind="partial">{words().noUrl}</Notice>}
      <p class="small">{words().provision}</p>
      {props.url && (
        <>
          <p>{words().terminal}</p>
          <pre class="command" tabIndex={0} aria-label={words().terminal}>{`jackfield-peers phone --model CP-8845 --device ${device} --url ${props.url}`}</pre>
        </>
      )}
      {props.waiting && <p role="status">{words().waiting}</p>}
    </>
  );
}
