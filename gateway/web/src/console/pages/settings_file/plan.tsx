// What a file, a table or another system would change: what is removed stands out, and nothing happens before
// somebody says so.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Button, Dialog, Empty, Notice, Section } from "../../../shell/components/parts";
import { words as shared } from "../../../shell/components/texts";
import { fill, number } from "../../../shell/language";
import { isDoc, type Value } from "../settings/schema";
import { memberLabel, SECTIONS, spoken, type SectionEntry } from "../settings/sections";
import { shown } from "../settings/values";
import { words } from "./texts";

export type Becomes = "added" | "changed" | "removed";

export interface Planned {
  name: string;
  becomes: Becomes;
  changes: { field: string; before: string | null; after: string | null }[];
}

export interface Plan {
  counts: Record<Becomes, number>;
  plan: Planned[];
  /** So many more are not told one by one. */
  more: number;
}

const ORDER: Becomes[] = ["removed", "changed", "added"];
/** So many of one kind are shown at first. */
const SHOWN = 100;

export function isEmpty(plan: Plan): boolean {
  return ORDER.every((becomes) => plan.counts[becomes] === 0);
}

/** The section and the name of what is planned: `agents/1001`, or a section with one document. */
function called(name: string): string {
  const [key = "", ...rest] = name.split("/");
  const section: SectionEntry | undefined = SECTIONS.find((it) => it.file === key);
  const title = section ? spoken(section.title) : key;
  return rest.length > 0 ? `${title}: ${rest.join("/")}` : title;
}

/** The member that changes, in words where they are known. */
function member(name: string, field: string): string {
  const path = field.startsWith(`${name} `) ? field.slice(name.length + 1) : field;
  const section = SECTIONS.find((it) => it.file === name.split("/")[0]);
  return section ? memberLabel(section, path.replace(/\[\d+\]/g, "")) : path;
}

/** A value of a plan in words; long ones are cut off by the node, and shown as they are. */
function inWords(name: string, field: string, text: string | null): string {
  if (text === null) return words().nothing;
  const section = SECTIONS.find((it) => it.file === name.split("/")[0]);
  const path = field.startsWith(`${name} `) ? field.slice(name.length + 1).replace(/\[\d+\]/g, "") : "";
  try {
    const value = JSON.parse(text) as Value;
    if (!section) return text;
    // A document as a whole: its members by their labels.
    if (path === "" && isDoc(value)) {
      return Object.entries(value).map(([member, item]) => `${memberLabel(section, member)}: ${shown(section, member, item)}`).join("; ");
    }
    return shown(section, path, value);
  } catch {
    return text;
  }
}

export function PlanShown(props: {
  plan: Plan;
  busy: boolean;
  /** Puts it in force; nothing where it may not be. */
  onApply?: (() => void) | undefined;
}): JSX.Element {
  const { plan } = props;
  const [asking, setAsking] = useState(false);
  const counts = plan.counts;
  if (isEmpty(plan)) return <Section title={words().plan}><Empty title={words().planEmpty} /></Section>;
  const told = { added: number(counts.added), changed: number(counts.changed), removed: number(counts.removed) };
  return (
    <Section title={words().plan}>
      <ul class="figures">
        {ORDER.map((becomes) => <li key={becomes}><span class="figure">{told[becomes]}</span> <span>{words().becomes[becomes]}</span></li>)}
      </ul>
      {counts.removed > 0 && <Notice kind="missing"><p>{fill(words().removals, { count: told.removed })}</p></Notice>}
      {ORDER.map((becomes) => <Kind key={becomes} becomes={becomes} planned={plan.plan.filter((one) => one.becomes === becomes)} />)}
      {plan.more > 0 && <p>{fill(words().planMore, { count: number(plan.more) })}</p>}
      {props.onApply && (
        <div class="actions">
          <Button kind={counts.removed > 0 ? "danger" : "main"} busy={props.busy} onClick={() => setAsking(true)}>{words().apply}</Button>
          <span class="small">{words().notYet}</span>
        </div>
      )}
      <Dialog open={asking} title={words().applyTitle} onClose={() => setAsking(false)}>
        <p>{fill(words().applyText, told)}</p>
        {counts.removed > 0 && <p><strong>{fill(words().removals, { count: told.removed })}</strong></p>}
        <div class="dialog-actions">
          <Button onClick={() => setAsking(false)}>{shared().cancel}</Button>
          <Button kind={counts.removed > 0 ? "danger" : "main"} onClick={() => { setAsking(false); props.onApply?.(); }}>{words().apply}</Button>
        </div>
      </Dialog>
    </Section>
  );
}

function Kind(props: { becomes: Becomes; planned: Planned[] }): JSX.Element | null {
  const [shown, setShown] = useState(SHOWN);
  if (props.planned.length === 0) return null;
  const rest = props.planned.length - shown;
  return (
    <div class={`planned planned-${props.becomes}`}>
      <h3>{words().becomes[props.becomes]}</h3>
      <ul class="found">
        {props.planned.slice(0, shown).map((one) => (
          <li key={one.name}>
            {props.becomes === "changed"
              ? <>
                  {called(one.name)}
                  <ul class="changes">
                    {one.changes.map((change) => (
                      <li key={change.field}>
                        {member(one.name, change.field)}: <del><span class="hidden-visually">{words().before} </span>{inWords(one.name, change.field, change.before)}</del>
                        {" → "}<ins><span class="hidden-visually">{words().after} </span>{inWords(one.name, change.field, change.after)}</ins>
                      </li>
                    ))}
                  </ul>
                </>
              : <details>
                  <summary>{called(one.name)}</summary>
                  {one.changes.map((change) => <p key={change.field} class="small">{inWords(one.name, change.field, change.before ?? change.after)}</p>)}
                </details>}
          </li>
        ))}
      </ul>
      {rest > 0 && <Button onClick={() => setShown(shown + SHOWN)}>{fill(words().showMore, { count: number(rest) })}</Button>}
    </div>
  );
}
