// The trust between this gateway and the identity provider: what each is told of the other, and a test of both.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { save, send } from "../../../shell/api";
import { Expiry } from "../../components/expiry";
import { TextField } from "../../../shell/components/field";
import { ChooseFile, type Chosen } from "../../components/file";
import { Button, Copyable, Facts, Notice, Section, Trouble } from "../../../shell/components/parts";
import { Table } from "../../components/table";
import { useAction } from "../../../shell/use";
import { fill } from "../../../shell/language";
import { METADATA_BYTES_MAX, METADATA_MEDIA_TYPE, type Identity, type Provider } from "./answers";
import { words } from "./texts";
import { LastTest, TrialTold, type Trial } from "./trial";

/** What the identity provider is to be told of us. */
export function Ourselves(props: { identity: Identity }): JSX.Element {
  const { entity_id: entity, nodes } = props.identity;
  const { busy, problem, run } = useAction();
  return (
    <Section title={words().ourselves} actions={(
      <Button busy={busy} disabled={entity === null} onClick={() => void run(() => save("/identity/sp.xml", {}, "sp.xml", METADATA_MEDIA_TYPE))}>{words().saveMetadata}</Button>
    )}>
      {entity !== null && <p>{words().ourselvesText}</p>}
      <Trouble problem={problem} />
      {entity === null
        ? <Notice kind="partial" quiet><p>{words().noHosts}</p><a href="#/settings/identity-settings">{words().toSettings}</a></Notice>
        : <Facts facts={[
            [words().entityId, <Copyable text={entity} label={words().entityId} />],
            [words().answersTo, <ul class="lines">{nodes.map((node) => <li key={node.acs}><Copyable text={node.acs} label={node.node} /></li>)}</ul>],
          ]} />}
    </Section>
  );
}

/** One identity provider. */
export function ProviderCard(props: { provider: Provider; trial: Trial; again: () => void; isOn: boolean }): JSX.Element {
  const { provider, trial } = props;
  const { busy, problem, run } = useAction();
  const isUsed = provider.is_used !== false;
  return (
    <Section title={fill(words().provider, { name: provider.name })} actions={(
      <>
        {provider.metadata_url && <Button busy={busy} label={fill(words().fetchNamed, { name: provider.name })} onClick={() => void run(async () => {
          await send("POST", `/identity/providers/${encodeURIComponent(provider.name)}/fetch`, { milliseconds: 60_000 });
          props.again();
        })}>{words().fetch}</Button>}
        {isUsed && <Button kind="main" busy={trial.busy} label={fill(words().testNamed, { name: provider.name })}
          onClick={() => trial.begin({ kind: "provider", name: provider.name })}>{words().testTrust}</Button>}
      </>
    )}>
      <Trouble problem={problem} />
      {trial.target?.name === provider.name && <TrialTold trial={trial} kind="provider" />}
      {!isUsed && <Notice quiet><p>{words().notUsed}</p><a href="#/settings/identity-settings">{words().toSettings}</a></Notice>}
      {provider.tested && provider.changed_since_test && <Notice kind="partial" quiet>{words().changedSince}</Notice>}
      {provider.warnings.length > 0 && <Notice kind="partial" quiet><ul>{provider.warnings.map((warning) => <li key={warning}>{warning}</li>)}</ul></Notice>}
      <Facts facts={[
        [words().entityId, <code>{provider.entity_id}</code>],
        [words().signOnAt, <code>{provider.sso_url}</code>],
        [words().lastTest, <LastTest tested={provider.tested} stale={provider.changed_since_test} />],
      ]} />
      <Table caption={fill(words().certificatesOf, { name: provider.name })} rows={provider.certificates} id={(it) => it.sha256} stacks="titled" columns={[
        { id: "subject", title: words().subject, cell: (it) => it.subject },
        { id: "until", title: words().validUntil, cell: (it) => <Expiry until={it.not_after} />, sort: (it) => it.not_after },
        { id: "sha256", title: words().fingerprint, cell: (it) => <code>{it.sha256}</code> },
      ]} />
      <details>
        <summary>{words().replace}</summary>
        <Upload name={provider.name} again={props.again} isOn={props.isOn} />
      </details>
    </Section>
  );
}

/** A provider that is not there yet. */
export function AddProvider(props: { again: () => void; names: string[] }): JSX.Element {
  const [name, setName] = useState("");
  const [tried, setTried] = useState(false);
  const wrong = !tried ? undefined : name.trim() === "" ? words().nameMissing : props.names.includes(name.trim()) ? words().nameTaken : undefined;
  const form = (
    <>
      <TextField label={words().providerName} help={words().providerNameHelp} value={name} onInput={setName} required maxLength={64} error={wrong} />
      <Upload name={name.trim()} again={() => { setName(""); setTried(false); props.again(); }} isOn={false}
        mayBegin={() => { setTried(true); return name.trim() !== "" && !props.names.includes(name.trim()); }} />
    </>
  );
  if (props.names.length > 0) {
    return <details class="card more"><summary><h2>{words().addProvider}</h2></summary><div class="more-fields">{form}</div></details>;
  }
  return <Section title={words().addProvider}><p>{words().addProviderText}</p>{form}</Section>;
}

/** A file of metadata for the provider of that name: nothing is sent before it is asked for. */
function Upload(props: { name: string; again: () => void; isOn: boolean; mayBegin?: () => boolean }): JSX.Element {
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const [done, setDone] = useState(false);
  const { busy, problem, run, clear } = useAction();
  const atFile = problem?.errors.filter((error) => /(^|\.)metadata$/.test(error.field)).map((error) => error.message).join(" ");
  const submit = () => {
    if (props.mayBegin && !props.mayBegin()) return;
    void run(async () => {
      await send("PUT", `/identity/providers/${encodeURIComponent(props.name)}/metadata`, { body: chosen?.text ?? "", mediaType: METADATA_MEDIA_TYPE });
      setChosen(null);
      setDone(true);
      props.again();
    });
  };
  return (
    <div class="upload">
      {props.isOn && <Notice kind="partial" quiet>{words().replaceWhileOn}</Notice>}
      <ChooseFile label={words().chooseMetadata} help={words().chooseMetadataHelp} accept=".xml" bytesMax={METADATA_BYTES_MAX} notText={words().notXml}
        error={atFile || undefined} onChosen={(file) => { clear(); setDone(false); setChosen(file); }} />
      {problem && !atFile && <Trouble problem={problem} />}
      {chosen && <div><Button kind="main" busy={busy} onClick={submit}>{words().takeMetadata}</Button></div>}
      {done && <Notice kind="ok">{words().taken}</Notice>}
    </div>
  );
}
