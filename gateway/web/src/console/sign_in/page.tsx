// Signing in: name, password, a code where one is needed, and the message that must be read first (OPS-07).

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Problem } from "../api";
import { Switch, TextField } from "../components/field";
import { Button, Notice, problemText, retryText } from "../components/parts";
import { useAction } from "../components/use";
import { Mark, Preferences } from "../frame";
import { signIn, signOn, type SignOn } from "../session";
import { words } from "./texts";
import { words as shared } from "../components/texts";

/** The whole page. */
export function SignIn(props: { note?: string } = {}): JSX.Element {
  useEffect(() => { document.title = `${words().title} · ${shared().product}`; });
  return (
    <main class="alone">
      <div class="sheet">
        <p class="brand"><Mark />{shared().product}</p>
        <h1>{words().title}</h1>
        {props.note && <Notice kind="ok">{props.note}</Notice>}
        <SignInForm />
      </div>
      <Preferences />
    </main>
  );
}

function told(problem: Problem): string {
  switch (problem.code) {
    case "wrong": return words().wrong;
    case "one_time_wrong": return words().oneTimeWrong;
    case "no_role": return words().noRole;
    case "unacknowledged": return words().acknowledge;
    case "locked": return `${words().locked} ${retryText(problem)}`;
    default: return problemText(problem);
  }
}

/** The form alone, for a session that ended in the middle of something too. */
export function SignInForm(props: { account?: string }): JSX.Element {
  const [mode, setMode] = useState<SignOn | null>(null);
  const [account, setAccount] = useState(props.account ?? "");
  const [password, setPassword] = useState("");
  const [oneTime, setOneTime] = useState<string | null>(null);
  const [acknowledged, setAcknowledged] = useState(false);
  const { busy, problem, run } = useAction();
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    signOn().then(setMode, () => {});
    const empty = [...(form.current?.querySelectorAll("input") ?? [])].find((input) => input.value === "");
    empty?.focus();
  }, []);
  const submit = async (event: Event) => {
    event.preventDefault();
    await run(() => signIn({
      account, password, ...(oneTime ? { one_time: oneTime } : {}), ...(mode?.message ? { acknowledged } : {}),
    }));
  };
  const needsCode = problem?.code === "one_time_needed";
  useEffect(() => {
    if (!needsCode || oneTime !== null) return;
    setOneTime("");
    requestAnimationFrame(() => form.current?.querySelector<HTMLInputElement>("input[name=one-time]")?.focus());
  }, [needsCode]);
  return (
    <form ref={form} onSubmit={(event) => void submit(event)}>
      {mode?.set_up && <Notice quiet>{words().setUpWaits}</Notice>}
      {mode?.message && (
        <div class="message">
          <h2>{words().message}</h2>
          <p>{mode.message}</p>
          <Switch label={words().acknowledged} value={acknowledged} onInput={setAcknowledged} />
        </div>
      )}
      {problem && !needsCode && <div class="notice notice-missing" role="alert"><p>{told(problem)}</p></div>}
      <TextField label={words().account} name="account" value={account} onInput={setAccount} autocomplete="username" required maxLength={128} />
      <TextField label={words().password} name="password" type="password" value={password} onInput={setPassword} autocomplete="current-password" required />
      {oneTime !== null && (
        <TextField label={words().oneTime} name="one-time" help={words().oneTimeHelp} value={oneTime} onInput={setOneTime}
          autocomplete="one-time-code" inputMode="numeric" maxLength={16} required />
      )}
      <Button type="submit" kind="main" busy={busy}>{words().signIn}</Button>
    </form>
  );
}
