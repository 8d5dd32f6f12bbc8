// Small parts that all pages are made of.

import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Problem } from "../api";
import { fill } from "../language";
import { toldProblem } from "./problems";
import { words } from "./texts";

/** The frame of a page: its heading gets the focus when the page is opened, so that it is read out. */
export function Page(props: { title: string; intro?: string; actions?: ComponentChildren; children: ComponentChildren }): JSX.Element {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${props.title} · ${words().product}`;
  }, [props.title]);
  useLayoutEffect(() => {
    // The first page of a visit leaves the focus where the browser has it.
    if (visited) heading.current?.focus({ preventScroll: true });
    visited = true;
    scrollTo(0, 0);
  }, []);
  return (
    <div class="page">
      <div class="page-head">
        <h1 ref={heading} tabIndex={-1}>{props.title}</h1>
        {props.actions && <div class="actions">{props.actions}</div>}
      </div>
      {props.intro && <p class="intro">{props.intro}</p>}
      {props.children}
    </div>
  );
}
let visited = false;

/** A part of a page with a heading of its own. */
export function Section(props: { title: string; actions?: ComponentChildren; children: ComponentChildren; id?: string }): JSX.Element {
  const heading = useId();
  return (
    <section class="card" aria-labelledby={heading} id={props.id}>
      <div class="card-head">
        <h2 id={heading}>{props.title}</h2>
        {props.actions && <div class="actions">{props.actions}</div>}
      </div>
      {props.children}
    </section>
  );
}

export type PartState = "ok" | "partial" | "missing" | "off" | "unknown";
const MARKS: Record<PartState, string> = { ok: "✓", partial: "!", missing: "✕", off: "–", unknown: "?" };

/** A state in words, with a mark and a colour beside them; never by colour alone. */
export function State(props: { state: PartState; word?: string }): JSX.Element {
  return (
    <span class={`state state-${props.state}`}>
      <span class="mark" aria-hidden="true">{MARKS[props.state]}</span>
      {props.word ?? words().states[props.state]}
    </span>
  );
}

/** A button; `busy` says that its work goes on. */
export function Button(props: {
  children: ComponentChildren; onClick?: () => void; kind?: "main" | "plain" | "danger"; type?: "button" | "submit";
  busy?: boolean; disabled?: boolean; label?: string; pressed?: boolean; expanded?: boolean; controls?: string;
}): JSX.Element {
  return (
    <button
      type={props.type ?? "button"} class={`button ${props.kind ?? "plain"}`} onClick={props.onClick}
      disabled={props.disabled} aria-busy={props.busy || undefined} aria-label={props.label}
      aria-pressed={props.pressed} aria-expanded={props.expanded} aria-controls={props.controls}
      aria-disabled={props.busy || undefined}
    >
      {props.children}
    </button>
  );
}

/** Words of the console for a problem, else the node's own. */
export function problemText(problem: Problem): string {
  const text = problem.code === "unreachable" ? words().unreachable : toldProblem(problem.code, problem.message);
  return [text, retryText(problem)].filter(Boolean).join(" ");
}

/** When it may be tried again, where the node says so. */
export function retryText(problem: Problem): string {
  return problem.retrySeconds ? fill(words().retry, { seconds: problem.retrySeconds }) : "";
}

/** Why something came to nothing; read out as it appears. */
export function Trouble(props: { problem: Problem | null; again?: () => void; fields?: boolean }): JSX.Element | null {
  const { problem } = props;
  if (!problem) return null;
  return (
    <div class="notice notice-missing" role="alert">
      <p>{problemText(problem)}</p>
      {props.fields !== false && problem.errors.length > 0 && (
        <ul>
          {problem.errors.map((error) => <li key={`${error.field} ${error.message}`}><code>{error.field}</code> {error.message}</li>)}
        </ul>
      )}
      {problem.reference && <p class="small">{fill(words().reference, { reference: problem.reference })}</p>}
      {props.again && <Button onClick={props.again}>{words().again}</Button>}
    </div>
  );
}

/** Something worth saying; `status` is read out when there is time. */
export function Notice(props: { kind?: PartState | "info"; children: ComponentChildren; quiet?: boolean }): JSX.Element {
  return <div class={`notice notice-${props.kind ?? "info"}`} role={props.quiet ? undefined : "status"}>{props.children}</div>;
}

/** What to do where nothing is yet. */
export function Empty(props: { title: string; children?: ComponentChildren }): JSX.Element {
  return (
    <div class="empty">
      <p class="empty-title">{props.title}</p>
      {props.children}
    </div>
  );
}

export function Loading(): JSX.Element {
  return <p class="loading" role="status">{words().loading}</p>;
}

/** A name with what belongs to it. */
export function Facts(props: { facts: [string, ComponentChildren][] }): JSX.Element {
  return (
    <dl class="facts">
      {props.facts.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}
    </dl>
  );
}

/** Asks before something that cannot be taken back; the focus goes back to where it was. */
export function Dialog(props: {
  title: string; open: boolean; onClose: () => void; children: ComponentChildren; wide?: boolean;
}): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  /** Whether we closed it: the browser tells so later, when it may be open again. */
  const ours = useRef(false);
  /** What had the focus before. */
  const before = useRef<Element | null>(null);
  const heading = useId();
  // As it is drawn: no key falls between a dialog and what is behind it.
  useLayoutEffect(() => {
    const element = dialog.current;
    if (!element) return;
    if (props.open && !element.open) {
      before.current = document.activeElement;
      element.showModal();
    }
    if (!props.open && element.open) {
      ours.current = true;
      element.close();
    }
  }, [props.open]);
  useEffect(() => {
    const element = dialog.current;
    // A dialog that goes away as a whole gives the focus back, too.
    return () => {
      if (!element?.open) return;
      element.close();
      if (before.current instanceof HTMLElement) before.current.focus();
    };
  }, []);
  return (
    // Escape asks to close as a button does: what is shown follows `open` alone.
    <dialog ref={dialog} aria-labelledby={heading} class={props.wide ? "wide" : undefined}
      onCancel={(event) => { event.preventDefault(); props.onClose(); }}
      onClose={() => {
        if (!ours.current) props.onClose();
        ours.current = false;
      }}>
      {props.open && (
        <>
          <h2 id={heading}>{props.title}</h2>
          {props.children}
        </>
      )}
    </dialog>
  );
}

/** A text to copy, such as a URL to type into another system. */
export function Copyable(props: { text: string; label: string }): JSX.Element {
  const [copied, setCopied] = useState(false);
  return (
    <span class="copyable">
      <code>{props.text}</code>
      <Button label={`${words().copy}: ${props.label}`} onClick={() => {
        void navigator.clipboard?.writeText(props.text).then(() => setCopied(true));
      }}>{copied ? words().copied : words().copy}</Button>
      <span class="hidden-visually" role="status">{copied ? words().copied : ""}</span>
    </span>
  );
}
