// A new application: its name, kind and URLs; then its id and secret, once.

import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { send } from "../../../shell/api";
import { Choice, TextField } from "../../../shell/components/field";
import { Button, Page, Section, Trouble } from "../../../shell/components/parts";
import { useAction } from "../../../shell/use";
import { fill } from "../../../shell/language";
import { to } from "../../../shell/router";
import { allAtFields, focusWrong, NAME_CHARACTERS_MAX, wrongAt, type Made, type OauthClient } from "./answers";
import { Once } from "./once";
import { words } from "./texts";
import { filled, isRight, Urls } from "./urls";

const FIELDS = ["name", "kind", "redirect_urls"];

export function AddPage(): JSX.Element {
  const [name, setName] = useState("");
  const [kind, setKind] = useState<OauthClient["kind"]>("confidential");
  const [urls, setUrls] = useState([""]);
  const [tried, setTried] = useState(false);
  const [made, setMade] = useState<Made | null>(null);
  const { busy, problem, run } = useAction();
  const form = useRef<HTMLFormElement>(null);
  const submit = (event: Event) => {
    event.preventDefault();
    setTried(true);
    const redirects = filled(urls);
    if (name.trim() === "" || !isRight(redirects, false)) {
      focusWrong(form.current);
      return;
    }
    void run(async () => {
      setMade((await send<Made>("POST", "/oauth-clients", { body: { name: name.trim(), redirect_urls: redirects, kind } })).body);
    }).then((done) => { if (!done) focusWrong(form.current); });
  };
  const back = <a href="#/oauth-clients">{words().back}</a>;
  if (made) {
    return (
      <Page title={fill(words().madeTitle, { name: name.trim() })} actions={back}>
        <Section title={words().once}>
          <Once made={made} />
          <div class="actions"><a class="button plain" href={to("oauth-clients", made.client_id)}>{words().toIt}</a></div>
        </Section>
      </Page>
    );
  }
  return (
    <Page title={words().addTitle} actions={back}>
      <form class="document" noValidate onSubmit={submit} ref={form}>
        {!allAtFields(problem, FIELDS) && <Trouble problem={problem} />}
        <div class="card">
          <TextField label={words().name} help={words().nameHelp} value={name} onInput={setName} required maxLength={NAME_CHARACTERS_MAX}
            error={tried && name.trim() === "" ? words().nameMissing : wrongAt(problem, "name")} />
          <Choice label={words().kind} help={words().kindHelp[kind]} value={kind} onInput={(value) => setKind(value as OauthClient["kind"])} error={wrongAt(problem, "kind")}
            options={(["confidential", "public"] as const).map((value) => ({ value, label: words().kindNames[value] ?? value }))} />
          <Urls urls={urls} native={false} tried={tried} problem={problem} onInput={setUrls} />
        </div>
        <div class="form-foot"><Button type="submit" kind="main" busy={busy}>{words().make}</Button></div>
      </form>
    </Page>
  );
}
