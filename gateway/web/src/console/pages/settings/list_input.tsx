// Lists in a form: entries are added, removed, and moved up and down by buttons.

import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { useFocusNext } from "../../components/focus";
import { Button } from "../../components/parts";
import { fill } from "../../language";
import { told } from "./check";
import { FieldInput, helpOf, Members, useForm, type FieldProps } from "./field_input";
import { ReferenceInput } from "./reference";
import { below, isDoc, type Doc, type Schema, type Value } from "./schema";
import { fieldWords, spoken } from "./sections";
import { words } from "./texts";
import { words as shared } from "../../components/texts";
import { TextField } from "../../components/field";

/** Long lists are shown so many entries at a time. */
const SHOWN = 50;

export function ListInput(props: FieldProps): JSX.Element {
  const { section, faults, disabled, id } = useForm();
  const [shown, setShown] = useState(SHOWN);
  const box = useRef<HTMLFieldSetElement>(null);
  const focusNext = useFocusNext(box);
  const items = Array.isArray(props.value) ? props.value : [];
  const named = fieldWords(section, props.path);
  const label = spoken(named.label);
  const one = spoken(named.item) || label;
  const fault = told(faults, props.pointer);
  const shape = props.schema.items ?? {};
  const isObjects = shape.properties !== undefined;
  const most = props.schema.maxItems ?? Number.MAX_SAFE_INTEGER;
  const change = (next: Value[]) => props.onInput(next);
  const move = (from: number, to: number) => {
    const next = [...items];
    const [item] = next.splice(from, 1);
    next.splice(to, 0, item);
    change(next);
    // The button that was pressed moves along with its entry.
    focusNext(`[data-item="${to}"] .${to < from ? "up" : "down"}`);
  };
  return (
    <fieldset ref={box} class={`list${fault ? " wrong" : ""}`} id={`${id}${props.pointer}`} tabIndex={-1}>
      <legend>{label}{props.required && <span class="small"> ({shared().required})</span>}</legend>
      <p class="help">{helpOf(section, props.path, props.schema)}</p>
      {fault && <p class="error">{fault}</p>}
      {items.length === 0 && <p class="small">{words().noEntries}</p>}
      {items.slice(0, shown).map((item, place) => {
        const called = fill(words().entry, { label: one, place: place + 1 });
        const set = (value: Value) => change(items.map((other, at) => at === place ? value : other));
        const buttons = (
          <div class="entry-buttons">
            <div class="up-down">
              <IconButton kind="up" label={`${words().up}: ${called}`} disabled={disabled} ended={place === 0} onClick={() => move(place, place - 1)}>↑</IconButton>
              <IconButton kind="down" label={`${words().down}: ${called}`} disabled={disabled} ended={place === items.length - 1} onClick={() => move(place, place + 1)}>↓</IconButton>
            </div>
            <IconButton kind="remove" label={`${words().remove}: ${called}`} disabled={disabled} onClick={() => {
              change(items.filter((_, at) => at !== place));
              focusNext(`[data-item="${Math.min(place, items.length - 2)}"] .remove`, ".add");
            }}>✕</IconButton>
          </div>
        );
        // Places are all that entries have; what is typed stands in the document, so nothing is lost by it.
        return (
          <div key={place} data-item={place} class={isObjects ? "entry entry-object" : "entry"}>
            {isObjects
              ? <ObjectEntry {...props} called={called} item={isDoc(item) ? item : {}} shape={shape} pointer={below(props.pointer, place)} onInput={set} buttons={buttons} />
              : <>
                  <FieldInput path={props.path} pointer={below(props.pointer, place)} schema={shape} value={item} label={called} onInput={set} />
                  {buttons}
                </>}
          </div>
        );
      })}
      {items.length > shown && (
        <Button onClick={() => setShown(shown + SHOWN)}>{fill(words().moreEntries, { rest: items.length - shown })}</Button>
      )}
      <div>
        <button type="button" class="button add" disabled={disabled || items.length >= most} onClick={() => {
          change([...items, isObjects ? {} : ""]);
          setShown(Math.max(shown, items.length + 1));
          focusNext(`[data-item="${items.length}"] input, [data-item="${items.length}"] select`);
        }}>{fill(words().addTo, { label: one })}</button>
      </div>
    </fieldset>
  );
}

