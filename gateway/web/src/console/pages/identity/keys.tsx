// The keys of tokens and the certificate of SAML: what is in force, and making new ones.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { send } from "../../../shell/api";
import { Expiry } from "../../components/expiry";
import { Switch } from "../../../shell/components/field";
import { Button, Dialog, Notice, Section, State, Trouble, type PartState } from "../../../shell/components/parts";
import { Table, type Column } from "../../components/table";
import { words as shared } from "../../../shell/components/texts";
import { useAction } from "../../../shell/use";
import { fill, time } from "../../../shell/language";
import { KEY_KINDS, type Identity, type Key, type KeyKind, type KeyState } from "./answers";
import { words } from "./texts";

const STATES: Record<KeyState, PartState> = { active: "ok", next: "partial", retired: "off" };

export function Keys(props: { keys: Identity["keys"]; again: () => void }): JSX.Element {
  return <>{KEY_KINDS.map((kind) => <KeysOf key={kind} kind={kind} keys={props.keys[kind]} again={props.again} />)}</>;
}

function KeysOf(props: { kind: KeyKind; keys: Key[]; again: () => void }): JSX.Element {
  const { kind, keys } = props;
  const [asking, setAsking] = useState<"regenerate" | "activate" | null>(null);
  const texts = words().keyKinds[kind];
  const columns: Column<Key>[] = [
    { id: "id", title: words().key, cell: (key) => <code>{key.sha256 ?? key.id}</code> },
    ...(kind === "signing" ? [{ id: "algorithm", title: words().algorithm, cell: (key: Key) => key.algorithm ?? "–" }] : []),
    { id: "state", title: words().state, cell: (key) => (
      <>
        <State state={STATES[key.state] ?? "unknown"} word={words().keyStates[key.state] ?? key.state} />
        {key.state === "next" && key.active_from && <> <span class="small">{fill(words().inForceFrom, { time: time(key.active_from) })}</span></>}
      </>
    ) },
    { id: "since", title: words().since, cell: (key) => time(key.since) },
    ...(kind === "saml" ? [{ id: "until", title: words().validUntil, cell: (key: Key) => key.not_after === undefined ? "–" : <Expiry until={key.not_after} /> }] : []),
  ];
  const isWaiting = kind === "saml" && keys.some((key) => key.state === "next");
  return (
    <Section title={texts.title} actions={(
      <>
        <Button label={`${words().regenerate}: ${texts.title}`} onClick={() => setAsking("regenerate")}>{words().regenerate}</Button>
        {isWaiting && <Button kind="main" onClick={() => setAsking("activate")}>{words().activate}</Button>}
      </>
    )}>
      <p>{texts.text}</p>
      {isWaiting && <Notice quiet>{words().nextWaits}</Notice>}
      <Table caption={texts.title} columns={columns} rows={keys} id={(key) => key.id} stacks="titled" empty={<p>{words().noKeys}</p>} />
      <Regenerate kind={kind} open={asking === "regenerate"} onClose={() => setAsking(null)} again={props.again} />
      <Activate open={asking === "activate"} onClose={() => setAsking(null)} again={props.again} />
    </Section>
  );
}

function Regenerate(props: { kind: KeyKind; open: boolean; onClose: () => void; again: () => void }): JSX.Element {
  const [invalidate, setInvalidate] = useState(false);
  const { busy, problem, run, clear } = useAction();
  const texts = words().keyKinds[props.kind];
  const close = () => { setInvalidate(false); clear(); props.onClose(); };
  return (
    <Dialog title={texts.sure} open={props.open} onClose={close}>
      <p>{texts.sureText}</p>
      {props.kind !== "saml" && (
        <fieldset class="danger-choice">
          <legend>{words().ifStolen}</legend>
          <Switch label={words().invalidate} help={words().invalidateText} value={invalidate} onInput={setInvalidate} />
        </fieldset>
      )}
      <Trouble problem={problem} />
      <div class="dialog-actions">
        <Button onClick={close}>{shared().cancel}</Button>
        <Button kind={invalidate ? "danger" : "main"} busy={busy} onClick={() => void run(async () => {
          await send("POST", "/identity/keys", { body: { kind: props.kind, invalidate } });
          close();
          props.again();
        })}>{invalidate ? words().regenerateAndEnd : words().regenerate}</Button>
      </div>
    </Dialog>
  );
}

function Activate(props: { open: boolean; onClose: () => void; again: () => void }): JSX.Element {
  const { busy, problem, run, clear } = useAction();
  const close = () => { clear(); props.onClose(); };
  return (
    <Dialog title={words().activateSure} open={props.open} onClose={close}>
      <p>{words().activateText}</p>
      <Trouble problem={problem} />
      <div class="dialog-actions">
        <Button onClick={close}>{shared().cancel}</Button>
        <Button kind="main" busy={busy} onClick={() => void run(async () => {
          await send("POST", "/identity/keys/saml/activate");
          close();
          props.again();
        })}>{words().activate}</Button>
      </div>
    </Dialog>
  );
}
