// A file to save. Where files pass a virus scanner, it is asked for by the page, which shows why one is refused: a
// browser that follows a link saves the refusal instead.

import type { ComponentChildren, JSX } from "preact";
import { address, save } from "../../shell/api";
import { Trouble } from "../../shell/components/parts";
import { useAction } from "../../shell/use";
import { me } from "../state";
import { contactWords } from "./texts";

export function FileLink(props: { class: string; name: string; path: string; label?: string; children: ComponentChildren }): JSX.Element {
  const { busy, problem, run } = useAction();
  const isScanned = me.value?.scans_files === true;
  const open = (event: Event) => {
    if (!isScanned) return;
    event.preventDefault();
    void run(() => save(props.path, {}, props.name, "*/*"));
  };
  return (
    <>
      <a class={props.class} download={props.name} href={address(props.path)} aria-label={props.label} aria-busy={busy || undefined} onClick={open}>{props.children}</a>
      {isScanned && <span role="status" class="small">{busy && contactWords().scanning}</span>}
      <Trouble problem={problem} />
    </>
  );
}
