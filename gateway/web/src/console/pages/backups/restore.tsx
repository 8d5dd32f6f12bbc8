// Looking into a backup, and putting it in the place of what there is.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { send } from "../../../shell/api";
import { Switch, TextField } from "../../../shell/components/field";
import { Button, Notice, Trouble } from "../../../shell/components/parts";
import { words as shared } from "../../../shell/components/texts";
import { useAction } from "../../../shell/use";
import { fill } from "../../../shell/language";
import { words } from "./texts";

interface Inside {
  findings: string[];
  wrong: number;
}

interface Looked {
  inside: Inside;
  refused: string | null;
  replaces: string | null;
  warning: string | null;
}

const MILLISECONDS_MAX = 600_000;

export function Verify(props: { path: string }): JSX.Element {
  const [passphrase, setPassphrase] = useState("");
  const [inside, setInside] = useState<Inside | null>(null);
  const { busy, problem, run } = useAction();
  const submit = (event: Event) => {
    event.preventDefault();
    setInside(null);
    void run(async () => {
      const body = passphrase ? { passphrase } : {};
      setInside((await send<Inside>("POST", `${props.path}/verify`, { body, milliseconds: MILLISECONDS_MAX })).body);
    });
  };
  return (
    <form onSubmit={submit}>
      <TextField label={words().passphraseOf} type="password" autocomplete="off" value={passphrase} onInput={setPassphrase} />
      <Trouble problem={problem} />
      {inside && <InsideTold inside={inside} />}
      <div><Button type="submit" kind="main" busy={busy}>{words().verify}</Button></div>
    </form>
  );
}

function InsideTold(props: { inside: Inside }): JSX.Element {
  const { findings, wrong } = props.inside;
  return (
    <Notice kind={wrong === 0 ? "ok" : "missing"}>
      <p>{wrong === 0 ? words().whole : words().notWhole}</p>
      {findings.length > 0 && <ul>{findings.map((finding) => <li key={finding}>{finding}</li>)}</ul>}
      <details><summary>{words().inside}</summary><pre>{JSON.stringify(props.inside, null, 2)}</pre></details>
    </Notice>
  );
}

export function Restore(props: { path: string; close: () => void }): JSX.Element {
  const [passphrase, setPassphrase] = useState("");
  const [other, setOther] = useState(false);
  const [looked, setLooked] = useState<Looked | null>(null);
  const [done, setDone] = useState(false);
  const { busy, problem, run } = useAction();
  const restore = (dryRun: boolean) => run(async () => {
    const body = { ...(passphrase ? { passphrase } : {}), ...(other ? { other_deployment: true } : {}), dry_run: dryRun };
    const told = (await send<Looked>("POST", `${props.path}/restore`, { body, milliseconds: MILLISECONDS_MAX })).body;
    if (dryRun) setLooked(told);
    else setDone(true);
  });
  if (done) {
    return (
      <>
        <Notice kind="ok">{words().restored}</Notice>
        <div class="dialog-actions"><Button kind="main" onClick={() => location.reload()}>{shared().close}</Button></div>
      </>
    );
  }
  return (
    <form onSubmit={(event) => { event.preventDefault(); void restore(true); }}>
      <p>{words().restoreLook}</p>
      <TextField label={words().passphraseOf} type="password" autocomplete="off" value={passphrase} onInput={(value) => { setPassphrase(value); setLooked(null); }} />
      <Switch label={words().otherDeployment} value={other} onInput={(value) => { setOther(value); setLooked(null); }} />
      <Trouble problem={problem} />
      {looked && <InsideTold inside={looked.inside} />}
      {looked?.refused && <Notice kind="missing">{looked.refused}</Notice>}
      {looked?.warning && <Notice kind="partial">{looked.warning}</Notice>}
      {looked?.replaces && <Notice kind="partial"><p>{fill(words().replaces, { what: looked.replaces })}</p><p>{words().restoreWarning}</p></Notice>}
      <div class="dialog-actions">
        <Button onClick={props.close}>{shared().cancel}</Button>
        <Button type="submit" busy={busy}>{words().look}</Button>
        {looked && !looked.refused && <Button kind="danger" busy={busy} onClick={() => void restore(false)}>{words().restoreNow}</Button>}
      </div>
    </form>
  );
}
