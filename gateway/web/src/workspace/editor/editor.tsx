// The editor of answers: a text area with formatting, in a page that allows no inline style and no markup
// made of texts.
//
// It is made of ProseMirror's own modules (MIT), without a layer over them. Weighed were also: TipTap, a layer over the
// same modules that brings its own style element and more bytes; Lexical, which sets the text by inline styles
// of its nodes and whose HTML import needs the browser's parser; Squire, small and made for mails, but its document
// is the page's own tree, so what may be in an answer is a matter of cleaning, not of a schema; Quill, which had no
// release for long and whose clipboard writes markup from texts. With ProseMirror only what the schema names
// can be in an answer, styles are set through the object model, and paste goes through our own reader.
//
// ```text
//  HTML --parse--> document --keys, buttons, paste--> document --> onChange(HTML)
//  `texts` rises: the document is set anew from outside      files pasted or dropped --> onFiles
// ```

import { baseKeymap } from "prosemirror-commands";
import { history } from "prosemirror-history";
import { keymap } from "prosemirror-keymap";
import { EditorState, type Command } from "prosemirror-state";
import { EditorView } from "prosemirror-view";
import type { JSX } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { address } from "../../shell/api";
import { path } from "../state";
import { words } from "../texts";
import { keys, paste, picture } from "./commands";
import { fromText } from "./html";
import { isPicture, schema, toContent, toDocument, toHtml, toSlice } from "./schema";
import { Toolbar } from "./toolbar";

/** What others do with the editor. */
export interface EditorHandle {
  focus: () => void;
  /** Puts HTML at the end. */
  append: (html: string) => void;
  /** Puts a picture at the cursor. */
  picture: (src: string, alt: string) => void;
}

interface Props {
  contact: string;
  html: string;
  texts: number;
  disabled: boolean;
  label: string;
  onChange: (html: string) => void;
  onFiles: (files: File[], isInline: boolean) => void;
  handle: { current: EditorHandle | null };
  autofocus: boolean;
}

/** A picture: one of ours is shown, one of the web is named, since showing it would tell its server who reads. */
function pictureView(contact: string) {
  return (node: { attrs: Record<string, unknown> }) => {
    const src = String(node.attrs["src"]);
    const alt = String(node.attrs["alt"]);
    const dom = document.createElement("span");
    if (src.startsWith("files/")) {
      const image = document.createElement("img");
      image.src = address(path("contacts", contact, "files", src.slice("files/".length)));
      image.alt = alt;
      dom.className = "picture";
      dom.append(image);
    } else {
      dom.className = "picture-elsewhere";
      dom.title = src;
      dom.append(alt || src);
    }
    return { dom };
  };
}

/** Whether a paste was a picture alone, as from a screenshot; texts of an office bring pictures of themselves. */
function filesOf(data: DataTransfer | null): File[] {
  return data && data.getData("text/plain") === "" ? [...data.files] : [];
}

export function Editor(props: Props): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const [state, setState] = useState<EditorState | null>(null);
  const label = useId();
  const fresh = () => EditorState.create({
    doc: toDocument(latest.current.html), schema, plugins: [history(), keymap(keys), keymap(baseKeymap)],
  });
  const run = (command: Command) => {
    const shown = view.current;
    if (!shown || latest.current.disabled) return;
    command(shown.state, shown.dispatch, shown);
    shown.focus();
  };
  useEffect(() => {
    if (!box.current) return undefined;
    const shown: EditorView = new EditorView(box.current, {
      state: fresh(),
      attributes: { role: "textbox", "aria-multiline": "true", "aria-labelledby": label, class: "writing" },
      editable: () => !latest.current.disabled,
      nodeViews: { image: pictureView(latest.current.contact) },
      dispatchTransaction: (transaction) => {
        const next = shown.state.apply(transaction);
        shown.updateState(next);
        setState(next);
        if (transaction.docChanged) latest.current.onChange(toHtml(next.doc));
      },
      handleDOMEvents: {
        paste: (_, event) => {
          event.preventDefault();
          const files = filesOf(event.clipboardData);
          if (files.length > 0) {
            latest.current.onFiles(files, true);
            return true;
          }
          const html = event.clipboardData?.getData("text/html") ?? "";
          const text = event.clipboardData?.getData("text/plain") ?? "";
          const slice = toSlice(html || fromText(text.replaceAll("\r\n", "\n")));
          paste(slice)(shown.state, shown.dispatch);
          return true;
        },
        drop: (_, event) => {
          const files = [...event.dataTransfer?.files ?? []];
          if (files.length === 0) {
            // Text that comes from elsewhere; what is moved within the text is the editor's own.
            if (shown.dragging) return false;
            event.preventDefault();
            const html = event.dataTransfer?.getData("text/html") || fromText(event.dataTransfer?.getData("text/plain") ?? "");
            paste(toSlice(html))(shown.state, shown.dispatch);
            return true;
          }
          event.preventDefault();
          event.stopPropagation();
          const isPictures = files.every((file) => /^image\/(png|jpeg|gif|webp)$/.test(file.type));
          latest.current.onFiles(files, isPictures);
          return true;
        },
      },
    });
    view.current = shown;
    setState(shown.state);
    latest.current.handle.current = {
      focus: () => shown.focus(),
      append: (html) => {
        const end = shown.state.doc.content.size;
        shown.dispatch(shown.state.tr.insert(end, toContent(html)).scrollIntoView());
        shown.focus();
      },
      picture: (src, alt) => { if (isPicture(src)) picture(src, alt)(shown.state, shown.dispatch, shown); },
    };
    if (latest.current.autofocus) shown.focus();
    return () => {
      latest.current.handle.current = null;
      shown.destroy();
      view.current = null;
    };
  }, []);
  const first = useRef(true);
  useEffect(() => {
    if (first.current) {
      first.current = false;
      return;
    }
    view.current?.updateState(fresh());
    if (view.current) setState(view.current.state);
  }, [props.texts]);
  useEffect(() => { view.current?.setProps({}); }, [props.disabled]);
  return (
    <div class={props.disabled ? "editor off" : "editor"}>
      <p class="editor-label" id={label}>{props.label}</p>
      {state && <Toolbar state={state} run={run} disabled={props.disabled} onPicture={(file) => latest.current.onFiles([file], true)} />}
      <div ref={box} />
      <p class="help">{words().editor.help}</p>
    </div>
  );
}
