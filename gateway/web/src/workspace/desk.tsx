// How somebody works: the choice at the beginning of the day, the states, and the end of the work.
//
// Voice has its own state, and no control of it is shown to whoever works without an extension.

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Choice, TextField } from "../shell/components/field";
import { Button, Dialog, Trouble } from "../shell/components/parts";
import { Since } from "../shell/components/presence";
import { words as shared } from "../shell/components/texts";
import * as storage from "../shell/kept";
import { fill } from "../shell/language";
import { Mark, Preferences } from "../shell/preferences";
import { stateWord } from "../shell/presence";
import { session, signOut } from "../shell/session";
import { useAction } from "../shell/use";
import { toast } from "./alerts";
import type { Reason } from "./answers";
import { contacts, desk, me, setState, signInDesk, signOutDesk, voice } from "./state";
import { words } from "./texts";

const KEPT = "jackfield.workspace.start";

function kept(): { with: boolean; extension: string } {
  try {
    const found = JSON.parse(storage.kept(KEPT) ?? "null") as { with?: unknown; extension?: unknown } | null;
    return { with: found?.with === true, extension: typeof found?.extension === "string" ? found.extension : "" };
  } catch {
    return { with: false, extension: "" };
  }
}

/** The choice between work with and without an extension (RTE-08). */
export function StartWork(): JSX.Element {
  const before = kept();
  const [isWith, setWith] = useState(before.with);
  const [extension, setExtension] = useState(before.extension);
  const [password, setPassword] = useState("");
  const [tried, setTried] = useState(false);
  const { busy, problem, run } = useAction();
  const title = words().desk.title;
  useEffect(() => { document.title = `${title} · ${words().product}`; }, [title]);
  const isRight = !isWith || /^[0-9*#+]{1,24}$/.test(extension.trim());
  const start = async (event: Event) => {
    event.preventDefault();
    setTried(true);
    if (!isRight) return;
    storage.keep(KEPT, JSON.stringify({ with: isWith, extension: extension.trim() }));
    await run(() => signInDesk(isWith ? extension.trim() : null, isWith && password !== "" ? password : null));
  };
  return (
    <main class="alone">
      <div class="sheet">
        <p class="brand"><Mark />{shared().product} {words().product}</p>
        <h1>{title}</h1>
        <p>{fill(words().desk.text, { who: me.value?.name ?? session.value?.who ?? "" })}</p>
        <form onSubmit={(event) => void start(event)} noValidate>
          <Trouble problem={problem} />
          <fieldset>
            <legend class="hidden-visually">{title}</legend>
            {[[true, words().desk.with, words().desk.withHelp], [false, words().desk.without, words().desk.withoutHelp]].map(([value, label, help]) => (
              <label key={String(value)} class="way">
                <input type="radio" name="way" checked={isWith === value} onChange={() => setWith(value === true)} />
                <span><strong>{label}</strong><br /><span class="small">{help}</span></span>
              </label>
            ))}
          </fieldset>
          {isWith && <TextField label={words().desk.extension} value={extension} onInput={setExtension} inputMode="numeric" maxLength={24}
            error={tried && !isRight ? words().desk.extensionWrong : undefined} />}
          {isWith && me.value?.needs_password_for_voice && <TextField label={words().desk.password} type="password" autocomplete="current-password"
            value={password} onInput={setPassword} maxLength={128} help={words().desk.passwordHelp} />}
          <Button type="submit" kind="main" busy={busy}>{words().desk.start}</Button>
        </form>
        <div class="actions">
          {me.value?.can_supervise && <a class="button" href="#/team">{words().team}</a>}
          <Button onClick={() => void signOut()}>{shared().signOut}</Button>
        </div>
      </div>
      <Preferences />
    </main>
  );
}

/** One state with its control. */
function Control(props: { which: "desk" | "voice"; label: string; state: string; reason: number | null; since: string; pending?: string | null; reasons: Reason[] }): JSX.Element {
  const { busy, problem, run } = useAction();
  const value = props.state === "ready" ? "ready" : props.state === "not_ready" ? `not_ready ${props.reason ?? ""}`.trim() : props.state;
  const options = [
    { value: "ready", label: words().desk.ready },
    ...(props.reasons.length === 0 || !props.reasons.some((one) => one.code === props.reason) && props.state === "not_ready"
      ? [{ value: `not_ready ${props.reason ?? ""}`.trim(), label: words().desk.not_ready }] : []),
    ...props.reasons.map((reason) => ({ value: `not_ready ${reason.code}`, label: `${words().desk.not_ready}: ${reason.label}` })),
  ];
  // What a call makes of the state is shown, and chosen by nobody.
  if (!options.some((option) => option.value === value)) options.unshift({ value, label: stateWord(props.state) });
  useEffect(() => { if (problem) toast(problem.message || shared().unreachable, "missing"); }, [problem]);
  return (
    <div class={`control control-${props.state === "ready" ? "ready" : props.state === "not_ready" ? "not-ready" : "else"}`}>
      <Choice label={props.label} value={value} options={options} disabled={busy} onInput={(chosen) => {
        const [state = "", code] = chosen.split(" ");
        if (state === "ready" || state === "not_ready") void run(() => setState(props.which, state, code ? Number(code) : null));
      }} />
      <span class="small control-since"><Since at={props.since} />{props.pending && ` · ${fill(words().desk.pending, { state: stateWord(props.pending) })}`}</span>
    </div>
  );
}

/** All states that this agent has. */
export function Controls(): JSX.Element | null {
  const now = desk.value;
  const speech = voice.value;
  if (!now || !me.value) return null;
  return (
    <>
      <Control which="desk" label={words().desk.state} state={now.state} reason={now.reason ?? null} since={now.since} reasons={me.value.reasons.not_ready} />
      {speech && <Control which="voice" label={words().desk.voice} state={speech.state} reason={speech.reason ?? null} since={speech.since} pending={speech.pending ?? null}
        reasons={speech.reasons?.not_ready ?? me.value.reasons.not_ready} />}
    </>
  );
}

/** Ready becomes not ready, and the other way round. */
export function toggleState(): void {
  if (!desk.value) return;
  const next = desk.value.state === "ready" ? "not_ready" : "ready";
  const reason = next === "not_ready" ? me.value?.reasons.not_ready[0]?.code ?? null : null;
  setState("desk", next, reason).catch(() => toast(shared().unreachable, "missing"));
}

/** Asks before the work ends. */
export function EndWork(props: { open: boolean; onClose: () => void }): JSX.Element {
  const reasons = me.value?.reasons.sign_out ?? [];
  const [reason, setReason] = useState("");
  const { busy, problem, run } = useAction();
  const count = contacts.value.size;
  const told = words().desk;
  const chosen = reason || String(reasons[0]?.code ?? "");
  return (
    <Dialog open={props.open} title={told.signOutTitle} onClose={props.onClose}>
      <p>{count === 0 ? told.signOutText : count === 1 ? told.signOutOne : fill(told.signOutOpen, { count })}</p>
      {reasons.length > 0 && <Choice label={told.signOutReason} value={chosen} onInput={setReason} options={reasons.map((one) => ({ value: String(one.code), label: one.label }))} />}
      <Trouble problem={problem} />
      <div class="dialog-actions">
        <Button onClick={props.onClose}>{shared().cancel}</Button>
        <Button kind="main" busy={busy} onClick={() => void run(async () => {
          await signOutDesk(chosen === "" ? null : Number(chosen));
          props.onClose();
        })}>{told.signOut}</Button>
      </div>
    </Dialog>
  );
}
