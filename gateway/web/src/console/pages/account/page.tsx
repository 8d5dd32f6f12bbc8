// Who one is here, where one is signed in, and the tokens of one's programs.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { send, type Page as ListPage } from "../../../shell/api";
import { Switch, TextField } from "../../../shell/components/field";
import { Button, Copyable, Dialog, Empty, Facts, Notice, Page, Section, Trouble } from "../../../shell/components/parts";
import { Table, type Column } from "../../components/table";
import { words as shared } from "../../../shell/components/texts";
import { useAction, useGet } from "../../../shell/use";
import { fill, time } from "../../../shell/language";
import { to } from "../../../shell/router";
import { has, session, type Role } from "../../../shell/session";
import { words } from "./texts";

interface WebSession {
  number: string;
  who: string;
  from: string;
  began_at: string;
  seen_at: string;
  ends_at: string;
}

interface Token {
  id: string;
  name: string;
  roles: Role[];
  ends_at: string | null;
  used_at?: string | null;
}

export default function Account(): JSX.Element {
  const mine = session.value;
  return (
    <Page title={words().title}>
      {mine && (
        <Section title={words().who}>
          <Facts facts={[
            [words().name, mine.who],
            [words().knownBy, words().knownHow[mine.known_by] ?? mine.known_by],
            [words().roles, mine.roles.map((role) => words().roleNames[role] ?? role).join(", ")],
            ...(mine.teams.length > 0 ? [[words().teams, mine.teams.join(", ")] as [string, string]] : []),
            [words().ends, time(mine.ends_at)],
          ]} />
        </Section>
      )}
      <Sessions />
      <Tokens />
    </Page>
  );
}

function Sessions(): JSX.Element {
  const asked = useGet<ListPage<WebSession>>("/sessions");
  const { busy, problem, run } = useAction();
  const own = session.value;
  const rows = (asked.value?.items ?? []).filter((it) => it.who === own?.who);
  const columns: Column<WebSession>[] = [
    { id: "from", title: words().from, cell: (it) => <>{it.from}{it.number === own?.session && <span class="small"> ({words().thisOne})</span>}</> },
    { id: "began", title: words().began, cell: (it) => time(it.began_at), sort: (it) => it.began_at },
    { id: "seen", title: words().seen, cell: (it) => time(it.seen_at), sort: (it) => it.seen_at },
    { id: "end", title: words().end, cell: (it) => it.number === own?.session ? "" : (
      <Button busy={busy} label={fill(words().endNamed, { from: it.from })} onClick={() => void run(async () => {
        await send("DELETE", `/sessions/${encodeURIComponent(it.number)}`);
        asked.again();
      })}>{words().end}</Button>
    ) },
  ];
  return (
    <Section title={words().sessions}>
      <p>{words().sessionsText}{own?.known_by === "account" && <> {has("administrator")
        ? <a href={to("settings", "accounts", own.who)}>{words().changePassword}</a> : words().askForPassword}</>}</p>
      <Trouble problem={asked.problem ?? problem} again={asked.again} />
      <Table caption={words().sessions} columns={columns} rows={rows} id={(it) => it.number} first={{ column: "seen", down: true }} />
    </Section>
  );
}

function Tokens(): JSX.Element {
  const asked = useGet<ListPage<Token>>("/tokens");
  const [revoking, setRevoking] = useState<Token | null>(null);
  const revoke = useAction();
  const columns: Column<Token>[] = [
    { id: "name", title: words().tokenName, cell: (token) => token.name, sort: (token) => token.name },
    { id: "roles", title: words().roles, cell: (token) => token.roles.map((role) => words().roleNames[role] ?? role).join(", ") },
    { id: "until", title: words().until, cell: (token) => time(token.ends_at), sort: (token) => token.ends_at },
    { id: "revoke", title: words().revoke, cell: (token) => (
      <Button kind="danger" label={fill(words().revokeNamed, { name: token.name })} onClick={() => setRevoking(token)}>{words().revoke}</Button>
    ) },
  ];
  const name = revoking?.name ?? "";
  return (
    <Section title={words().tokens}>
      <p>{words().tokensText}</p>
      <Trouble problem={asked.problem} again={asked.again} />
      {asked.value && <Table caption={words().tokens} columns={columns} rows={asked.value.items} id={(token) => token.id} empty={<Empty title={words().noTokens} />} />}
      <MakeToken again={asked.again} />
      <Dialog title={fill(words().revokeSure, { name })} open={revoking !== null} onClose={() => setRevoking(null)}>
        <p>{words().revokeText}</p>
        <Trouble problem={revoke.problem} />
        <div class="dialog-actions">
          <Button onClick={() => setRevoking(null)}>{shared().cancel}</Button>
          <Button kind="danger" busy={revoke.busy} onClick={() => void revoke.run(async () => {
            if (revoking) await send("DELETE", `/tokens/${encodeURIComponent(revoking.id)}`);
            setRevoking(null);
            asked.again();
          })}>{words().revoke}</Button>
        </div>
      </Dialog>
    </Section>
  );
}

function MakeToken(props: { again: () => void }): JSX.Element {
  const mine = session.value?.roles ?? [];
  const [name, setName] = useState("");
  const [days, setDays] = useState("90");
  const [roles, setRoles] = useState<Role[]>([]);
  const [made, setMade] = useState<string | null>(null);
  const { busy, problem, run } = useAction();
  const wrong = (field: string) => problem?.errors.find((error) => error.field.split("[")[0] === field)?.message;
  const submit = (event: Event) => {
    event.preventDefault();
    setMade(null);
    void run(async () => {
      const body = { name, roles, days: Number(days) };
      const told = (await send<Record<string, unknown>>("POST", "/tokens", { body })).body;
      setMade(String(told["token"] ?? told["secret"] ?? ""));
      setName("");
      props.again();
    });
  };
  return (
    <form onSubmit={submit}>
      <TextField label={words().tokenName} value={name} onInput={setName} required maxLength={64} error={wrong("name")} />
      <TextField label={words().days} type="number" min={1} max={3650} value={days} onInput={setDays} required error={wrong("days")} />
      <fieldset>
        <legend>{words().roles}</legend>
        {mine.map((role) => (
          <Switch key={role} label={words().roleNames[role] ?? role} value={roles.includes(role)}
            onInput={(on) => setRoles(on ? [...roles, role] : roles.filter((it) => it !== role))} />
        ))}
        {wrong("roles") && <p class="error">{wrong("roles")}</p>}
      </fieldset>
      {problem && problem.errors.length === 0 && <Trouble problem={problem} />}
      <div><Button type="submit" busy={busy} disabled={roles.length === 0}>{words().make}</Button></div>
      {made && <Notice kind="ok"><p>{words().made}</p><Copyable label={words().token} text={made} /></Notice>}
    </form>
  );
}
