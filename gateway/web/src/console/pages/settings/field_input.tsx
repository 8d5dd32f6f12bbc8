// The fields of a form, made from the shape of a document.

import { createContext } from "preact";
import type { JSX } from "preact";
import { useContext, useId } from "preact/hooks";
import { Choice, Switch, TextArea, TextField } from "../../../shell/components/field";
import { words as shared } from "../../../shell/components/texts";
import { fill, number } from "../../../shell/language";
import { told, type Faults } from "./check";
import { ListInput, MapInput } from "./list_input";
import { ReferenceInput } from "./reference";
import { below, choices, isDoc, keptAs, kindOf, members, type Doc, type Schema, type Value } from "./schema";
import { SecretInput } from "./secret";
import { fieldWords, inOrder, optionLabel, spoken, type SectionEntry } from "./sections";
import { words } from "./texts";

/** What all fields of a form know. */
export interface FormFacts {
  section: SectionEntry;
  faults: Faults;
  disabled: boolean;
  /** Members that name the document and may not change. */
  settled: string[];
  /** Begins the ids of fields: the pointer follows. */
  id: string;
}

export const FormContext = createContext<FormFacts | null>(null);

export function useForm(): FormFacts {
  const facts = useContext(FormContext);
  if (!facts) throw new Error("a field stands in no form");
  return facts;
}

/** What one field is given. */
export interface FieldProps {
  /** The path in the words of the section, without places in lists. */
  path: string;
  pointer: string;
  schema: Schema;
  value: Value;
  required?: boolean;
  /** Stands in for the label, as in lists. */
  label?: string;
  onInput: (value: Value) => void;
}

/** What the value is where the field is empty. */
function usual(section: SectionEntry, path: string, schema: Schema): string {
  const value = schema.default;
  // A choice says so itself.
  if (value === undefined || typeof value === "boolean" || kindOf(schema) === "choice") return "";
  const shown = Array.isArray(value)
    ? value.map((item) => optionLabel(section, path, String(item))).join(", ")
    : typeof value === "number" ? number(value) : optionLabel(section, path, String(value));
  return fill(words().usual, { value: shown });
}

function range(schema: Schema): string {
  if (kindOf(schema) !== "integer" || schema.maximum === undefined) return "";
  return fill(words().range, { least: number(schema.minimum ?? 0), most: number(schema.maximum) });
}

/** The help of a field: what it is for, what may be typed, what holds without it. */
export function helpOf(section: SectionEntry, path: string, schema: Schema): string {
  // What is chosen from a list needs no range.
  const typed = section.references?.[path] ? "" : range(schema);
  return [spoken(fieldWords(section, path).help), typed, usual(section, path, schema)].filter(Boolean).join(" ");
}

export function FieldInput(props: FieldProps): JSX.Element {
  const { section, faults, disabled, settled, id } = useForm();
  const { schema, path, pointer, value } = props;
  const label = props.label ?? spoken(fieldWords(section, path).label);
  const isSettled = settled.includes(pointer.slice(1));
  const common = {
    id: `${id}${pointer}`,
    label,
    help: props.label ? undefined : isSettled ? words().settled : helpOf(section, path, schema) || undefined,
    error: told(faults, pointer),
    required: props.required ?? false,
    disabled: disabled || isSettled,
  };
  const text = value === undefined || value === null ? "" : String(value);
  const reference = section.references?.[path];
  if (reference && !isDoc(value) && !Array.isArray(value) && kindOf(schema) !== "list" && kindOf(schema) !== "map") {
    return <ReferenceInput {...common} to={reference} value={text} onInput={(next) => props.onInput(next === "" ? undefined : next)} />;
  }
  switch (kindOf(schema)) {
    case "long":
      return <TextArea {...common} value={text} rows={8} code={schema.pattern !== undefined} onInput={props.onInput} />;
    case "integer":
      return <TextField {...common} value={text} inputMode="numeric" onInput={props.onInput} />;
    case "switch":
      return <Switch {...common} required={false} value={(value ?? schema.default) === true} onInput={props.onInput} />;
    case "three":
      return (
        <Choice {...common} value={value === true ? "true" : value === false ? "false" : ""}
          options={[{ value: "", label: words().leave }, { value: "true", label: shared().yes }, { value: "false", label: shared().no }]}
          onInput={(next) => props.onInput(next === "" ? undefined : next === "true")} />
      );
    case "choice": {
      const none = schema.default !== undefined ? fill(words().asUsual, { value: optionLabel(section, path, String(schema.default)) }) : words().notSet;
      return (
        <Choice {...common} value={text} onInput={(next) => props.onInput(next === "" ? undefined : next)}
          options={[
            ...(common.required && text !== "" ? [] : [{ value: "", label: common.required ? words().choose : none }]),
            ...choices(schema).map((choice) => ({ value: choice, label: optionLabel(section, path, choice) })),
          ]} />
      );
    }
    case "choices":
      return <Checks {...props} />;
    case "list":
    case "objects":
      return <ListInput {...props} />;
    case "map":
      return <MapInput {...props} />;
    case "object":
      return <ObjectInput {...props} />;
    default:
      return <TextField {...common} value={text} maxLength={limit(schema)} onInput={props.onInput} />;
  }
}

