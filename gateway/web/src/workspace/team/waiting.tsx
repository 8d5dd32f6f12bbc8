// The mails that wait in a queue, as its supervisor sees and moves them (MAIL-16).

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Button } from "../../shell/components/parts";
import { fill, since } from "../../shell/language";
import { now } from "../../shell/now";
import type { Contact, TeamQueue } from "../answers";
import { contactWords } from "../contact/texts";
import { customer } from "../state";
import { words } from "../texts";

/** So many are shown before somebody asks for all. */
const FIRST = 5;

/** A contact in one line. */
function line(contact: Contact): string {
  return `${customer(contact)}: ${contact.subject || words().noSubject}`;
}

/** All that is told of: those that wait for one agent stand in a list of their own, too. */
function waits(queue: TeamQueue): Contact[] {
  const all = new Map([...queue.contacts ?? [], ...queue.sticky].flatMap((one) => (typeof one === "string" ? [] : [[one.id, one] as const])));
  return [...all.values()].sort((one, other) => one.waiting_since.localeCompare(other.waiting_since) || one.id.localeCompare(other.id));
}

export function Waits(props: { queue: TeamQueue; busy: boolean; give: (contact: Contact) => void; release: (contact: Contact) => void }): JSX.Element {
  const told = words().teams;
  const more = contactWords();
  const [isAll, setAll] = useState(false);
  const all = waits(props.queue);
  const sticky = new Set(props.queue.sticky.map((one) => (typeof one === "string" ? one : one.id)));
  if (all.length === 0) return <>{told.none}</>;
  return (
    <>
      <ul class="in-hand">
        {(isAll ? all : all.slice(0, FIRST)).map((contact) => (
          <li key={contact.id}>
            <a href={`#/contacts/${contact.id}`}>{line(contact)}</a>
            <span class="small">
              {fill(more.waitsSince, { time: since(contact.waiting_since, now.value) })}
              {sticky.has(contact.id) && ` · ${contact.sticky ? fill(more.sticky, { agent: contact.sticky.agent }) : told.sticky}`}
            </span>
            <span class="row-actions">
              {sticky.has(contact.id) && <button type="button" class="link" disabled={props.busy} aria-label={`${told.release} ${line(contact)}`} onClick={() => props.release(contact)}>{told.release}</button>}
              <button type="button" class="link" aria-label={`${told.give} ${line(contact)}`} onClick={() => props.give(contact)}>{told.give}</button>
            </span>
          </li>
        ))}
      </ul>
      {!isAll && all.length > FIRST && <Button onClick={() => setAll(true)}>{fill(more.showAll, { count: all.length })}</Button>}
      {isAll && props.queue.waiting > all.length && <p class="small">{fill(more.onlyFirst, { count: all.length })}</p>}
    </>
  );
}
