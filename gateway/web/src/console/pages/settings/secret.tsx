// A secret in a form: what is kept is never shown, only replaced or taken away.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { TextField } from "../../../shell/components/field";
import { ChooseFile } from "../../components/file";
import { Button } from "../../../shell/components/parts";
import { told } from "./check";
import { helpOf, useForm } from "./field_input";
import type { Schema, Value } from "./schema";
import { fieldWords, spoken } from "./sections";
import { words } from "./texts";

export function SecretInput(props: {
  path: string; pointer: string; schema: Schema; value: Value; required: boolean; isKept: boolean;
  onInput: (value: Value) => void;
  /** Takes away what is kept. */
  onForget: () => void;
}): JSX.Element {
  const { section, faults, disabled, id } = useForm();
  const [replacing, setReplacing] = useState(false);
  const label = spoken(fieldWords(section, props.path).label);
  const fault = told(faults, props.pointer);
  if (props.isKept && !replacing) {
    return (
      <div class={`field secret${fault ? " wrong" : ""}`} role="group" aria-label={label} id={`${id}${props.pointer}`} tabIndex={-1}>
        <span class="label">{label}</span>
        <div class="actions">
          <span>{words().secretSet}</span>
          <Button disabled={disabled} label={`${words().replace}: ${label}`} onClick={() => setReplacing(true)}>{words().replace}</Button>
          {!props.required && (
            <Button disabled={disabled} label={`${words().takeAway}: ${label}`} onClick={props.onForget}>{words().takeAway}</Button>
          )}
        </div>
        <p class="help">{helpOf(section, props.path, props.schema)}</p>
        {fault && <p class="error">{fault}</p>}
      </div>
    );
  }
  return (
    <div class="secret">
      <TextField id={`${id}${props.pointer}`} label={label} help={helpOf(section, props.path, props.schema) || undefined} error={fault}
        required={props.required} disabled={disabled} type="password" autocomplete="new-password"
        value={typeof props.value === "string" ? props.value : ""} onInput={props.onInput} />
      {props.schema.contentMediaType !== undefined && (
        <ChooseFile label={`${words().chooseFile}: ${label}`} help={words().chooseFileHelp} notText={words().noTextFile} disabled={disabled}
          accept={props.schema.contentMediaType} bytesMax={props.schema.maxLength ?? 16_384} onChosen={(chosen) => props.onInput(chosen.text)} />
      )}
      {props.isKept && (
        <Button label={`${words().keepSecret}: ${label}`} onClick={() => { setReplacing(false); props.onInput(undefined); }}>{words().keepSecret}</Button>
      )}
    </div>
  );
}
