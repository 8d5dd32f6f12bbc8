// The team as its supervisor sees it: what agents do, what waits, and contacts given to others.

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { send } from "../../shell/api";
import { Empty, Loading, Section, Trouble } from "../../shell/components/parts";
import { Plot, type Line } from "../../shell/components/plot";
import { Presence, Since } from "../../shell/components/presence";
import { number } from "../../shell/language";
import { useAction, useGet, useLast } from "../../shell/use";
import { toast } from "../alerts";
import type { Contact, Reason, Team, TeamAgent, TeamQueue } from "../answers";
import { dayBegan, Done, Sums } from "../numbers/numbers";
import { words as numbers } from "../numbers/texts";
import { customer, me, path } from "../state";
import { words } from "../texts";
import { contactWords } from "../contact/texts";
import { Give, Skills, type Skilled } from "./dialogs";
import { Waits } from "./waiting";

/** So often the team is looked at anew. */
const ROUND_SECONDS = 5;

/** A contact in one line, even where only its number is told. */
function line(contact: Contact | string): string {
  return typeof contact === "string" ? contact : `${customer(contact)}: ${contact.subject || words().noSubject}`;
}
const idOf = (contact: Contact | string) => (typeof contact === "string" ? contact : contact.id);

export function TeamPage(): JSX.Element {
  const told = words().teams;
  const asked = useGet<Team>(path("team"), { since: dayBegan() }, ROUND_SECONDS);
  const { problem, again } = asked;
  // The question changes at midnight, and may fail: what is open, and what was told, stays.
  const value = useLast(asked.value);
  const [giving, setGiving] = useState<Contact | string | null>(null);
  /** How often somebody began to give a contact. */
  const gifts = useRef(0);
  const give = (contact: Contact | string) => {
    gifts.current += 1;
    setGiving(contact);
  };
  const [skilled, setSkilled] = useState<Skilled | null>(null);
  useEffect(() => { document.title = `${told.title} · ${words().product}`; }, [told.title]);
  return (
    <div class="page team">
      <h1>{told.title}</h1>
      <Trouble problem={problem} again={again} />
      {!value ? !problem && <Loading /> : (
        <>
          <Sums agents={value.agents} queues={value.queues} />
          <Section title={told.queues}><Queues queues={value.queues} give={give} skills={setSkilled} again={again} /></Section>
          <Plots history={value.history} />
          <Section title={told.agents}>
            {value.agents.length === 0 ? <Empty title={told.noAgents} /> : <Agents agents={value.agents} give={give} skills={setSkilled} />}
          </Section>
        </>
      )}
      <Give key={gifts.current} contact={giving} line={giving ? line(giving) : ""} agents={value?.agents ?? []} queues={(value?.queues ?? []).filter((queue) => !queue.is_gone)} onClose={() => setGiving(null)} onDone={() => {
        setGiving(null);
        toast(told.given, "ok");
        again();
      }} />
      <Skills key={skilled?.name ?? ""} skilled={skilled} onClose={() => setSkilled(null)} onDone={() => {
        setSkilled(null);
        toast(told.skillsSaved, "ok");
        again();
      }} />
    </div>
  );
}

/** What waited, what was in hand and who was ready in the last hour. */
function Plots(props: { history: Team["history"] }): JSX.Element {
  const { history } = props;
  const plot = (title: string, lines: Line[]) => lines.length === 0 ? null : (
    <div class="card">
      <Plot title={title} lines={lines} endsAt={history.ends_at} stepSeconds={history.step_seconds} unit={(count) => number(count, 0)} />
    </div>
  );
  const named = history.agents.map((line) => ({ ...line, name: line.name === "ready" ? numbers().ready : numbers().not_ready }));
  return (
    <div class="plots">
      {plot(numbers().plotWaiting, history.series)}
      {plot(numbers().plotInHand, history.in_hand)}
      {plot(numbers().plotAgents, named)}
    </div>
  );
}

function SkillList(props: { skills: Record<string, number> | undefined }): JSX.Element | null {
  const skills = Object.entries(props.skills ?? {});
  return skills.length === 0 ? null : <span class="small">{skills.map(([name, competence]) => `${name} ${competence}`).join(", ")}</span>;
}