/** One of several documents within a document, folded up where it is settled. */
function ObjectEntry(props: FieldProps & { called: string; item: Doc; shape: Schema; buttons: JSX.Element }): JSX.Element {
  const { faults } = useForm();
  const wrong = [...faults.keys()].some((pointer) => pointer.startsWith(`${props.pointer}/`) || pointer === props.pointer);
  const isSmall = Object.keys(props.shape.properties ?? {}).length <= 3;
  const isNew = Object.keys(props.item).length === 0;
  const [open] = useState(isSmall || isNew);
  const name = ["name", "host", "label", "model", "group"].map((member) => props.item[member]).find((value) => typeof value === "string" && value !== "");
  const title = name ? `${props.called}: ${String(name)}` : props.called;
  const fields = <Members path={props.path} pointer={props.pointer} schema={props.shape} value={props.item} onInput={props.onInput} />;
  const fault = told(faults, props.pointer);
  return (
    <>
      {isSmall
        ? <div class="entry-fields" role="group" aria-label={props.called}>{fields}</div>
        : <details open={open || wrong}><summary>{title}</summary><div class="entry-fields">{fields}</div></details>}
      {props.buttons}
      {fault && <p class="error">{fault}</p>}
    </>
  );
}

function IconButton(props: {
  kind: string; label: string; disabled: boolean; children: string; onClick: () => void;
  /** There is no further in this direction: the button keeps the focus, so that a key pressed once too often does nothing. */
  ended?: boolean;
}): JSX.Element {
  return (
    <button type="button" class={`button icon ${props.kind}`} aria-label={props.label} title={props.label} disabled={props.disabled}
      aria-disabled={props.ended || undefined} onClick={props.ended ? undefined : props.onClick}>
      <span aria-hidden="true">{props.children}</span>
    </button>
  );
}

/** Names with a value each. */
export function MapInput(props: FieldProps): JSX.Element {
  const { section, faults, disabled, id } = useForm();
  const box = useRef<HTMLFieldSetElement>(null);
  const focusNext = useFocusNext(box);
  const [fresh, setFresh] = useState("");
  const entries = isDoc(props.value) ? Object.entries(props.value) : [];
  const label = spoken(fieldWords(section, props.path).label);
  const nameLabel = spoken(fieldWords(section, `${props.path}.name`).label);
  const valueLabel = spoken(fieldWords(section, `${props.path}.value`).label);
  const fault = told(faults, props.pointer);
  const shape = typeof props.schema.additionalProperties === "object" ? props.schema.additionalProperties : { type: "string" };
  const reference = section.references?.[props.path];
  const addFresh = () => {
    if (fresh.trim() === "" || entries.some(([name]) => name === fresh)) return;
    props.onInput({ ...Object.fromEntries(entries), [fresh]: "" });
    setFresh("");
    focusNext(`[data-item="${entries.length}"] input, [data-item="${entries.length}"] select`);
  };
  const common = { label: nameLabel, value: fresh, onInput: setFresh, disabled };
  return (
    <fieldset ref={box} class={`list${fault ? " wrong" : ""}`} id={`${id}${props.pointer}`} tabIndex={-1}>
      <legend>{label}</legend>
      <p class="help">{helpOf(section, props.path, { ...props.schema, default: undefined })}</p>
      {fault && <p class="error">{fault}</p>}
      {entries.length === 0 && <p class="small">{words().noEntries}</p>}
      {entries.map(([name, value], place) => (
        <div key={name} class="entry" data-item={place}>
          <FieldInput path={`${props.path}.value`} pointer={below(props.pointer, name)} schema={shape} value={value} label={`${name}: ${valueLabel}`}
            onInput={(next) => props.onInput({ ...Object.fromEntries(entries), [name]: next })} />
          <div class="entry-buttons">
            <IconButton kind="remove" label={`${words().remove}: ${name}`} disabled={disabled} onClick={() => {
              props.onInput(Object.fromEntries(entries.filter(([other]) => other !== name)));
              focusNext(`[data-item="${Math.min(place, entries.length - 2)}"] .remove`, "input, select");
            }}>✕</IconButton>
          </div>
        </div>
      ))}
      <div class="entry">
        {reference ? <ReferenceInput {...common} to={reference} /> : <TextField {...common} />}
        <div class="entry-buttons">
          <Button disabled={disabled || fresh.trim() === ""} onClick={addFresh}>{shared().add}</Button>
        </div>
      </div>
    </fieldset>
  );
}
