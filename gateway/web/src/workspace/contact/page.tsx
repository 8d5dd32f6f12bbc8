// One contact: its mail, what can be done with it, the answer, and what stands beside.

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Button, Empty, Loading, Trouble } from "../../shell/components/parts";
import { fill, time } from "../../shell/language";
import type { Chosen, Mode, Note, OpenContact } from "../answers";
import { begun, change, start, type Answer } from "../drafts";
import { useKeys } from "../keys";
import { WRAP_UP_MAX } from "../limits";
import { ReplyPanel } from "../reply/panel";
import { contacts, customer, desk, me, see, take } from "../state";
import { words } from "../texts";
import { Beside } from "./beside";
import { Discard, Requeue, WrapUp } from "./dialogs";
import { MailShown, written } from "./mail";
import { Reading } from "./reading";
import { useBeside } from "./use_beside";
import { contactWords } from "./texts";
import { Unsaved } from "./unsaved";

/** A subject without the prefixes that answers and forwards put before it. */
function bare(subject: string): string {
  return subject.replace(/^(\s*(re|aw|antw|fwd?|wg)(\[\d+\])?\s*:)+\s*/i, "").trim();
}

/** What an answer of that kind begins with. */
function beginning(contact: OpenContact, mode: Mode): { to: string[]; cc: string[]; subject: string } {
  const nobody = { to: [], cc: [] };
  const to = mode === "forward" ? nobody : (mode === "reply" ? contact.recipients.reply : contact.recipients.reply_all) ?? nobody;
  return { to: to.to.map(written), cc: to.cc.map(written), subject: `${mode === "forward" ? "Fwd" : "Re"}: ${bare(contact.subject)}` };
}

export function ContactPage(props: { id: string | null }): JSX.Element {
  const { id } = props;
  useEffect(() => { if (id === null) document.title = `${words().product} · Jackfield`; });
  if (id === null) {
    const isReady = desk.value?.state === "ready";
    const hasSome = contacts.value.size > 0;
    return (
      <div class="page">
        <h1 class="hidden-visually">{words().product}</h1>
        <Empty title={hasSome ? words().choose : words().noContacts}>
          {!hasSome && <p>{isReady ? words().noContactsReady : words().noContactsNotReady}</p>}
        </Empty>
      </div>
    );
  }
  return contacts.value.has(id) ? <Opened id={id} /> : <><Unsaved id={id} /><Reading id={id} /></>;
}

function Opened(props: { id: string }): JSX.Element {
  const asked = useBeside(props.id);
  useEffect(() => see(props.id), [props.id]);
  if (!asked.value) return asked.problem ? <Trouble problem={asked.problem} again={asked.again} /> : <Loading />;
  return <Shown contact={asked.value} />;
}

function Shown(props: { contact: OpenContact }): JSX.Element {
  const { contact } = props;
  const agent = me.value?.agent ?? "";
  const [answer, setAnswer] = useState<Answer | null>(() => begun(agent, contact));
  const [isFresh, setFresh] = useState(false);
  const [dialog, setDialog] = useState<"requeue" | "discard" | "wrap-up" | null>(null);
  const [chosen, setChosen] = useState<Chosen[]>(contact.wrap_up);
  const title = contact.subject || words().noSubject;
  useEffect(() => { document.title = `${title} · ${words().product}`; }, [title]);
  const told = words().actions;
  const mode = answer?.fields.value.mode ?? null;
  const isForward = mode === "forward";
  /** Without its mail nobody knows what to answer; what was begun stays. */
  const isAnswerable = contact.mail !== null || answer !== null;
  const isLeaving = answer !== null && answer.sending.value !== "idle" && answer.sending.value !== "refused";
  const reply = (wanted: Mode) => {
    if (isLeaving || !isAnswerable) return;
    const fields = beginning(contact, wanted);
    if (answer) {
      if (mode !== wanted) change(answer, { mode: wanted, ...fields });
      return;
    }
    setFresh(true);
    const made = start(agent, contact.id, { mode: wanted, bcc: [], html: "", ...fields });
    setAnswer(made);
    change(made, {});
    const now = contacts.value.get(contact.id);
    if (now) take({ ...now, begun: true });
  };
  const requeue = isForward || isLeaving ? undefined : () => setDialog("requeue");
  useKeys({
    r: () => reply("reply"), a: () => reply("reply_all"), f: () => reply("forward"), q: requeue,
    d: isLeaving ? undefined : () => setDialog("discard"), w: () => setDialog("wrap-up"),
  });
  return (
    <div class="page contact">
      <div class="contact-head">
        <p class="small">{customer(contact)}</p>
        <h1>{title}</h1>
      </div>
      <div class="actions contact-actions" role="group" aria-label={words().mail.actions}>
        {isAnswerable && (["reply", "reply_all", "forward"] as const).map((one) => (
          <Button key={one} kind={one === "reply" && !answer ? "main" : "plain"} pressed={mode === one} disabled={isLeaving} onClick={() => reply(one)}>{told[one]}</Button>
        ))}
        <Button disabled={!requeue} onClick={() => requeue?.()}>{told.requeue}</Button>
        <Button onClick={() => setDialog("wrap-up")}>{fill(told.wrapUp, { count: chosen.length, most: WRAP_UP_MAX })}</Button>
        <Button kind="danger" disabled={isLeaving} onClick={() => setDialog("discard")}>{told.discard}</Button>
        {isForward && <p class="small">{told.requeueOff}</p>}
      </div>
      <div class="contact-body">
        <div class="contact-main">
          {contact.failed_answer && <CameBack note={contact.failed_answer} />}
          {answer && <ReplyPanel key={`${contact.id} ${answer.contact}`} contact={contact} answer={answer} focus={isFresh} onThrownAway={() => {
            setAnswer(null);
            setFresh(false);
            const now = contacts.value.get(contact.id);
            if (now) take({ ...now, begun: false });
          }} />}
          <MailShown contact={contact} />
        </div>
        <Beside contact={contact} />
      </div>
      <Requeue contact={contact} open={dialog === "requeue"} onClose={() => setDialog(null)} />
      <Discard contact={contact} open={dialog === "discard"} onClose={() => setDialog(null)} />
      <WrapUp contact={contact} chosen={chosen} onChange={setChosen} open={dialog === "wrap-up"} onClose={() => setDialog(null)} />
    </div>
  );
}

/** Says that the last answer was not delivered, with the server's words. */
function CameBack(props: { note: Note }): JSX.Element {
  const told = contactWords();
  const isUnclear = props.note.action === "unclear";
  return (
    <div class={isUnclear ? "notice notice-partial" : "notice notice-missing"} role="status">
      <p><strong>{isUnclear ? told.unclearTitle : told.failedTitle}</strong></p>
      <p>{fill(isUnclear ? told.unclearText : told.failedText, { time: time(props.note.at) })}</p>
      {props.note.status && <p class="small">{fill(told.said, { words: props.note.status })}</p>}
    </div>
  );
}
