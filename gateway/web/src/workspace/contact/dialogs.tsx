// What is asked before a contact leaves its agent's hands, and the reasons of its wrap-up.

import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { type Problem, send } from "../../shell/api";
import { Switch, TextField } from "../../shell/components/field";
import { Button, Dialog, Trouble } from "../../shell/components/parts";
import { words as shared } from "../../shell/components/texts";
import { fill } from "../../shell/language";
import { problemOf, useAction } from "../../shell/use";
import { toast } from "../alerts";
import type { Chosen, OpenContact } from "../answers";
import { saveBeforeLeaving } from "../drafts";
import { WRAP_UP_MAX } from "../limits";
import { customer, drop, leaves, me, path, stays } from "../state";
import { words } from "../texts";

/** Leaves the contact behind. */
function leave(contact: OpenContact, text: string): void {
  toast(text, "ok");
  drop(contact.id);
  location.hash = "#/";
}

/** Asks the node for what ends in the contact's leaving these hands. */
async function part(contact: OpenContact, deed: string, body?: unknown): Promise<void> {
  leaves(contact.id);
  try {
    await send("POST", path("contacts", contact.id, deed), body === undefined ? {} : { body });
  } catch (error) {
    stays(contact.id);
    throw error;
  }
}

export function Requeue(props: { contact: OpenContact; open: boolean; onClose: () => void }): JSX.Element {
  const { contact } = props;
  const told = words().actions;
  const [search, setSearch] = useState("");
  const [csq, setCsq] = useState("");
  const { busy, problem, run } = useAction();
  const wanted = search.trim().toLowerCase();
  const names = (me.value?.csqs ?? []).map((one) => one.name).filter((name) => name.toLowerCase().includes(wanted)).sort((one, other) => one.localeCompare(other));
  const chosen = names.includes(csq) ? csq : "";
  return (
    <Dialog open={props.open} title={told.requeueTitle} onClose={props.onClose}>
      <p>{told.requeueText}</p>
      <TextField label={told.requeueSearch} type="search" value={search} onInput={setSearch} />
      {names.length === 0 ? <p role="status">{told.requeueNone}</p> : (
        <fieldset class="queue-choice">
          <legend>{words().mail.queue}</legend>
          {names.map((name) => (
            <label key={name} class="way">
              <input type="radio" name="csq" checked={chosen === name} onChange={() => setCsq(name)} />
              <span>{name}{name === contact.csq && <span class="small"> ({told.requeueSame})</span>}</span>
            </label>
          ))}
        </fieldset>
      )}
      <Trouble problem={problem} />
      <div class="dialog-actions">
        <Button onClick={props.onClose}>{shared().cancel}</Button>
        <Button kind="main" busy={busy} disabled={chosen === ""} onClick={() => void run(async () => {
          await saveBeforeLeaving(contact.id);
          await part(contact, "requeue", { csq: chosen });
          leave(contact, fill(told.requeued, { customer: customer(contact), csq: chosen }));
        })}>{chosen === "" ? told.requeue : fill(told.requeueDo, { csq: chosen })}</Button>
      </div>
    </Dialog>
  );
}

export function Discard(props: { contact: OpenContact; open: boolean; onClose: () => void }): JSX.Element {
  const { contact } = props;
  const told = words().actions;
  const { busy, problem, run } = useAction();
  return (
    <Dialog open={props.open} title={told.discardTitle} onClose={props.onClose}>
      <p>{told.discardText}</p>
      <Trouble problem={problem} />
      <div class="dialog-actions">
        <Button onClick={props.onClose}>{shared().cancel}</Button>
        <Button kind="danger" busy={busy} onClick={() => void run(async () => {
          await part(contact, "discard");
          leave(contact, fill(told.discarded, { customer: customer(contact) }));
        })}>{told.discard}</Button>
      </div>
    </Dialog>
  );
}

const isSame = (one: Chosen, other: Chosen) => one.category === other.category && one.reason === other.reason;

/** The reasons, changed one by one until the contact ends (CCP-16). */
export function WrapUp(props: { contact: OpenContact; chosen: Chosen[]; onChange: (chosen: Chosen[]) => void; open: boolean; onClose: () => void }): JSX.Element {
  const { contact, chosen } = props;
  const told = words().actions;
  const [problem, setProblem] = useState<Problem | null>(null);
  /** What the node has; one change is sent after the other. */
  const saved = useRef(chosen);
  const sending = useRef(Promise.resolve());
  const toggle = (one: Chosen, isOn: boolean) => {
    const next = isOn ? [...chosen, one] : chosen.filter((other) => !isSame(other, one));
    props.onChange(next);
    sending.current = sending.current.then(async () => {
      try {
        await send("PUT", path("contacts", contact.id, "wrap-up"), { body: { chosen: next } });
        saved.current = next;
        setProblem(null);
      } catch (error) {
        setProblem(problemOf(error));
        props.onChange(saved.current);
      }
    });
  };
  return (
    <Dialog open={props.open} title={told.wrapUpTitle} onClose={props.onClose}>
      {contact.wrap_up_categories.length === 0 ? <p>{told.wrapUpNone}</p> : (
        <>
          <p role="status"><strong>{fill(told.wrapUpCount, { count: chosen.length, most: WRAP_UP_MAX })}</strong></p>
          <div class="wrap-up">
            {contact.wrap_up_categories.map((category) => (
              <fieldset key={category.name}>
                <legend>{category.name}</legend>
                {category.reasons.map((reason) => {
                  const one = { category: category.name, reason };
                  const isOn = chosen.some((other) => isSame(other, one));
                  return <Switch key={reason} label={reason} value={isOn} disabled={!isOn && chosen.length >= WRAP_UP_MAX} onInput={(on) => toggle(one, on)} />;
                })}
              </fieldset>
            ))}
          </div>
        </>
      )}
      <Trouble problem={problem} />
      <div class="dialog-actions"><Button kind="main" onClick={props.onClose}>{told.done}</Button></div>
    </Dialog>
  );
}
