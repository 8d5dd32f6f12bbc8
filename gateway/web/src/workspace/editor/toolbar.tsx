// The buttons over the text. One of them is in the order of Tab; the arrow keys go to the others.

import type { Command, EditorState } from "prosemirror-state";
import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { TextField } from "../../shell/components/field";
import { Button, Dialog } from "../../shell/components/parts";
import { words as shared } from "../../shell/components/texts";
import { words } from "../texts";
import { align, alignment, hasStyle, indent, isInList, link, linkAt, outdent, picture, styles, toggleList } from "./commands";
import { isLink, isPicture } from "./schema";

interface Tool {
  name: string;
  sign: string;
  class?: string;
  pressed?: boolean;
  act: () => void;
}

/** Lines that stand as a paragraph does, drawn as SVG. */
function Lines(props: { at: "left" | "center" | "right" }): JSX.Element {
  const widths = [14, 9, 12];
  return (
    <svg viewBox="0 0 16 12" class="tool-lines" aria-hidden="true">
      {widths.map((width, place) => {
        const x = props.at === "left" ? 1 : props.at === "right" ? 15 - width : (16 - width) / 2;
        return <rect key={place} x={x} y={1 + place * 4} width={width} height="1.6" />;
      })}
    </svg>
  );
}

/** What stands on a button: drawn where letters would not say it. */
function Sign(props: { sign: string }): JSX.Element {
  const { sign } = props;
  if (sign === "left" || sign === "center" || sign === "right") return <Lines at={sign} />;
  if (sign === "link") return <svg viewBox="0 0 16 16" class="tool-drawn" aria-hidden="true"><path d="M7 5l2-2a2.8 2.8 0 0 1 4 4l-2 2M9 11l-2 2a2.8 2.8 0 0 1-4-4l2-2M6 10l4-4" /></svg>;
  if (sign === "picture") return <svg viewBox="0 0 16 16" class="tool-drawn" aria-hidden="true"><path d="M2 3h12v10H2zM2 12l4-4 3 3 2-2 3 3M10.5 6a.8.8 0 1 1 .1 0" /></svg>;
  return <span aria-hidden="true">{sign}</span>;
}

export function Toolbar(props: { state: EditorState; run: (command: Command) => void; disabled: boolean; onPicture: (file: File) => void }): JSX.Element {
  const { state, run } = props;
  const bar = useRef<HTMLDivElement>(null);
  const file = useRef<HTMLInputElement>(null);
  const [current, setCurrent] = useState(0);
  const [asking, setAsking] = useState<"link" | "picture" | null>(null);
  const [where, setWhere] = useState("");
  const [text, setText] = useState("");
  const [tried, setTried] = useState(false);
  const told = words().editor;
  const ask = (what: "link" | "picture") => {
    setWhere(what === "link" ? linkAt(state) : "");
    setText("");
    setTried(false);
    setAsking(what);
  };
  const tools: Tool[] = [
    { name: told.bold, sign: "B", class: "tool-bold", pressed: hasStyle(state, "strong"), act: () => run(styles.strong) },
    { name: told.italic, sign: "I", class: "tool-italic", pressed: hasStyle(state, "em"), act: () => run(styles.em) },
    { name: told.underline, sign: "U", class: "tool-underline", pressed: hasStyle(state, "underline"), act: () => run(styles.underline) },
    { name: told.bullets, sign: "•≡", pressed: isInList(state, "bullet_list"), act: () => run(toggleList("bullet_list")) },
    { name: told.numbers, sign: "1≡", pressed: isInList(state, "ordered_list"), act: () => run(toggleList("ordered_list")) },
    { name: told.outdent, sign: "⇤", act: () => run(outdent) },
    { name: told.indent, sign: "⇥", act: () => run(indent) },
    { name: told.left, sign: "left", pressed: alignment(state) === null, act: () => run(align(null)) },
    { name: told.center, sign: "center", pressed: alignment(state) === "center", act: () => run(align("center")) },
    { name: told.right, sign: "right", pressed: alignment(state) === "right", act: () => run(align("right")) },
    { name: told.link, sign: "link", pressed: hasStyle(state, "link"), act: () => ask("link") },
    { name: told.picture, sign: "picture", act: () => ask("picture") },
  ];
  const move = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const next = event.key === "Home" ? 0 : event.key === "End" ? tools.length - 1 : step === undefined ? null : (current + step + tools.length) % tools.length;
    if (next === null) return;
    event.preventDefault();
    setCurrent(next);
    bar.current?.querySelectorAll("button")[next]?.focus();
  };
  const isRight = asking === "link" ? isLink(where) || where === "" : isPicture(where) && !where.startsWith("files/");
  const done = (event: Event) => {
    event.preventDefault();
    setTried(true);
    if (!isRight) return;
    setAsking(null);
    run(asking === "link" ? link(where, text) : picture(where, text));
  };
  return (
    <>
      <div ref={bar} class="tools" role="toolbar" aria-label={told.tools} onKeyDown={move}>
        {tools.map((tool, place) => (
          <button key={tool.name} type="button" class={`tool ${tool.class ?? ""}`} title={tool.name} aria-label={tool.name} aria-pressed={tool.pressed}
            tabIndex={place === current ? 0 : -1} disabled={props.disabled} onFocus={() => setCurrent(place)}
            // The selection of the text stays where it is.
            onMouseDown={(event) => event.preventDefault()} onClick={tool.act}>
            <Sign sign={tool.sign} />
          </button>
        ))}
      </div>
      <Dialog open={asking !== null} title={asking === "picture" ? told.picture : told.link} onClose={() => setAsking(null)}>
        <form onSubmit={done} noValidate>
          <TextField label={asking === "picture" ? told.pictureAddress : told.linkAddress} value={where} onInput={setWhere} type="url"
            help={asking === "picture" ? told.pictureHelp : told.linkHelp} error={tried && !isRight ? told.wrongAddress : undefined} />
          {(asking === "picture" || state.selection.empty) && <TextField label={asking === "picture" ? told.pictureText : told.linkText} value={text} onInput={setText} maxLength={200} />}
          {asking === "picture" && (
            <div>
              <input ref={file} type="file" hidden accept="image/png,image/jpeg,image/gif,image/webp" onChange={(event) => {
                const chosen = event.currentTarget.files?.[0];
                setAsking(null);
                if (chosen) props.onPicture(chosen);
              }} />
              <Button onClick={() => file.current?.click()}>{told.pictureFile}</Button>
            </div>
          )}
          <div class="dialog-actions">
            <Button onClick={() => setAsking(null)}>{shared().cancel}</Button>
            <Button type="submit" kind="main">{told.put}</Button>
          </div>
        </form>
      </Dialog>
    </>
  );
}
