// One application: what it may do, a new secret, and its end.

import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { send } from "../../api";
import { Choice, Switch, TextField } from "../../components/field";
import { Button, Copyable, Dialog, Facts, Loading, Page, Section, Trouble } from "../../components/parts";
import { words as shared } from "../../components/texts";
import { problemOf, useAction } from "../../components/use";
import type { Problem } from "../../api";
import { fill } from "../../language";
import { go, guard } from "../../router";
import type { Role } from "../../session";
import { allAtFields, focusWrong, NAME_CHARACTERS_MAX, wrongAt, type OauthClient } from "./answers";
import { Once } from "./once";
import { words } from "./texts";
import { filled, isRight, Urls } from "./urls";

const ROLES: Role[] = ["administrator", "supervisor", "agent", "report"];
const FIELDS = ["name", "redirect_urls", "pkce_required", "refresh", "encrypt_tokens", "native", "may_introspect", "api_roles", "disabled"];

interface Read {
  client: OauthClient;
  tag: string | null;
}

export function EditPage(props: { id: string }): JSX.Element {
  const [read, setRead] = useState<Read | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [saved, setSaved] = useState(false);
  /** The form begins anew with each. */
  const [round, setRound] = useState(0);
  /** Whether nothing is left to save, though the form still shows it. */
  const settled = useRef(false);
  const path = `/oauth-clients/${encodeURIComponent(props.id)}`;
  const look = async () => {
    try {
      const answer = await send<OauthClient>("GET", path);
      // A node leaves away what is empty or off.
      setRead({ client: { ...answer.body, api_roles: answer.body.api_roles ?? [], disabled: answer.body.disabled ?? false }, tag: answer.tag });
      setProblem(null);
    } catch (error) {
      setProblem(problemOf(error));
    }
  };
  useEffect(() => { void look(); }, [path]);
  const anew = async () => {
    await look();
    settled.current = false;
    setRound((round) => round + 1);
  };
  return (
    <Page title={read?.client.name ?? words().one} actions={<a href="#/oauth-clients">{words().back}</a>}>
      <Trouble problem={problem} again={() => void look()} />
      {!read && !problem && <Loading />}
      {read && (
        <>
          <Form key={round} path={path} read={read} saved={saved} settled={settled} anew={anew} onSaved={setSaved} />
          <div class="document page">
            {read.client.kind === "confidential" && <NewSecret client={read.client} path={path} again={look} />}
            <Delete client={read.client} path={path} settled={settled} />
          </div>
        </>
      )}
    </Page>
  );
}

