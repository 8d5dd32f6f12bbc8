// What a supervisor changes: whose a contact is, and which skills somebody or a queue has.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { send } from "../../shell/api";
import { Choice, TextField } from "../../shell/components/field";
import { Button, Dialog, Trouble } from "../../shell/components/parts";
import { words as shared } from "../../shell/components/texts";
import { fill } from "../../shell/language";
import { useAction } from "../../shell/use";
import type { Contact, TeamAgent, TeamQueue } from "../answers";
import { path } from "../state";
import { words } from "../texts";

/** Whose skills are changed, and where. */
export interface Skilled {
  name: string;
  path: string;
  skills: Record<string, number>;
}

/** Whom a contact may be given to: at work, and another than has it. */
function receivers(contact: Contact | string | null, agents: TeamAgent[]): TeamAgent[] {
  const here = typeof contact === "string" ? null : contact?.agent ?? null;
  return agents.filter((one) => one.desk !== null && one.agent !== here);
}

/** Where a contact goes; made anew each time that it opens, so that what is chosen then stays whatever the team does. */
export function Give(props: { contact: Contact | string | null; line: string; agents: TeamAgent[]; queues: TeamQueue[]; onClose: () => void; onDone: () => void }): JSX.Element {
  const told = words().teams;
  const [toQueue, setToQueue] = useState(false);
  const { contact } = props;
  const agents = receivers(contact, props.agents);
  const [agent, setAgent] = useState(agents[0]?.agent ?? "");
  const [csq, setCsq] = useState(props.queues[0]?.csq ?? "");
  const { busy, problem, run } = useAction();
  // Who signs out meanwhile is no choice any more, and nobody is chosen in their place.
  const toAgent = agents.some((one) => one.agent === agent) ? agent : "";
  const toCsq = props.queues.some((one) => one.csq === csq) ? csq : "";
  const nobody = (chosen: string) => (chosen === "" ? [{ value: "", label: told.choose }] : []);
  const give = async (event: Event) => {
    event.preventDefault();
    if (contact === null) return;
    const id = typeof contact === "string" ? contact : contact.id;
    if (await run(async () => { await send("POST", path("contacts", id, "reassign"), { body: toQueue ? { csq: toCsq } : { agent: toAgent } }); })) props.onDone();
  };
  return (
    <Dialog open={contact !== null} title={told.giveTitle} onClose={props.onClose}>
      <p>{props.line}</p>
      <form onSubmit={(event) => void give(event)}>
        <fieldset>
          <legend class="hidden-visually">{told.giveTitle}</legend>
          <label class="way"><input type="radio" name="to" checked={!toQueue} onChange={() => setToQueue(false)} /><span>{told.toAgent}</span></label>
          <label class="way"><input type="radio" name="to" checked={toQueue} onChange={() => setToQueue(true)} /><span>{told.toQueue}</span></label>
        </fieldset>
        {toQueue
          ? <Choice label={told.toQueue} value={toCsq} onInput={setCsq} options={[...nobody(toCsq), ...props.queues.map((one) => ({ value: one.csq, label: one.csq }))]} />
          : <Choice label={told.toAgent} value={toAgent} onInput={setAgent} options={[...nobody(toAgent), ...agents.map((one) => ({ value: one.agent, label: `${one.name} (${one.agent})` }))]} />}
        <Trouble problem={problem} />
        <div class="dialog-actions">
          <Button onClick={props.onClose}>{shared().cancel}</Button>
          <Button type="submit" kind="main" busy={busy} disabled={toQueue ? toCsq === "" : toAgent === ""}>{told.give_}</Button>
        </div>
      </form>
    </Dialog>
  );
}

/** Competence goes from 1 to 10; 0 takes the skill away. */
const COMPETENCE_MAX = 10;

export function Skills(props: { skilled: Skilled | null; onClose: () => void; onDone: () => void }): JSX.Element {
  const told = words().teams;
  const { skilled } = props;
  const [skills, setSkills] = useState<Record<string, string>>(() => Object.fromEntries(Object.entries(skilled?.skills ?? {}).map(([name, value]) => [name, String(value)])));
  const [fresh, setFresh] = useState("");
  const { busy, problem, run } = useAction();
  const save = async (event: Event) => {
    event.preventDefault();
    if (!skilled) return;
    const next = Object.fromEntries(Object.entries(skills).map(([name, value]) => [name, Number(value)]).filter(([, value]) => Number(value) > 0));
    if (await run(async () => { await send("PUT", skilled.path, { body: { skills: next } }); })) props.onDone();
  };
  const add = () => {
    const name = fresh.trim();
    if (name !== "" && !Object.hasOwn(skills, name)) setSkills({ ...skills, [name]: "5" });
    setFresh("");
  };
  return (
    <Dialog open={skilled !== null} title={fill(told.skillsTitle, { name: skilled?.name ?? "" })} onClose={props.onClose}>
      <form onSubmit={(event) => void save(event)}>
        {Object.entries(skills).map(([name, value]) => (
          <TextField key={name} label={name} help={told.competence} type="number" min={0} max={COMPETENCE_MAX} required value={value} onInput={(typed) => setSkills({ ...skills, [name]: typed })} />
        ))}
        <div class="predefined">
          <TextField label={told.newSkill} value={fresh} onInput={setFresh} maxLength={50} />
          <Button onClick={add}>{shared().add}</Button>
        </div>
        <Trouble problem={problem} />
        <div class="dialog-actions">
          <Button onClick={props.onClose}>{shared().cancel}</Button>
          <Button type="submit" kind="main" busy={busy}>{told.save}</Button>
        </div>
      </form>
    </Dialog>
  );
}
