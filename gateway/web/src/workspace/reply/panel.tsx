// The answer to a mail while it is written: to whom, subject, text, files, and how its saving and sending stand.

import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { get, type Problem } from "../../shell/api";
import { Choice, TextField } from "../../shell/components/field";
import { Button, Dialog, Trouble } from "../../shell/components/parts";
import { words as shared } from "../../shell/components/texts";
import { fill, time } from "../../shell/language";
import { problemOf } from "../../shell/use";
import { pen } from "../alone";
import { toast } from "../alerts";
import type { OpenContact } from "../answers";
import { change, sendAnswer, settle, takeKept, throwAway, type Answer } from "../drafts";
import { Editor, type EditorHandle } from "../editor/editor";
import { fromText } from "../editor/html";
import { contactWords } from "../contact/texts";
import { useKeys } from "../keys";
import { RECIPIENTS_MAX } from "../limits";
import { contacts, customer, drop, leaves, path, resync, stays, stream } from "../state";
import { words } from "../texts";
import { Chips } from "./chips";
import { Files, useFiles } from "./files";

/** How its saving stands, in words. */
function savingText(answer: Answer): string {
  const told = words().reply;
  switch (answer.saving.value) {
    case "saved": return answer.savedAt.value ? fill(told.saved, { time: time(answer.savedAt.value) }) : "";
    case "saving": return told.saving;
    case "away": return told.away;
    case "refused": return told.refusedSave;
    case "conflict": return "";
    default: return told.unsaved;
  }
}

