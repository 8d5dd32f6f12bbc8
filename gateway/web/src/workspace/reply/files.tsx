// The files of an answer: added by a button, dropped, or put into the text; each refusal names its file.

import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { Button, problemText } from "../../shell/components/parts";
import { bytes, fill } from "../../shell/language";
import { problemOf } from "../../shell/use";
import { addFile, removeFile, type Answer } from "../drafts";
import { FILES_MAX, whyNotFile } from "../limits";
import { words } from "../texts";
import type { EditorHandle } from "../editor/editor";

/** Adds files one after another; `told` gets what came to nothing. */
export function useFiles(answer: Answer, editor: { current: EditorHandle | null }): { adding: string; refused: string[]; add: (files: File[], isInline: boolean) => void } {
  const [adding, setAdding] = useState("");
  const [refused, setRefused] = useState<string[]>([]);
  const queue = useRef<Promise<void>>(Promise.resolve());
  const addOne = async (file: File, isInline: boolean) => {
    const isForward = answer.fields.value.mode === "forward";
    const why = isForward && !isInline ? fill(words().files.notForward, { name: file.name }) : whyNotFile(file, answer.files.value);
    if (why) {
      setRefused((before) => [...before, why]);
      return;
    }
    setAdding(file.name);
    try {
      const added = await addFile(answer, file, isInline);
      if (isInline) editor.current?.picture(`files/${added.id}`, file.name);
    } catch (error) {
      const problem = problemOf(error);
      // What is wrong with a file stands in the node's own words alone.
      const reason = problem.code === "invalid" ? problem.message : problemText(problem);
      setRefused((before) => [...before, fill(words().files.failed, { name: file.name, reason: reason || "–" })]);
    }
    setAdding("");
  };
  const add = (files: File[], isInline: boolean) => {
    setRefused([]);
    for (const file of files) queue.current = queue.current.then(() => addOne(file, isInline));
  };
  return { adding, refused, add };
}

export function Files(props: { answer: Answer; adding: string; refused: string[]; add: (files: File[], isInline: boolean) => void; disabled: boolean }): JSX.Element {
  const { answer } = props;
  const input = useRef<HTMLInputElement>(null);
  const [refused, setRefused] = useState("");
  const isForward = answer.fields.value.mode === "forward";
  const remove = (id: string) => removeFile(answer, id).then(() => setRefused(""), (error: unknown) => setRefused(problemOf(error).message));
  const files = answer.files.value;
  return (
    <section class="files" aria-labelledby="files-title">
      <h3 id="files-title">{words().files.title}{files.length > 0 && ` (${files.length})`}</h3>
      <p class="help">{isForward ? words().reply.forwardFiles : fill(words().files.drop, { most: FILES_MAX })}</p>
      {files.length > 0 && (
        <ul class="file-list">
          {files.map((file) => (
            <li key={file.id}>
              <span class="file-name">{file.name}</span>
              <span class="small">{bytes(file.bytes)}{file.is_inline && `, ${words().files.inline}`}</span>
              {!file.is_inline && <button type="button" class="link danger" disabled={props.disabled} aria-label={fill(words().files.remove, { name: file.name })} onClick={() => void remove(file.id)}>✕</button>}
            </li>
          ))}
        </ul>
      )}
      {!isForward && (
        <div class="actions">
          <input ref={input} type="file" multiple hidden onChange={(event) => {
            props.add([...event.currentTarget.files ?? []], false);
            event.currentTarget.value = "";
          }} />
          <Button disabled={props.disabled} onClick={() => input.current?.click()}>{words().files.add}</Button>
        </div>
      )}
      <p role="status" class="small">{props.adding && fill(words().files.sending, { name: props.adding })}</p>
      {(props.refused.length > 0 || refused) && (
        <div class="notice notice-missing" role="alert">{[...props.refused, refused].filter(Boolean).map((text) => <p key={text}>{text}</p>)}</div>
      )}
    </section>
  );
}
