// A file from this computer: chosen by a button, or dropped onto it.

import type { JSX } from "preact";
import { useId, useState } from "preact/hooks";
import { fill, bytes as writtenBytes } from "../../language";
import { words } from "./texts";

/** More is not sent: the node refuses it. */
const BYTES_MAX = 32 * 1024 * 1024;

export interface Chosen {
  name: string;
  text: string;
}

export function ChooseFile(props: { label: string; help: string; accept: string; disabled?: boolean; onChosen: (chosen: Chosen) => void }): JSX.Element {
  const [wrong, setWrong] = useState("");
  const [over, setOver] = useState(false);
  const [name, setName] = useState("");
  const id = useId();
  const take = async (file: File | undefined) => {
    if (!file) return;
    setWrong("");
    setName(file.name);
    if (file.size > BYTES_MAX) {
      setWrong(fill(words().tooLarge, { size: writtenBytes(file.size), most: writtenBytes(BYTES_MAX) }));
      return;
    }
    try {
      const text = new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
      if (text.includes("\0")) setWrong(words().notText);
      else props.onChosen({ name: file.name, text });
    } catch {
      setWrong(words().notText);
    }
  };
  return (
    <div class={`drop${over ? " over" : ""}${wrong ? " wrong" : ""} field`}
      onDragOver={(event) => { event.preventDefault(); setOver(true); }} onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        if (!props.disabled) void take(event.dataTransfer?.files[0]);
      }}>
      <input id={id} type="file" class="hidden-visually" accept={props.accept} disabled={props.disabled} aria-describedby={`${id}-help ${id}-error`}
        onChange={(event) => {
          void take(event.currentTarget.files?.[0]);
          // The same file may be chosen again after it was mended.
          event.currentTarget.value = "";
        }} />
      <label for={id} class="button plain">{props.label}</label>
      <p class="help" id={`${id}-help`}>{props.help}{name !== "" && ` ${fill(words().chosen, { name })}`}</p>
      <p class="error" id={`${id}-error`} role="alert">{wrong}</p>
    </div>
  );
}
