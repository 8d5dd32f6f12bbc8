// What somebody wrote to a mail that was taken out of their hands before the node had all of it.

import type { JSX } from "preact";
import { TextArea } from "../../shell/components/field";
import { Button } from "../../shell/components/parts";
import { parse } from "../editor/html";
import { forgetUnsaved, unsaved } from "../state";
import { words } from "../texts";

/** The words of an answer, a line for each of its blocks. */
function plain(html: string): string {
  return (parse(html.replace(/<\/(p|li|blockquote)>|<br>/g, "\n$&")).textContent ?? "").replace(/\n{3,}/g, "\n\n").trim();
}

export function Unsaved(props: { id: string }): JSX.Element | null {
  const kept = unsaved.value.get(props.id);
  if (!kept) return null;
  const told = words().unsaved;
  return (
    <section class="card unsaved" aria-labelledby="unsaved-title">
      <h2 id="unsaved-title">{told.title}</h2>
      <p>{told.text}</p>
      {/* To be copied: what is typed into it goes nowhere. */}
      <TextArea label={told.label} value={plain(kept.html)} readOnly />
      <p><Button onClick={() => forgetUnsaved(props.id)}>{told.done}</Button></p>
    </section>
  );
}
