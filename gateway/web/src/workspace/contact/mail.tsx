// A customer's mail: who wrote, its text in a frame that can do nothing, and its attachments.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { address } from "../../shell/api";
import { Button } from "../../shell/components/parts";
import { bytes, fill, time } from "../../shell/language";
import type { Address, OpenContact } from "../answers";
import { useKeys } from "../keys";
import { path } from "../state";
import { words } from "../texts";

/** An address with its name, as people read it. */
export function written(one: Address): string {
  return one.name && one.name !== one.address ? `${one.name} <${one.address}>` : one.address;
}

function People(props: { label: string; people: Address[] }): JSX.Element | null {
  if (props.people.length === 0) return null;
  return <div><dt>{props.label}</dt><dd>{props.people.map(written).join(", ")}</dd></div>;
}

export function MailShown(props: { contact: OpenContact }): JSX.Element {
  const { contact } = props;
  const { mail } = contact;
  const told = words().mail;
  const [remote, setRemote] = useState(false);
  useKeys({ i: mail.has_remote_content ? () => setRemote(true) : undefined });
  const answersElsewhere = mail.reply_to && mail.reply_to.address.toLowerCase() !== mail.from?.address.toLowerCase();
  const files = mail.attachments.filter((one) => !one.is_inline);
  return (
    <section class="card mail" aria-label={told.body}>
      <dl class="mail-head">
        <People label={told.from} people={mail.from ? [mail.from] : []} />
        {answersElsewhere && mail.reply_to && <People label={told.replyTo} people={[mail.reply_to]} />}
        <People label={told.to} people={mail.to} />
        <People label={told.cc} people={mail.cc} />
        <div><dt>{told.at}</dt><dd>{time(mail.received_at)}</dd></div>
        <div><dt>{told.queue}</dt><dd>{contact.csq}</dd></div>
      </dl>
      {contact.notice && <div class="notice notice-partial"><p>{told.notices[contact.notice] ?? contact.notice}</p></div>}
      {contact.automatic && <div class="notice"><p>{told.automatic}</p></div>}
      {mail.is_unverified && <div class="notice notice-partial"><p>{told.unverified}</p></div>}
      {mail.has_remote_content && !remote && (
        <div class="notice">
          <p>{told.remote}</p>
          <Button onClick={() => setRemote(true)}>{told.showRemote}</Button>
        </div>
      )}
      {/* No script, no form, no access to this page; links open outside of it. */}
      <iframe class="mail-body" title={told.body} sandbox="allow-popups allow-popups-to-escape-sandbox" referrerpolicy="no-referrer"
        src={address(path("contacts", contact.id, "body"), { remote: remote ? "yes" : "no" })} />
      {files.length > 0 && (
        <div class="attachments">
          <h2>{told.attachments} ({files.length})</h2>
          <ul class="file-list">
            {files.map((file) => (
              <li key={file.number}>
                <a class="file-name" download={file.name} href={address(path("contacts", contact.id, "attachments", String(file.number)))} aria-label={fill(told.download, { name: file.name })}>{file.name}</a>
                <span class="small">{bytes(file.bytes)}</span>
              </li>
            ))}
          </ul>
        </div>
      )}
      <p><a class="small" download={`${contact.id}.eml`} href={address(path("contacts", contact.id, "raw"))}>{told.raw}</a></p>
    </section>
  );
}

/** The conversation so far, and what the customer wrote of otherwise. */
export function Beside(props: { contact: OpenContact }): JSX.Element {
  const { contact } = props;
  const told = words().mail;
  return (
    <div class="beside">
      <section class="card" aria-labelledby="conversation-title">
        <h2 id="conversation-title">{told.conversation}</h2>
        {(contact.notes ?? []).map((note) => (
          <div key={`${note.at} ${note.action}`} class={`notice ${note.action === "taken" ? "" : "notice-partial"}`}>
            <p><strong>{told.happened[note.action] ?? told.happened.other}</strong></p>
            <p class="small">{[time(note.at), note.recipient, note.action === "unclear" ? told.unclear : note.status].filter(Boolean).join(" · ")}</p>
          </div>
        ))}
        {contact.conversation.length === 0 ? <p class="small">{told.noConversation}</p> : (
          <ol class="legs">
            {contact.conversation.map((leg) => (
              <li key={`${leg.direction} ${leg.id}`} class={`leg leg-${leg.direction}`}>
                <p class="small">{leg.direction === "in" ? told.in : told.out} · {time(leg.at)}</p>
                <p><strong>{leg.subject || words().noSubject}</strong></p>
                <p class="small">{leg.direction === "out" ? leg.from.name || leg.agent || leg.from.address : written(leg.from)}</p>
              </li>
            ))}
          </ol>
        )}
      </section>
      <section class="card" aria-labelledby="earlier-title">
        <h2 id="earlier-title">{told.earlier}</h2>
        {contact.earlier.length === 0 ? <p class="small">{told.noEarlier}</p> : (
          <ol class="legs">
            {contact.earlier.map((one) => (
              <li key={one.id} class="leg">
                <p class="small">{time(one.arrived_at)} · {one.how ? told.how[one.how] ?? one.how : told.states[one.state]}</p>
                <p><strong>{one.subject || words().noSubject}</strong></p>
                <p class="small">{[one.csq, one.agent].filter(Boolean).join(" · ")}</p>
              </li>
            ))}
          </ol>
        )}
      </section>
    </div>
  );
}