function Form(props: {
  path: string; read: Read; saved: boolean; settled: { current: boolean }; anew: () => Promise<void>; onSaved: (saved: boolean) => void;
}): JSX.Element {
  const { settled } = props;
  const { client, tag } = props.read;
  const [draft, setDraft] = useState(client);
  const [tried, setTried] = useState(false);
  const { busy, problem, run } = useAction();
  const form = useRef<HTMLFormElement>(null);
  const wanted = { ...draft, name: draft.name.trim(), redirect_urls: filled(draft.redirect_urls) };
  const dirty = JSON.stringify(wanted) !== JSON.stringify(client);
  useEffect(() => {
    if (dirty) props.onSaved(false);
  }, [dirty]);
  // As soon as it is drawn: whoever leaves at once is asked what the form says then, neither more nor less.
  useLayoutEffect(() => {
    if (!dirty) return undefined;
    return guard(() => settled.current || confirm(shared().unsaved));
  }, [dirty]);
  const set = (change: Partial<OauthClient>) => setDraft({ ...draft, ...change });
  const submit = (event: Event) => {
    event.preventDefault();
    setTried(true);
    const { name, redirect_urls: urls } = wanted;
    if (name === "" || !isRight(urls, draft.native)) {
      focusWrong(form.current);
      return;
    }
    void run(async () => {
      await send("PUT", props.path, { body: wanted, tag });
      settled.current = true;
      await props.anew();
      props.onSaved(true);
    }).then((done) => { if (!done) focusWrong(form.current); });
  };
  const isPublic = client.kind === "public";
  const encrypt = draft.encrypt_tokens === true ? "yes" : draft.encrypt_tokens === false ? "no" : "";
  return (
    <form class="document" noValidate onSubmit={submit} ref={form}>
      <div class="card">
        <Facts facts={[
          [words().clientId, <Copyable text={client.client_id} label={words().clientId} />],
          [words().kind, words().kindNames[client.kind] ?? client.kind],
        ]} />
        <TextField label={words().name} value={draft.name} onInput={(name) => set({ name })} required maxLength={NAME_CHARACTERS_MAX}
          error={tried && wanted.name === "" ? words().nameMissing : wrongAt(problem, "name")} />
        <Urls urls={draft.redirect_urls} native={draft.native} tried={tried} problem={problem} onInput={(redirect_urls) => set({ redirect_urls })} />
        <Switch label={words().native} help={words().nativeHelp} value={draft.native} onInput={(native) => set({ native })} error={wrongAt(problem, "native")} />
      </div>
      <Section title={words().tokens}>
        <Switch label={words().pkce} help={isPublic ? words().pkceAlways : words().pkceHelp} value={isPublic || draft.pkce_required} disabled={isPublic}
          onInput={(pkce_required) => set({ pkce_required })} error={wrongAt(problem, "pkce_required")} />
        <Choice label={words().refresh} help={words().refreshHelp[draft.refresh]} value={draft.refresh} error={wrongAt(problem, "refresh")}
          onInput={(value) => set({ refresh: value as OauthClient["refresh"] })}
          options={(["with_access_token", "refresh_token_only"] as const).map((value) => ({ value, label: words().refreshNames[value] }))} />
        <Choice label={words().encrypt} value={encrypt} error={wrongAt(problem, "encrypt_tokens")}
          onInput={(value) => {
            const { encrypt_tokens: _, ...rest } = draft;
            setDraft(value === "" ? rest : { ...rest, encrypt_tokens: value === "yes" });
          }}
          options={[{ value: "", label: words().encryptAsAll }, { value: "yes", label: shared().yes }, { value: "no", label: shared().no }]} />
        {!isPublic && <Switch label={words().introspect} help={words().introspectHelp} value={draft.may_introspect}
          onInput={(may_introspect) => set({ may_introspect })} error={wrongAt(problem, "may_introspect")} />}
      </Section>
      <Section title={words().rights}>
        <p>{words().rightsText}</p>
        <fieldset class="checks">
          <legend>{words().roles}</legend>
          {ROLES.map((role) => (
            <Switch key={role} label={words().roleNames[role]} value={draft.api_roles.includes(role)}
              onInput={(on) => set({ api_roles: ROLES.filter((it) => it === role ? on : draft.api_roles.includes(it)) })} />
          ))}
          {wrongAt(problem, "api_roles") && <p class="error">{wrongAt(problem, "api_roles")}</p>}
        </fieldset>
        <Switch label={words().disable} help={words().disableHelp} value={draft.disabled} onInput={(disabled) => set({ disabled })} error={wrongAt(problem, "disabled")} />
      </Section>
      {!allAtFields(problem, FIELDS) && (
        <Trouble problem={problem} {...(problem?.code === "precondition_failed" ? { again: () => void props.anew() } : {})} />
      )}
      <div class="form-foot">
        <Button type="submit" kind="main" busy={busy}>{shared().save}</Button>
        <span role="status" class="small">{dirty ? words().unsaved : props.saved ? words().saved : ""}</span>
      </div>
    </form>
  );
}

function NewSecret(props: { client: OauthClient; path: string; again: () => Promise<void> }): JSX.Element {
  const [asking, setAsking] = useState(false);
  const [secret, setSecret] = useState<string | null>(null);
  const { busy, problem, run, clear } = useAction();
  const close = () => { setAsking(false); clear(); };
  return (
    <Section title={words().secret} actions={<Button onClick={() => setAsking(true)}>{words().newSecret}</Button>}>
      <p>{words().secretText}</p>
      {secret !== null && <Once made={{ client_id: props.client.client_id, secret }} />}
      <Dialog title={fill(words().newSecretSure, { name: props.client.name })} open={asking} onClose={close}>
        <p>{words().newSecretText}</p>
        <Trouble problem={problem} />
        <div class="dialog-actions">
          <Button onClick={close}>{shared().cancel}</Button>
          <Button kind="danger" busy={busy} onClick={() => void run(async () => {
            setSecret((await send<{ secret: string }>("POST", `${props.path}/secret`)).body.secret);
            setAsking(false);
            // The secret is part of what is read: what is saved next is said to follow it.
            await props.again();
          })}>{words().newSecret}</Button>
        </div>
      </Dialog>
    </Section>
  );
}

function Delete(props: { client: OauthClient; path: string; settled: { current: boolean } }): JSX.Element {
  const [asking, setAsking] = useState(false);
  const { busy, problem, run, clear } = useAction();
  const close = () => { setAsking(false); clear(); };
  return (
    <Section title={words().delete} actions={<Button kind="danger" onClick={() => setAsking(true)}>{shared().delete}</Button>}>
      <p>{words().deleteText}</p>
      <Dialog title={fill(words().deleteSure, { name: props.client.name })} open={asking} onClose={close}>
        <p>{words().deleteText}</p>
        <Trouble problem={problem} />
        <div class="dialog-actions">
          <Button onClick={close}>{shared().cancel}</Button>
          <Button kind="danger" busy={busy} onClick={() => void run(async () => {
            await send("DELETE", props.path);
            props.settled.current = true;
            go("#/oauth-clients");
          })}>{shared().delete}</Button>
        </div>
      </Dialog>
    </Section>
  );
}
