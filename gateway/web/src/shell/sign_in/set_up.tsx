// The first administrator, by the link that a fresh node makes.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { send } from "../api";
import { TextField } from "../components/field";
import { Button, Notice, Trouble } from "../components/parts";
import { words as shared } from "../components/texts";
import { useAction } from "../use";
import { Mark, Preferences } from "../preferences";
import { fill } from "../language";
import { signIn } from "../session";
import { words } from "./texts";

/** The fewest characters of a password here. */
const PASSWORD_CHARACTERS_MIN = 8;

export function SetUp(props: { secret: string; done: () => void }): JSX.Element {
  const [account, setAccount] = useState("");
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const [tried, setTried] = useState(false);
  const { busy, problem, run } = useAction();
  const differ = tried && password !== again;
  const submit = async (event: Event) => {
    event.preventDefault();
    setTried(true);
    if (password !== again) return;
    await run(async () => {
      await send("POST", "/set-up", { body: { secret: props.secret, account, password }, anonymous: true });
      // Whoever must read a message first signs in by hand.
      await signIn({ account, password }).catch(() => {});
      location.hash = "#/first-steps";
      props.done();
    });
  };
  const fieldError = (name: string) => problem?.errors.find((error) => error.field === name)?.message;
  return (
    <main class="alone">
      <div class="sheet">
        <p class="brand"><Mark />{shared().product}</p>
        <h1>{words().setUp}</h1>
        <p>{words().setUpText}</p>
        <form onSubmit={(event) => void submit(event)}>
          {problem?.code === "link_over" ? <Notice kind="missing">{words().linkOver}</Notice> : <Trouble problem={problem} fields={false} />}
          <TextField label={words().account} name="account" value={account} onInput={setAccount} autocomplete="username" required
            maxLength={32} error={fieldError("account")} />
          <TextField label={words().newPassword} name="new-password" type="password" value={password} onInput={setPassword}
            autocomplete="new-password" required help={fill(words().passwordHelp, { least: PASSWORD_CHARACTERS_MIN })} error={fieldError("password")} />
          <TextField label={words().passwordAgain} name="new-password-again" type="password" value={again} onInput={setAgain}
            autocomplete="new-password" required error={differ ? words().passwordsDiffer : undefined} />
          <Button type="submit" kind="main" busy={busy}>{words().make}</Button>
        </form>
      </div>
      <Preferences />
    </main>
  );
}
