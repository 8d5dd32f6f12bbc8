// What stands beside a mail: the conversation with what became of its answers, and the customer's other contacts.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { address } from "../../shell/api";
import { Button, type PartState, State } from "../../shell/components/parts";
import { fill, time } from "../../shell/language";
import type { AnswerState, Leg, Note, OpenContact } from "../answers";
import { path } from "../state";
import { words } from "../texts";
import { written } from "./mail";
import { contactWords } from "./texts";

const MARKS: Record<AnswerState, PartState> = { sent: "ok", sending: "off", delayed: "partial", unknown: "unknown", failed: "missing" };

/** Mails, answers and reports in the order in which they came to be. */
function inOrder(contact: OpenContact): (Leg | Note)[] {
  return [...contact.conversation, ...contact.notes].sort((one, other) => Date.parse(one.at) - Date.parse(other.at));
}

/** How far an answer came. */
function Became(props: { leg: Leg }): JSX.Element | null {
  const { state, reason, next_try_at } = props.leg;
  const told = contactWords();
  if (!state) return null;
  const help = told.stateHelp[state];
  return (
    <>
      <p><State state={MARKS[state] ?? "unknown"} word={told.states[state] ?? state} /></p>
      {help && <p class="small">{fill(help, { time: time(next_try_at) })}</p>}
      {reason && <p class="small">{fill(told.said, { words: reason })}</p>}
    </>
  );
}

/** A sent answer's text, in a frame that can do nothing, once it is asked for. */
function AnswerText(props: { leg: Leg }): JSX.Element {
  const told = contactWords();
  const [isOpen, setOpen] = useState(false);
  const frame = `answer-${props.leg.id}`;
  return (
    <>
      <Button expanded={isOpen} controls={frame} onClick={() => setOpen(!isOpen)}>{told.showAnswer}</Button>
      <div id={frame}>
        {isOpen && (
          <iframe class="mail-body answer-body" title={told.answerText} sandbox="allow-popups allow-popups-to-escape-sandbox" referrerpolicy="no-referrer"
            src={address(path("contacts", props.leg.id, "answer", "body"))} />
        )}
      </div>
    </>
  );
}

function LegShown(props: { leg: Leg; contact: OpenContact }): JSX.Element {
  const { leg, contact } = props;
  const told = contactWords();
  const isOut = leg.direction === "out";
  const isHere = leg.id === contact.id;
  const subject = leg.subject || words().noSubject;
  const files = leg.files ?? [];
  return (
    <li class={`leg leg-${leg.direction}`}>
      <p class="small">{isOut ? words().mail.out : words().mail.in} · {time(leg.at)}{isHere && !isOut && ` · ${told.here}`}</p>
      <p><strong>{isHere ? subject : <a href={`#/contacts/${leg.id}`}>{subject}</a>}</strong></p>
      <p class="small">{isOut ? leg.from.name || leg.agent || leg.from.address : written(leg.from) || words().unknownSender}</p>
      {isOut && leg.to && <p class="small">{fill(told.forTo, { to: [...leg.to, ...leg.cc ?? []].join(", ") })}</p>}
      {files.length > 0 && <p class="small">{fill(told.files, { names: files.map((file) => file.name).join(", ") })}</p>}
      {isOut && <Became leg={leg} />}
      {isOut && <AnswerText leg={leg} />}
    </li>
  );
}

/** What a server said: another's words, as plain text. */
function NoteShown(props: { note: Note }): JSX.Element {
  const { note } = props;
  const told = contactWords();
  const what = note.is_ours ? told.oursBy[note.action] ?? told.ours : told.actions[note.action] ?? told.otherAction;
  const isBad = note.action !== "taken" && (note.is_ours || note.action === "failed");
  return (
    <li class={isBad ? "leg leg-note leg-bad" : "leg leg-note"}>
      <p class="small">{told.note} · {time(note.at)}</p>
      <p><strong>{note.recipient ? fill(told.noteOf, { what, recipient: note.recipient }) : what}</strong></p>
      {note.status && <p class="small">{fill(told.said, { words: note.status })}</p>}
    </li>
  );
}

/** The conversation so far, and what the customer wrote of otherwise. */
export function Beside(props: { contact: OpenContact }): JSX.Element {
  const { contact } = props;
  const told = words().mail;
  const all = inOrder(contact);
  return (
    <div class="beside">
      <section class="card" aria-labelledby="conversation-title">
        <h2 id="conversation-title">{told.conversation}</h2>
        {contact.conversation_is_cut && <p class="small">{contactWords().conversationIsCut}</p>}
        {all.length === 0 ? <p class="small">{told.noConversation}</p> : (
          <ol class="legs">
            {all.map((one, place) => ("direction" in one
              ? <LegShown key={`${one.direction} ${one.id}`} leg={one} contact={contact} />
              : <NoteShown key={`note ${place}`} note={one} />))}
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
                <p><strong><a href={`#/contacts/${one.id}`}>{one.subject || words().noSubject}</a></strong></p>
                <p class="small">{[one.csq, one.agent].filter(Boolean).join(" · ")}</p>
              </li>
            ))}
          </ol>
        )}
      </section>
    </div>
  );
}
