// A file from this computer: chosen by a button, or dropped onto it.

import type { JSX } from "preact";
import { useId, useState } from "preact/hooks";
import { fill, bytes as writtenBytes } from "../../shell/language";
import { words } from "./file_texts";

/** More is not sent: the node refuses it. */
const BYTES_MAX = 32 * 1024 * 1024;

export interface Chosen {
  name: string;
  text: string;
}

export function ChooseFile(props: {
  label: string; help: string; accept: string; disabled?: boolean;
  /** Where less is taken than of files in general. */
  bytesMax?: number;
  /** What the file should be, where it is none of text. */
  notText: string;
  /** What the node says of the file that was sent. */
  error?: string | undefined;
  onChosen: (chosen: Chosen) => void;
}): JSX.Element {
  const [wrong, setWrong] = useState("");
  const [over, setOver] = useState(false);
  const [name, setName] = useState("");
  const id = useId();
  const most = props.bytesMax ?? BYTES_MAX;
  const error = wrong || props.error;
  const take = async (file: File | undefined) => {
    if (!file) return;
    setWrong("");
    setName(file.name);
    if (file.size > most) {
      setWrong(fill(words().tooLarge, { size: writtenBytes(file.size), most: writtenBytes(most) }));
      return;
    }
    try {
      const text = new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
      if (text.includes("\0")) setWrong(props.notText);
      else props.onChosen({ name: file.name, text });
    } catch {
      setWrong(props.notText);
    }
  };
  return (
    <div class={`drop${over ? " over" : ""}${error ? " wrong" : ""} field`}
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
      <p class="error" id={`${id}-error`} role="alert">{error}</p>
    </div>
  );
}
