// Two administrators changed the same document: theirs beside mine, field by field.

import type { JSX } from "preact";
import { useId, useState } from "preact/hooks";
import { Button, Dialog } from "../../../shell/components/parts";
import { words as shared } from "../../../shell/components/texts";
import { differences, withMember } from "./document";
import type { Doc, Schema } from "./schema";
import { fieldWords, spoken, type SectionEntry } from "./sections";
import { words } from "./texts";
import { shown } from "./values";

export function Conflict(props: {
  section: SectionEntry; schema: Schema; base: Doc; mine: Doc; theirs: Doc;
  onMerged: (merged: Doc) => void; onClose: () => void;
}): JSX.Element {
  const order = Object.keys(props.section.fields);
  const found = differences(props.base, props.mine, props.theirs, props.schema)
    .sort((one, other) => order.indexOf(one.path) - order.indexOf(other.path));
  const [kept, setKept] = useState<Record<string, boolean>>({});
  const keeps = (path: string, isMine: boolean) => kept[path] ?? isMine;
  const id = useId();
  const merge = () => {
    let merged = props.theirs;
    for (const one of found) {
      if (keeps(one.path, one.isMine)) merged = withMember(merged, one.path, one.mine);
    }
    props.onMerged(merged);
  };
  return (
    <Dialog open wide title={words().conflict.title} onClose={props.onClose}>
      <p>{found.length > 0 ? words().conflict.text : words().conflict.secretOnly}</p>
      {found.map((one, place) => {
        const label = one.path.split(".").map((_, end, parts) => spoken(fieldWords(props.section, parts.slice(0, end + 1).join(".")).label)).join(" › ");
        const mine = keeps(one.path, one.isMine);
        return (
          <fieldset key={one.path} class="difference">
            <legend>{label}</legend>
            {[false, true].map((isMine) => (
              <div key={String(isMine)} class="field inline">
                <label for={`${id}-${place}-${isMine}`}>
                  {isMine ? words().conflict.keepMine : words().conflict.takeTheirs}: <span class="value">{shown(props.section, one.path, isMine ? one.mine : one.theirs)}</span>
                </label>
                <input type="radio" id={`${id}-${place}-${isMine}`} name={`${id}-${place}`} checked={mine === isMine}
                  onChange={() => setKept({ ...kept, [one.path]: isMine })} />
              </div>
            ))}
          </fieldset>
        );
      })}
      <div class="dialog-actions">
        <Button onClick={props.onClose}>{shared().cancel}</Button>
        <Button kind="main" onClick={merge}>{words().conflict.goOn}</Button>
      </div>
    </Dialog>
  );
}
