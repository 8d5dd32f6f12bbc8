// Asking for a certificate, and importing one.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { send } from "../../../shell/api";
import { Choice, Switch, TextArea, TextField } from "../../../shell/components/field";
import { Button, Notice, Section, Trouble } from "../../../shell/components/parts";
import { useAction } from "../../../shell/use";
import { PURPOSES } from "./answers";
import { words } from "./texts";

const purposes = () => PURPOSES.map((value) => ({ value, label: words().purposes[value] ?? value }));
/** Files of certificates are small; anything larger is something else. */
const FILE_BYTES_MAX = 1024 * 1024;

export function RequestForm(props: { again: () => void }): JSX.Element {
  const [fields, setFields] = useState({ purpose: "server", names: "", organization: "", organizational_unit: "", locality: "", state: "", country: "", key_sort: "ecdsa_p256" });
  const [replace, setReplace] = useState(false);
  const [request, setRequest] = useState<string | null>(null);
  const { busy, problem, run } = useAction();
  const set = (name: keyof typeof fields) => (value: string) => setFields({ ...fields, [name]: value });
  const wrong = (name: string) => problem?.errors.find((error) => error.field.split("[")[0] === name)?.message;
  const submit = (event: Event) => {
    event.preventDefault();
    void run(async () => {
      const names = fields.names.split("\n").map((name) => name.trim()).filter((name) => name !== "");
      const set = Object.entries({ ...fields, names: undefined }).filter(([, value]) => value !== "" && value !== undefined);
      const body = { ...Object.fromEntries(set), ...(names.length > 0 ? { names } : {}), ...(replace ? { replace } : {}) };
      const told = (await send<{ text?: string }>("POST", "/certificates/request", { body })).body;
      setRequest(told.text ?? JSON.stringify(told));
      props.again();
    });
  };
  return (
    <Section title={words().request}>
      <p>{words().requestText}</p>
      <form onSubmit={submit}>
        <Trouble problem={problem} />
        <Choice label={words().purpose} value={fields.purpose} onInput={set("purpose")} options={purposes()} />
        <TextArea label={words().moreNames} help={words().moreNamesHelp} rows={2} value={fields.names} onInput={set("names")} error={wrong("names")} />
        <TextField label={words().organization} value={fields.organization} onInput={set("organization")} maxLength={200} autocomplete="organization" error={wrong("organization")} />
        <TextField label={words().unit} value={fields.organizational_unit} onInput={set("organizational_unit")} maxLength={200} error={wrong("organizational_unit")} />
        <TextField label={words().locality} value={fields.locality} onInput={set("locality")} maxLength={200} error={wrong("locality")} />
        <TextField label={words().state} value={fields.state} onInput={set("state")} maxLength={200} error={wrong("state")} />
        <TextField label={words().country} value={fields.country} onInput={set("country")} maxLength={2} error={wrong("country")} />
        <Choice label={words().keySort} value={fields.key_sort} onInput={set("key_sort")}
          options={[{ value: "ecdsa_p256", label: "ECDSA P-256" }, { value: "ecdsa_p384", label: "ECDSA P-384" }]} />
        <Switch label={words().replace} value={replace} onInput={setReplace} />
        <div><Button type="submit" kind="main" busy={busy}>{words().make}</Button></div>
      </form>
      {request && <Notice kind="ok"><p>{words().made}</p><pre tabIndex={0}>{request}</pre></Notice>}
    </Section>
  );
}

export function ImportForm(props: { again: () => void }): JSX.Element {
  const [purpose, setPurpose] = useState("server");
  const [pem, setPem] = useState("");
  const [key, setKey] = useState("");
  const [password, setPassword] = useState("");
  const [file, setFile] = useState<{ name: string; pkcs12: string } | null>(null);
  const [done, setDone] = useState(false);
  const { busy, problem, run } = useAction();
  const choose = async (chosen: File | undefined) => {
    setFile(null);
    if (!chosen || chosen.size > FILE_BYTES_MAX) return;
    const content = new Uint8Array(await chosen.arrayBuffer());
    // PKCS #12 is DER and begins with a sequence; PEM is text.
    if (content[0] === 0x30) setFile({ name: chosen.name, pkcs12: btoa(Array.from(content, (byte) => String.fromCharCode(byte)).join("")) });
    else setPem(new TextDecoder().decode(content));
  };
  const submit = (event: Event) => {
    event.preventDefault();
    setDone(false);
    void run(async () => {
      const body = {
        purpose, ...(file ? { pkcs12: file.pkcs12 } : { pem }), ...(key.trim() ? { key } : {}), ...(password ? { password } : {}),
      };
      await send("POST", "/certificates/import", { body });
      setPem("");
      setKey("");
      setPassword("");
      setFile(null);
      setDone(true);
      props.again();
    });
  };
  const fileId = "certificate-file";
  return (
    <Section title={words().import}>
      <p>{words().importText}</p>
      <form onSubmit={submit}>
        <Trouble problem={problem} />
        <Choice label={words().purpose} value={purpose} onInput={setPurpose} options={purposes()} />
        <TextArea label={words().pem} code rows={5} value={pem} onInput={setPem} disabled={file !== null} />
        <div class="field">
          <label for={fileId}>{words().file}</label>
          <input id={fileId} type="file" accept=".pem,.crt,.cer,.p12,.pfx" onChange={(event) => void choose(event.currentTarget.files?.[0])} />
        </div>
        <TextArea label={words().keyPem} code rows={3} value={key} onInput={setKey} disabled={file !== null} />
        <TextField label={words().password} type="password" autocomplete="off" value={password} onInput={setPassword} maxLength={1024} />
        <div><Button type="submit" kind="main" busy={busy}>{words().importNow}</Button></div>
      </form>
      {done && <Notice kind="ok">{words().imported}</Notice>}
    </Section>
  );
}
