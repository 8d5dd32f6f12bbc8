// A customer's mail: who wrote, what is odd about it, its text in a frame that can do nothing, and its attachments.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { address } from "../../shell/api";
import { Button } from "../../shell/components/parts";
import { bytes, fill, time } from "../../shell/language";
import type { Address, Mail, OpenContact } from "../answers";
import { useKeys } from "../keys";
import { path } from "../state";
import { words } from "../texts";
import { FileLink } from "./file_link";
import { contactWords } from "./texts";

/** From so many minutes between its sending and its arrival on, both are told. */
const LATE_MINUTES = 5;

/** An address with its name, as people read it. */
export function written(one: Address): string {
  return one.name && one.name !== one.address ? `${one.name} <${one.address}>` : one.address;
}

function People(props: { label: string; people: Address[] }): JSX.Element | null {
  if (props.people.length === 0) return null;
  return <div><dt>{props.label}</dt><dd>{props.people.map(written).join(", ")}</dd></div>;
}

/** When its sender says it was sent, where that is worth a line. */
function sentApart(mail: Mail): string | null {
  if (!mail.sent_at) return null;
  const minutes = Math.abs(Date.parse(mail.received_at) - Date.parse(mail.sent_at)) / 60_000;
  return minutes > LATE_MINUTES ? mail.sent_at : null;
}

/** What makes an agent look twice, a line each. */
function oddities(contact: OpenContact): string[] {
  const { mail } = contact;
  const told = contactWords();
  // What the contact itself says stands in a notice of its own.
  const codes = (mail?.notices ?? []).filter((code) => code !== contact.notice);
  if (mail?.has_several_from) codes.push("several_from");
  if (mail?.is_cut) codes.push("cut");
  return codes.map((code) => told.notices[code] ?? words().mail.notices[code] ?? code);
}

function Oddities(props: { contact: OpenContact }): JSX.Element | null {
  const { contact } = props;
  const told = contactWords();
  const lines = oddities(contact);
  if (lines.length === 0 && !contact.names) return null;
  return (
    <div class="notice" role="group" aria-label={told.odd}>
      <ul>
        {lines.map((line) => <li key={line}>{line}</li>)}
        {contact.names && <li>{told.named} {contact.names_is_readable && <a href={`#/contacts/${contact.names}`}>{told.namedOpen}</a>}</li>}
      </ul>
    </div>
  );
}

/** What is said before the text, whether there is one or not. */
function Notices(props: { contact: OpenContact }): JSX.Element {
  const { contact } = props;
  const told = words().mail;
  return (
    <>
      {contact.notice && <div class="notice notice-partial"><p>{told.notices[contact.notice] ?? contact.notice}</p></div>}
      {contact.automatic && <div class="notice"><p>{told.automatic}</p></div>}
      {contact.mail?.is_unverified && <div class="notice notice-partial"><p>{told.unverified}</p></div>}
      <Oddities contact={contact} />
    </>
  );
}

function RawLink(props: { contact: OpenContact }): JSX.Element | null {
  const { contact } = props;
  if (contact.has_raw === false) return null;
  return <div class="raw"><FileLink class="small" name={`${contact.id}.eml`} path={path("contacts", contact.id, "raw")}>{words().mail.raw}</FileLink></div>;
}

export function MailShown(props: { contact: OpenContact }): JSX.Element {
  const { contact } = props;
  return contact.mail ? <Whole contact={contact} mail={contact.mail} /> : <Missing contact={contact} />;
}

/** A contact whose mail never came. */
function Missing(props: { contact: OpenContact }): JSX.Element {
  const { contact } = props;
  const told = words().mail;
  return (
    <section class="card mail" aria-label={told.body}>
      <dl class="mail-head">
        <div><dt>{told.from}</dt><dd>{written(contact.customer) || words().unknownSender}</dd></div>
        <div><dt>{told.at}</dt><dd>{time(contact.received_at ?? contact.arrived_at)}</dd></div>
        <div><dt>{told.queue}</dt><dd>{contact.csq}</dd></div>
      </dl>
      <Notices contact={contact} />
      <div class="notice notice-partial">
        <p><strong>{contactWords().noMail}</strong></p>
        <p>{contactWords().noMailText}</p>
      </div>
      <RawLink contact={contact} />
    </section>
  );
}

function Whole(props: { contact: OpenContact; mail: Mail }): JSX.Element {
  const { contact, mail } = props;
  const told = words().mail;
  const [remote, setRemote] = useState(false);
  useKeys({ i: mail.has_remote_content ? () => setRemote(true) : undefined });
  const answersElsewhere = mail.reply_to && mail.reply_to.address.toLowerCase() !== mail.from?.address.toLowerCase();
  const files = mail.attachments.filter((one) => !one.is_inline);
  const sentAt = sentApart(mail);
  return (
    <section class="card mail" aria-label={told.body}>
      <dl class="mail-head">
        <People label={told.from} people={mail.from ? [mail.from] : []} />
        {answersElsewhere && mail.reply_to && <People label={told.replyTo} people={[mail.reply_to]} />}
        <People label={told.to} people={mail.to} />
        <People label={told.cc} people={mail.cc} />
        {sentAt && <div><dt>{contactWords().sentAt}</dt><dd>{time(sentAt)}</dd></div>}
        <div><dt>{told.at}</dt><dd>{time(mail.received_at)}</dd></div>
        <div><dt>{told.queue}</dt><dd>{contact.csq}</dd></div>
      </dl>
      <Notices contact={contact} />
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
                <FileLink class="file-name" name={file.name} path={path("contacts", contact.id, "attachments", String(file.number))} label={fill(told.download, { name: file.name })}>{file.name}</FileLink>
                <span class="small">{bytes(file.bytes)}</span>
              </li>
            ))}
          </ul>
        </div>
      )}
      <RawLink contact={contact} />
    </section>
  );
}