function Agents(props: { agents: TeamAgent[]; give: (contact: Contact | string) => void; skills: (skilled: Skilled) => void }): JSX.Element {
  const told = words().teams;
  const reasons: Reason[] = me.value?.reasons.not_ready ?? [];
  return (
    <div class="scroll" tabIndex={0} role="group" aria-label={told.agents}>
      <table class="stacks titled">
        <thead><tr>{[told.agent, told.state, told.voice, told.contacts, numbers().today, told.skills].map((name) => <th key={name} scope="col">{name}</th>)}</tr></thead>
        <tbody>
          {props.agents.map((agent) => {
            const reason = reasons.find((one) => one.code === agent.desk?.reason)?.label;
            return (
              <tr key={agent.agent}>
                <th scope="row">{agent.name}<br /><span class="small">{agent.agent}</span></th>
                <td data-title={told.state}>
                  <Presence state={agent.desk?.state ?? "signed_out"} />
                  {agent.desk && <p class="small">{reason && `${reason} · `}<Since at={agent.desk.since} /></p>}
                </td>
                <td data-title={told.voice}>{agent.voice ? <><Presence state={agent.voice.state} pending={agent.voice.pending ?? null} /><p class="small"><Since at={agent.voice.since} /></p></> : "–"}</td>
                <td data-title={told.contacts}>
                  {agent.contacts.length === 0 ? told.none : (
                    <ul class="in-hand">
                      {agent.contacts.map((contact) => (
                        <li key={idOf(contact)}>
                          <a href={`#/contacts/${idOf(contact)}`}>{line(contact)}</a>
                          <button type="button" class="link" aria-label={`${told.give} ${line(contact)}`} onClick={() => props.give(contact)}>{told.give}</button>
                        </li>
                      ))}
                    </ul>
                  )}
                </td>
                <td data-title={numbers().today}>{agent.done ? <Done work={agent.done} /> : "–"}</td>
                <td data-title={told.skills}>
                  <SkillList skills={agent.skills} />
                  <p><button type="button" class="link" aria-label={`${told.change}: ${agent.name}`} onClick={() => props.skills({ name: agent.name, path: path("agents", agent.agent, "skills"), skills: agent.skills ?? {} })}>{told.change}</button></p>
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function Queues(props: { queues: TeamQueue[]; give: (contact: Contact | string) => void; skills: (skilled: Skilled) => void; again: () => void }): JSX.Element {
  const told = words().teams;
  const { busy, problem, run } = useAction();
  const release = (contact: Contact | string) => void run(async () => {
    await send("POST", path("contacts", idOf(contact), "release"));
    toast(told.released, "ok");
    props.again();
  });
  return (
    <div class="scroll" tabIndex={0} role="group" aria-label={told.queues}>
      <Trouble problem={problem} />
      <table class="stacks titled">
        <thead><tr><th scope="col">{told.queue}</th><th scope="col" class="numeric">{told.waiting}</th><th scope="col" class="numeric">{numbers().inHand}</th><th scope="col">{told.longest}</th><th scope="col">{contactWords().waitingMails}</th><th scope="col">{told.skills}</th></tr></thead>
        <tbody>
          {props.queues.map((queue) => (
            <tr key={queue.csq}>
              <th scope="row">{queue.csq}{queue.is_gone && <p class="small gone">{contactWords().gone}</p>}</th>
              <td class="numeric" data-title={told.waiting}>{number(queue.waiting)}</td>
              <td class="numeric" data-title={numbers().inHand}>{number(queue.active)}</td>
              <td data-title={told.longest}>{queue.longest_since ? <Since at={queue.longest_since} /> : "–"}</td>
              <td data-title={contactWords().waitingMails}><Waits queue={queue} busy={busy} give={props.give} release={release} /></td>
              <td data-title={told.skills}>
                <SkillList skills={queue.skills} />
                {!queue.is_gone && <p><button type="button" class="link" aria-label={`${told.change}: ${queue.csq}`} onClick={() => props.skills({ name: queue.csq, path: path("csqs", queue.csq, "skills"), skills: queue.skills ?? {} })}>{told.change}</button></p>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