export function ReplyPanel(props: { contact: OpenContact; answer: Answer; focus: boolean; onThrownAway: () => void }): JSX.Element {
  const { contact, answer } = props;
  const told = words().reply;
  const editor = useRef<EditorHandle | null>(null);
  const box = useRef<HTMLElement>(null);
  const { adding, refused, add } = useFiles(answer, editor);
  const lock = useMemo(() => pen(contact.id), [contact.id]);
  const [asking, setAsking] = useState<"empty" | "away" | null>(null);
  const [nobody, setNobody] = useState(false);
  const [response, setResponse] = useState("");
  const [over, setOver] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  useEffect(() => () => lock.leave(), [lock]);
  // The tab that takes the pen goes on with what the other wrote last.
  const wasHeld = useRef(lock.held.value);
  useEffect(() => {
    if (lock.held.value === true && wasHeld.current === false) takeKept(answer);
    wasHeld.current = lock.held.value;
  }, [lock.held.value]);
  const fields = answer.fields.value;
  const sending = answer.sending.value;
  const isOff = lock.held.value !== true || sending === "sending" || sending === "sent" || sending === "unknown" || answer.saving.value === "conflict";
  const isAdding = adding !== "";
  // An answer whose sending is not known is looked up once the node answers again.
  useEffect(() => {
    if (sending !== "unknown" || stream.value !== "open") return undefined;
    let isOver = false;
    resync().then(() => {
      if (isOver || !contacts.value.has(contact.id)) return;
      answer.sending.value = "idle";
      stays(contact.id);
      toast(told.notSent, "missing");
    }, () => {});
    return () => { isOver = true; };
  }, [sending, stream.value]);
  // The event that the contact left may come first, and takes this panel away.
  const sendNow = async () => {
    leaves(contact.id);
    await sendAnswer(answer);
    if (answer.sending.value === "refused") stays(contact.id);
    if (answer.sending.value !== "sent") return;
    toast(fill(told.sentTo, { customer: customer(contact) }), "ok");
    drop(contact.id);
    if (location.hash === `#/contacts/${contact.id}`) location.hash = "#/";
  };
  const send = (isSure: boolean) => {
    if (isOff || isAdding) return;
    // What stands in a field of addresses is added first.
    if (document.activeElement instanceof HTMLInputElement) document.activeElement.blur();
    if (answer.fields.value.to.length === 0) {
      setNobody(true);
      box.current?.querySelector<HTMLInputElement>(".chips input")?.focus();
      return;
    }
    if (answer.fields.value.html === "" && !isSure) {
      setAsking("empty");
      return;
    }
    setAsking(null);
    void sendNow();
  };
  useKeys({ "Mod+Enter": () => send(false), e: () => editor.current?.focus() });
  const settleBy = async (keepMine: boolean) => {
    try {
      const now = await get<OpenContact>(path("contacts", contact.id));
      settle(answer, now.draft, keepMine);
    } catch (error) {
      setProblem(problemOf(error));
    }
  };
  const off = contact.predefined.length === 0 ? told.predefinedNone : contact.mail?.is_plain_text ? told.predefinedPlain : "";
  const chosen = response || (contact.predefined[0]?.title ?? "");
  const put = () => {
    const found = contact.predefined.find((one) => one.title === chosen);
    if (found) editor.current?.append(/<[a-z][^>]*>/i.test(found.text) ? found.text : fromText(found.text));
  };
  return (
    <section ref={box} class={over ? "card reply over" : "card reply"} aria-labelledby="reply-title"
      onDragOver={(event) => {
        if (!event.dataTransfer?.types.includes("Files")) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        setOver(false);
        if (isOff || !event.dataTransfer || event.dataTransfer.files.length === 0) return;
        event.preventDefault();
        add([...event.dataTransfer.files], false);
      }}>
      <div class="card-head">
        <h2 id="reply-title">{told.titles[fields.mode]}</h2>
        <p class="small" role="status">{savingText(answer)}</p>
      </div>
      {lock.held.value === false && (
        <div class="notice notice-partial" role="status">
          <p>{told.otherTab}</p>
          <Button onClick={() => lock.take()}>{told.writeHere}</Button>
        </div>
      )}
      {answer.saving.value === "conflict" && (
        <div class="notice notice-partial" role="alert">
          <p>{told.conflict}</p>
          <div class="actions">
            <Button onClick={() => void settleBy(true)}>{told.keepMine}</Button>
            <Button onClick={() => void settleBy(false)}>{told.takeTheirs}</Button>
          </div>
        </div>
      )}
      <Trouble problem={problem} />
      <div class="recipients">
        <Chips label={told.to} addresses={fields.to} disabled={isOff} error={nobody && fields.to.length === 0 ? told.nobody : undefined} onChange={(to) => change(answer, { to })} />
        <Chips label={told.cc} addresses={fields.cc} disabled={isOff} onChange={(cc) => change(answer, { cc })} />
        <Chips label={told.bcc} addresses={fields.bcc} disabled={isOff} onChange={(bcc) => change(answer, { bcc })} />
      </div>
      {fields.mode === "reply_all" && (contact.recipients.reply_all?.left_out ?? 0) > 0 && (
        <p class="small">{fill(contactWords().leftOut, { count: contact.recipients.reply_all?.left_out ?? 0, most: RECIPIENTS_MAX })}</p>
      )}
      <TextField label={told.subject} value={fields.subject} disabled={isOff} maxLength={900} onInput={(subject) => change(answer, { subject })} />
      <Editor contact={contact.id} html={fields.html} texts={answer.texts.value} disabled={isOff} label={told.text} handle={editor} autofocus={props.focus && fields.mode !== "forward"}
        onChange={(html) => change(answer, { html })} onFiles={add} />
      {fields.mode === "forward" && <p class="small">{told.customerToo}</p>}
      {contact.signature && <p class="small">{told.signature}</p>}
      <div class="predefined">
        <Choice label={told.predefined} value={chosen} onInput={setResponse} disabled={off !== "" || isOff} help={off || undefined}
          options={contact.predefined.length > 0 ? contact.predefined.map((one) => ({ value: one.title, label: one.title })) : [{ value: "", label: shared().none }]} />
        <Button disabled={off !== "" || isOff} onClick={put}>{told.predefinedPut}</Button>
      </div>
      <Files answer={answer} adding={adding} refused={refused} add={add} disabled={isOff} />
      <div role="status" class={sending === "idle" || sending === "refused" ? "hidden-visually" : "notice"}>{sending !== "idle" && sending !== "refused" && <p>{told.sendings[sending]}</p>}</div>
      {sending === "refused" && <div role="alert" class="notice notice-missing"><p>{told.sendings["refused"]}</p></div>}
      {(sending === "refused" || answer.saving.value === "refused") && <Trouble problem={answer.problem.value} />}
      <div class="reply-foot">
        <Button kind="main" busy={sending === "sending" || isAdding} disabled={isOff && sending !== "sending"} onClick={() => send(false)}>{told.send}</Button>
        <Button disabled={isOff} onClick={() => setAsking("away")}>{told.throwAway}</Button>
      </div>
      <Dialog open={asking === "empty"} title={told.emptyTitle} onClose={() => setAsking(null)}>
        <p>{told.empty}</p>
        <div class="dialog-actions">
          <Button onClick={() => setAsking(null)}>{shared().cancel}</Button>
          <Button kind="main" onClick={() => send(true)}>{told.send}</Button>
        </div>
      </Dialog>
      <Dialog open={asking === "away"} title={told.throwAwayTitle} onClose={() => setAsking(null)}>
        <p>{told.throwAwayText}</p>
        <div class="dialog-actions">
          <Button onClick={() => setAsking(null)}>{shared().cancel}</Button>
          <Button kind="danger" onClick={() => {
            setAsking(null);
            throwAway(answer).then(props.onThrownAway, (error: unknown) => setProblem(problemOf(error)));
          }}>{told.throwAway}</Button>
        </div>
      </Dialog>
    </section>
  );
}
