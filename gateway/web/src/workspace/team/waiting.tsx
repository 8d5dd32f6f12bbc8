// The mails that wait in a queue, as its supervisor sees and moves them (MAIL-16).

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Button, Trouble } from "../../shell/components/parts";
import { fill, since } from "../../shell/language";
import { now } from "../../shell/now";
import { useGet } from "../../shell/use";
import type { Contact, Team, TeamQueue } from "../answers";
import { contactWords } from "../contact/texts";
import { customer, path } from "../state";
import { words } from "../texts";

/** So many are shown before somebody asks for all. */
const FIRST = 5;

/** A contact in one line. */
function line(contact: Contact): string {
  return `${customer(contact)}: ${contact.subject || words().noSubject}`;
}

export function Waits(props: { queue: TeamQueue; busy: boolean; give: (contact: Contact) => void; release: (contact: Contact) => void }): JSX.Element {
  const told = words().teams;
  const more = contactWords();
  const { queue } = props;
  const [isAll, setAll] = useState(false);
  // All queues tell the first ones alone; whoever wants the rest asks for it, as often as the queues are told.
  const whole = useGet<Pick<Team, "queues">>(isAll ? path("team") : null, { csq: queue.csq });
  useEffect(() => { if (isAll) whole.again(); }, [queue]);
  const shown = (isAll && whole.value?.queues[0]) || queue;
  const all = shown.contacts ?? [];
  const sticky = new Set(shown.sticky);
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
      {!isAll && queue.waiting > FIRST && <Button onClick={() => setAll(true)}>{fill(more.showAll, { count: queue.waiting })}</Button>}
      <Trouble problem={whole.problem} again={whole.again} />
      {isAll && whole.value && shown.waiting > all.length && <p class="small">{fill(more.onlyFirst, { count: all.length })}</p>}
    </>
  );
}
