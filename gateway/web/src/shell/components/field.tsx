// Fields of forms: a visible label, what it is for, and what is wrong with it beside it.

import type { JSX } from "preact";
import { useId } from "preact/hooks";
import { words } from "./texts";

interface Common {
  /** Where the field is to be found by others, as by a list of what is wrong. */
  id?: string | undefined;
  label: string;
  help?: string | undefined;
  error?: string | undefined;
  required?: boolean;
  disabled?: boolean;
}

function Frame(props: Common & { id: string; children: JSX.Element; inline?: boolean }): JSX.Element {
  return (
    <div class={`field${props.error ? " wrong" : ""}${props.inline ? " inline" : ""}`}>
      <label for={props.id}>
        {props.label}
        {props.required && <span class="small"> ({words().required})</span>}
      </label>
      {props.children}
      {props.help && <p class="help" id={`${props.id}-help`}>{props.help}</p>}
      {props.error && <p class="error" id={`${props.id}-error`}>{props.error}</p>}
    </div>
  );
}

function useOwnId(id: string | undefined): string {
  const own = useId();
  return id ?? own;
}

function described(id: string, props: Common): { "aria-describedby"?: string; "aria-invalid"?: true } {
  const ids = [props.help && `${id}-help`, props.error && `${id}-error`].filter(Boolean).join(" ");
  return { ...(ids ? { "aria-describedby": ids } : {}), ...(props.error ? { "aria-invalid": true as const } : {}) };
}

export function TextField(props: Common & {
  value: string; onInput: (value: string) => void; type?: "text" | "password" | "search" | "number" | "email" | "url";
  autocomplete?: string; inputMode?: "numeric" | "text"; maxLength?: number; placeholder?: string; name?: string; min?: number; max?: number;
  /** The id of a `datalist`. */
  list?: string;
}): JSX.Element {
  const id = useOwnId(props.id);
  return (
    <Frame {...props} id={id}>
      <input
        {...{ type: props.type ?? "text" } as { type: "text" }} id={id} name={props.name} value={props.value} required={props.required} disabled={props.disabled}
        autocomplete={props.autocomplete ?? "off"} inputMode={props.inputMode} maxLength={props.maxLength} min={props.min} max={props.max}
        placeholder={props.placeholder} list={props.list} spellcheck={false} onInput={(event) => props.onInput(event.currentTarget.value)}
        {...described(id, props)}
      />
    </Frame>
  );
}

export function TextArea(props: Common & { value: string; onInput?: (value: string) => void; rows?: number; code?: boolean; readOnly?: boolean }): JSX.Element {
  const id = useOwnId(props.id);
  return (
    <Frame {...props} id={id}>
      <textarea
        id={id} rows={props.rows ?? 6} required={props.required} disabled={props.disabled} readOnly={props.readOnly} spellcheck={!props.code}
        class={props.code ? "code" : undefined} value={props.value} onInput={(event) => props.onInput?.(event.currentTarget.value)}
        {...described(id, props)}
      />
    </Frame>
  );
}

export function Choice(props: Common & {
  value: string; options: { value: string; label: string }[]; onInput: (value: string) => void;
}): JSX.Element {
  const id = useOwnId(props.id);
  return (
    <Frame {...props} id={id}>
      <select id={id} value={props.value} disabled={props.disabled} required={props.required}
        onChange={(event) => props.onInput(event.currentTarget.value)} {...described(id, props)}>
        {props.options.map((option) => <option key={option.value} value={option.value}>{option.label}</option>)}
      </select>
    </Frame>
  );
}

export function Switch(props: Common & { value: boolean; onInput: (value: boolean) => void }): JSX.Element {
  const id = useOwnId(props.id);
  return (
    <Frame {...props} id={id} inline>
      <input id={id} type="checkbox" checked={props.value} disabled={props.disabled}
        onChange={(event) => props.onInput(event.currentTarget.checked)} {...described(id, props)} />
    </Frame>
  );
}