/** Nothing typed is cut off silently: a text may be longer in the field than where it is taken. */
function limit(schema: Schema): number {
  return (schema.maxLength ?? 1_000) * 2 + 10;
}

/** Several of few values. */
function Checks(props: FieldProps): JSX.Element {
  const { section, faults, disabled, id } = useForm();
  const chosen = Array.isArray(props.value) ? props.value.map(String) : [];
  const all = choices(props.schema.items ?? {});
  const fault = told(faults, props.pointer);
  const help = useId();
  return (
    <fieldset class={`checks${fault ? " wrong" : ""}`} id={`${id}${props.pointer}`} tabIndex={-1} aria-describedby={help}>
      <legend>{props.label ?? spoken(fieldWords(section, props.path).label)}{props.required && <span class="small"> ({shared().required})</span>}</legend>
      <div id={help}>
        <p class="help">{helpOf(section, props.path, props.schema)}</p>
        {fault && <p class="error">{fault}</p>}
      </div>
      {all.map((choice) => (
        <Switch key={choice} label={optionLabel(section, props.path, choice)} value={chosen.includes(choice)} disabled={disabled}
          onInput={(on) => props.onInput(all.filter((other) => other === choice ? on : chosen.includes(other)))} />
      ))}
    </fieldset>
  );
}

/** Members that belong together, there or not as a whole. */
function ObjectInput(props: FieldProps): JSX.Element {
  const { section, faults, disabled, id } = useForm();
  const there = isDoc(props.value);
  const fault = told(faults, props.pointer);
  return (
    <fieldset class={fault ? "wrong" : undefined} id={`${id}${props.pointer}`} tabIndex={-1}>
      <legend>{spoken(fieldWords(section, props.path).label)}</legend>
      {fault && <p class="error">{fault}</p>}
      <Switch label={words().use} help={spoken(fieldWords(section, props.path).help) || undefined} value={there} disabled={disabled}
        onInput={(on) => props.onInput(on ? {} : undefined)} />
      {isDoc(props.value) && <Members path={props.path} pointer={props.pointer} schema={props.schema} value={props.value} onInput={props.onInput} />}
    </fieldset>
  );
}

/** The fields of all members of a shape, or of those that are named. */
export function Members(props: {
  path: string; pointer: string; schema: Schema; value: Doc; names?: string[]; onInput: (value: Doc) => void;
}): JSX.Element {
  const { section } = useForm();
  return (
    <>
      {(props.names ?? inOrder(section, props.path, members(props.schema))).map((name) => {
        const shape = props.schema.properties?.[name];
        if (!shape) return null;
        const path = props.path === "" ? name : `${props.path}.${name}`;
        const set = (value: Value) => props.onInput({ ...props.value, [name]: value });
        const required = (props.schema.required?.includes(name) ?? false) || (props.pointer === "" && section.named_by.includes(name));
        const kept = keptAs(props.schema, name);
        if (kindOf(shape) === "secret") {
          return (
            <SecretInput key={name} path={path} pointer={below(props.pointer, name)} schema={shape} value={props.value[name]} required={required}
              isKept={kept !== undefined && props.value[kept] !== undefined && props.value[kept] !== null}
              onInput={set} onForget={() => props.onInput({ ...props.value, [name]: undefined, ...(kept ? { [kept]: undefined } : {}) })} />
          );
        }
        return (
          <FieldInput key={name} path={path} pointer={below(props.pointer, name)} schema={shape} value={props.value[name]}
            required={required} onInput={set} />
        );
      })}
    </>
  );
}
