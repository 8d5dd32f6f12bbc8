// Whether single sign-on is on for the deployment; switching it says first whom it is about.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { send } from "../../../shell/api";
import { Button, Dialog, Facts, Notice, Section, State, Trouble } from "../../../shell/components/parts";
import { words as shared } from "../../../shell/components/texts";
import { useAction } from "../../../shell/use";
import type { Identity } from "./answers";
import { words } from "./texts";

export function Mode(props: { identity: Identity; again: () => void }): JSX.Element {
  const { identity } = props;
  const [asking, setAsking] = useState(false);
  const { busy, problem, run, clear } = useAction();
  const isOn = identity.mode === "on";
  const texts = isOn ? words().disabling : words().enabling;
  const close = () => { setAsking(false); clear(); };
  const whyNot = !isOn && !identity.can_enable ? identity.why_not : [];
  return (
    <Section title={words().mode} actions={(
      <Button kind={isOn ? "plain" : "main"} disabled={!isOn && !identity.can_enable} onClick={() => setAsking(true)}>{texts.button}</Button>
    )}>
      <State state={isOn ? "ok" : "off"} word={isOn ? words().isOn : words().isOff} />
      <p>{isOn ? words().isOnText : words().isOffText}</p>
      {whyNot.length > 0 && (
        <Notice kind="partial" quiet>
          <p>{words().whyNot}</p>
          <ul>{whyNot.map((why) => <li key={why}>{why}</li>)}</ul>
        </Notice>
      )}
      <Facts facts={[
        [words().publisher, identity.publisher ?? "–"],
        [words().localAccounts, words().localAccountsText],
      ]} />
      <Dialog title={texts.title} open={asking} onClose={close}>
        <p>{texts.text}</p>
        <ul class="changes">{texts.whom.map((line) => <li key={line}>{line}</li>)}</ul>
        <Trouble problem={problem} />
        <div class="dialog-actions">
          <Button onClick={close}>{shared().cancel}</Button>
          <Button kind={isOn ? "danger" : "main"} busy={busy} onClick={() => void run(async () => {
            await send("POST", "/identity/mode", { body: { on: !isOn } });
            setAsking(false);
            props.again();
          })}>{texts.button}</Button>
        </div>
      </Dialog>
    </Section>
  );
}
