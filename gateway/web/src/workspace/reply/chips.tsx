// Addresses as a list of chips with a field behind it: Enter, a comma or leaving the field adds what is typed.

import type { JSX } from "preact";
import { useId, useRef, useState } from "preact/hooks";
import { fill } from "../../shell/language";
import { addressWithin, isAddress, RECIPIENTS_MAX } from "../limits";
import { words } from "../texts";

/** Commas and semicolons part addresses, except within a quoted name. */
function parts(text: string): string[] {
  return (text.match(/(?:"[^"]*"|[^,;\n"])+/g) ?? []).map((part) => part.trim()).filter(Boolean);
}

export function Chips(props: { label: string; addresses: string[]; onChange: (addresses: string[]) => void; disabled: boolean; error?: string | undefined }): JSX.Element {
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  const [text, setText] = useState("");
  const [wrong, setWrong] = useState("");
  const [said, setSaid] = useState("");
  const add = (typed: string) => {
    const found = parts(typed);
    if (found.length === 0) return;
    const next = [...props.addresses];
    const rest: string[] = [];
    let message = "";
    let leftOut = 0;
    for (const one of found) {
      const isThere = next.some((there) => addressWithin(there).toLowerCase() === addressWithin(one).toLowerCase());
      if (!isAddress(one)) {
        rest.push(one);
        message = fill(words().reply.wrongAddress, { address: one });
      } else if (isThere) message ||= fill(words().reply.twice, { address: addressWithin(one) });
      else if (next.length >= RECIPIENTS_MAX) leftOut += 1;
      else next.push(one);
    }
    if (leftOut > 0) message = fill(words().reply.tooMany, { most: RECIPIENTS_MAX, count: leftOut });
    setWrong(message);
    setText(rest.join(", "));
    if (next.length > props.addresses.length) {
      setSaid(found.filter((one) => next.includes(one)).join(", "));
      props.onChange(next);
    }
  };
  const remove = (place: number) => {
    props.onChange(props.addresses.filter((_, index) => index !== place));
    setWrong("");
    field.current?.focus();
  };
  const error = wrong || props.error;
  return (
    <div class={error ? "field chips wrong" : "field chips"}>
      <label for={id}>{props.label}{props.addresses.length > 0 && <span class="small"> {props.addresses.length}/{RECIPIENTS_MAX}</span>}</label>
      <div class="chips-box" onClick={(event) => { if (event.target === event.currentTarget) field.current?.focus(); }}>
        {props.addresses.length > 0 && (
          <ul aria-label={props.label}>
            {props.addresses.map((address, place) => (
              <li key={address} class="chip">
                <span>{address}</span>
                <button type="button" disabled={props.disabled} aria-label={fill(words().reply.remove, { address })} onClick={() => remove(place)}>✕</button>
              </li>
            ))}
          </ul>
        )}
        <input ref={field} id={id} type="text" inputMode="email" autocomplete="off" spellcheck={false} value={text} disabled={props.disabled}
          aria-describedby={`${id}-help${error ? ` ${id}-error` : ""}`} aria-invalid={error ? true : undefined}
          onInput={(event) => {
            const { value } = event.currentTarget;
            if (/[,;]\s*$/.test(value) && (value.match(/"/g)?.length ?? 0) % 2 === 0) add(value);
            else {
              setText(value);
              setWrong("");
            }
          }}
          onKeyDown={(event) => {
            if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) {
              event.preventDefault();
              add(text);
            } else if (event.key === "Backspace" && text === "" && props.addresses.length > 0) {
              event.preventDefault();
              remove(props.addresses.length - 1);
            }
          }}
          onPaste={(event) => {
            const pasted = event.clipboardData?.getData("text/plain") ?? "";
            if (!/[,;\n]/.test(pasted)) return;
            event.preventDefault();
            add(text + pasted);
          }}
          onBlur={() => add(text)} />
      </div>
      <p class="hidden-visually" id={`${id}-help`}>{words().reply.recipientsHelp}</p>
      <p class="hidden-visually" role="status">{said}</p>
      {error && <p class="error" id={`${id}-error`} role="alert">{error}</p>}
    </div>
  );
}
