// A contact that is in somebody else's hands, waits or is over: read, and not touched (MAIL-16).

import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { Facts, Loading, Trouble } from "../../shell/components/parts";
import { fill, time } from "../../shell/language";
import type { OpenContact } from "../answers";
import { customer } from "../state";
import { words } from "../texts";
import { Beside } from "./beside";
import { Gone } from "./gone";
import { MailShown } from "./mail";
import { contactWords } from "./texts";
import { useBeside } from "./use_beside";

/** Where the contact is, in words. */
function standing(contact: OpenContact): string {
  const told = words().mail;
  if (contact.state === "closed") return fill(contactWords().ended, { how: contact.how ? told.how[contact.how] ?? contact.how : told.states["closed"] ?? "", time: time(contact.closed_at) });
  const since = contact.state === "active" ? contact.since : contact.waiting_since;
  return `${told.states[contact.state] ?? contact.state}, ${fill(contactWords().since, { time: time(since) })}`;
}

export function Reading(props: { id: string }): JSX.Element {
  const { value: contact, problem, again } = useBeside(props.id);
  const title = contact ? contact.subject || words().noSubject : words().product;
  useEffect(() => { document.title = `${title} · ${words().product}`; }, [title]);
  const told = contactWords();
  if (!contact) {
    if (!problem) return <Loading />;
    return problem.status === 404 ? <Gone /> : <Trouble problem={problem} again={again} />;
  }
  const facts: [string, string][] = [[told.state, standing(contact)]];
  if (contact.agent) facts.push([told.agent, contact.agent]);
  if (contact.wrap_up.length > 0) facts.push([told.wrapUp, contact.wrap_up.map((one) => `${one.category}: ${one.reason}`).join(", ")]);
  return (
    <div class="page contact">
      <div class="contact-head">
        <p class="small">{customer(contact)}</p>
        <h1>{title}</h1>
      </div>
      <p class="notice" role="status">{told.notYours}</p>
      <div class="contact-body">
        <div class="contact-main">
          <section class="card" aria-label={told.state}><Facts facts={facts} /></section>
          {contact.failed_answer && (
            <div class="notice notice-partial">
              <p>{fill(told.othersFailedText, { time: time(contact.failed_answer.at) })}</p>
              {contact.failed_answer.status && <p class="small">{fill(told.said, { words: contact.failed_answer.status })}</p>}
            </div>
          )}
          <MailShown contact={contact} />
        </div>
        <Beside contact={contact} />
      </div>
    </div>
  );
}
