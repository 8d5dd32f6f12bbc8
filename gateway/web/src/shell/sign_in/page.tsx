// Signing in: once for all applications where that is on, else by name, password and a code where one is
// needed; and the message that must be read first (OPS-07). Local accounts keep their sign-in always.

import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Problem } from "../api";
import { Switch, TextField } from "../components/field";
import { Button, Loading, Notice, problemText, retryText } from "../components/parts";
import { isFramed } from "../framed";
import { useAction } from "../use";
import { Mark, Preferences } from "../preferences";
import { go, place } from "../router";
import { signIn, signOn, type SignOn } from "../session";
import { InWindow, RefusalShown, refusalOf, SIGNED_OUT, SingleSignOn } from "./single";
import { words } from "./texts";
import { words as shared } from "../components/texts";

/** The whole page. */
export function SignIn(props: { note?: string } = {}): JSX.Element {
  const refusal = place.value.parts[0] === SIGNED_OUT ? refusalOf(place.value.query) : null;
  const title = refusal?.title ?? words().title;
  useEffect(() => { document.title = `${title} · ${shared().product}`; });
  return (
    <main class="alone">
      <div class="sheet">
        <p class="brand"><Mark />{shared().product}</p>
        <h1>{title}</h1>
        {refusal && <RefusalShown refusal={refusal} />}
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
    case "no_cookies": return isFramed ? words().noCookiesFramed : words().noCookies;
    case "locked": return `${words().locked} ${retryText(problem)}`;
    default: return problemText(problem);
  }
}

/** The form alone, for a session that ended in the middle of something too. */
export function SignInForm(props: { account?: string }): JSX.Element {
  /** `undefined` until it is known, `null` where the node does not say. */
  const [mode, setMode] = useState<SignOn | null | undefined>(undefined);
  const [acknowledged, setAcknowledged] = useState(false);
  useEffect(() => { signOn().then(setMode, () => setMode(null)); }, []);
  if (mode === undefined) return <Loading />;
  const message = mode?.message;
  const local = <LocalForm acknowledged={message ? acknowledged : null} focus={mode?.single_sign_on !== true} {...props} />;
  return (
    <div class="ways-in">
      {mode?.set_up && <Notice quiet>{words().setUpWaits}</Notice>}
      {message && (
        <div class="message">
          <h2>{words().message}</h2>
          <p>{message}</p>
          <Switch label={words().acknowledged} value={acknowledged} onInput={setAcknowledged} />
        </div>
      )}
      {mode?.single_sign_on
        ? <>
            {isFramed ? <InWindow /> : <SingleSignOn beside={props.account !== undefined} ready={!message || acknowledged} acknowledged={acknowledged} />}
            <details>
              <summary>{words().local}</summary>
              <div class="local-way"><p class="small">{words().localText}</p>{local}</div>
            </details>
          </>
        : local}
    </div>
  );
}

/** Name and password. `acknowledged` is null where no message is to be read. */
function LocalForm(props: { account?: string; acknowledged: boolean | null; focus: boolean }): JSX.Element {
  const { acknowledged } = props;
  const [account, setAccount] = useState(props.account ?? "");
  const [password, setPassword] = useState("");
  const [oneTime, setOneTime] = useState<string | null>(null);
  const { busy, problem, run } = useAction();
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (!props.focus) return;
    const empty = [...(form.current?.querySelectorAll("input") ?? [])].find((input) => input.value === "");
    empty?.focus();
  }, []);
  const submit = async (event: Event) => {
    event.preventDefault();
    const done = await run(() => signIn({
      account, password, ...(oneTime ? { one_time: oneTime } : {}), ...(acknowledged === null ? {} : { acknowledged }),
    }));
    // What was refused before is settled.
    if (done && place.value.parts[0] === SIGNED_OUT) go("#/");
  };
  const needsCode = problem?.code === "one_time_needed";
  useEffect(() => {
    if (!needsCode || oneTime !== null) return;
    setOneTime("");
  }, [needsCode]);
  useLayoutEffect(() => {
    if (oneTime !== null) form.current?.querySelector<HTMLInputElement>("input[name=one-time]")?.focus();
  }, [oneTime !== null]);
  return (
    <form ref={form} onSubmit={(event) => void submit(event)}>
      {problem && !needsCode && <div class="notice notice-missing" role="alert"><p>{told(problem)}</p></div>}
      {problem?.code === "no_cookies" && isFramed && <InWindow />}
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
