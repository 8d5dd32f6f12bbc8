// How digital channels stand now: mail servers are reached for this visit, mailboxes told by who reads them
// (CCP-01, CCP-11).

import type { JSX } from "preact";
import { Button, Loading, Page, Section, State, Trouble, type PartState } from "../../../shell/components/parts";
import { words as shared } from "../../../shell/components/texts";
import { fill, number, time } from "../../../shell/language";
import { to } from "../../../shell/router";
import { useGet } from "../../../shell/use";
import { checkTold, checkWord, sideWord, type MailCheck } from "../../components/mail_checks";
import { Table, type Column } from "../../components/table";
import { reasonOf } from "../overview/reasons";
import type { DigitalStatus, Mailbox, MailServer } from "./answers";
import { words } from "./texts";

const STATES: Record<string, PartState> = {
  off: "off", reachable: "ok", partly: "partial", unreachable: "missing", not_configured: "missing", not_applicable: "off", not_used: "off",
  working: "ok", unable: "missing", unknown: "unknown",
};

const stateOf = (state: string): PartState => STATES[state] ?? "unknown";

export default function DigitalPage(): JSX.Element {
  const asked = useGet<DigitalStatus>("/digital-status");
  const told = asked.value;
  return (
    <Page title={words().title} intro={words().intro} actions={<Button busy={asked.busy} onClick={asked.again}>{words().again}</Button>}>
      <Trouble problem={asked.problem} again={asked.again} />
      {asked.busy && <Loading />}
      {told && (
        <>
          <Servers servers={told.mail_servers} />
          <Cache cache={told.mail_cache} />
          <Scanner scanner={told.virus_scanner} />
          <p class="small">{fill(words().asked, { at: time(told.at), node: told.node })}</p>
        </>
      )}
    </Page>
  );
}

/** The state of a part as a whole, below its heading. */
function Whole(props: { state: string; names: Record<string, string> }): JSX.Element {
  return <p><State state={stateOf(props.state)} word={props.names[props.state] ?? props.state} /></p>;
}

function Servers(props: { servers: DigitalStatus["mail_servers"] }): JSX.Element {
  const { state, why, items } = props.servers;
  const columns: Column<MailServer>[] = [
    { id: "name", title: words().server, cell: (it) => <a href={to("settings", "mail-servers", it.name)}>{it.name}</a>, sort: (it) => it.name },
    { id: "state", title: shared().state, cell: (it) => <State state={stateOf(it.state)} word={words().serverStates[it.state] ?? it.state} />, sort: (it) => words().serverStates[it.state] ?? it.state },
    { id: "why", title: words().why, cell: (it) => <Why server={it} /> },
    { id: "queues", title: words().queues, cell: (it) => it.csqs.join(", ") || "–" },
  ];
  return (
    <Section title={words().servers} actions={<a href={to("settings", "mail-servers")}>{words().toServers}</a>}>
      <Whole state={state} names={words().serverStates} />
      {why && <p>{words().whys[why] ?? why}</p>}
      {state === "not_configured" && <p>{words().notConfigured}</p>}
      {items.length > 0 && <Table stacks="titled" caption={words().servers} columns={columns} rows={items} id={(it) => it.name} />}
    </Section>
  );
}

function Why(props: { server: MailServer }): JSX.Element {
  const { server } = props;
  const failed = [server.reading, server.sending].filter((it): it is MailCheck => it !== null);
  if (server.state === "not_used") return <span class="prose">{words().notUsed}</span>;
  if (failed.length === 0) return <span class="prose">{server.imap}, {server.smtp}</span>;
  return (
    <ul class="prose">
      {failed.map((check) => {
        const { told, remedy } = checkTold(check);
        return <li key={check.side}>{sideWord(check.side)}, {checkWord(check.check)}: {told} {remedy}</li>;
      })}
    </ul>
  );
}

function Cache(props: { cache: DigitalStatus["mail_cache"] }): JSX.Element {
  const { state, items } = props.cache;
  const columns: Column<Mailbox>[] = [
    { id: "csq", title: words().mailbox, cell: (it) => <a href={to("settings", "csqs", it.csq)}>{it.csq}</a>, sort: (it) => it.csq },
    { id: "state", title: shared().state, cell: (it) => <State state={it.state === "working" && it.code ? "partial" : stateOf(it.state)} word={words().cacheStates[it.state] ?? it.state} />, sort: (it) => words().cacheStates[it.state] ?? it.state },
    { id: "why", title: words().reason, cell: (it) => it.code ? <span class="prose">{reasonOf(it)}</span> : "–" },
    { id: "last", title: words().last, cell: (it) => it.last_round_at ? time(it.last_round_at) : words().never, sort: (it) => it.last_round_at },
    { id: "node", title: words().node, cell: (it) => it.node ?? "–", sort: (it) => it.node },
    { id: "behind", title: words().behind, cell: (it) => number(it.behind), sort: (it) => it.behind, numeric: true },
    { id: "waiting", title: words().waiting, cell: (it) => number(it.waiting), sort: (it) => it.waiting, numeric: true },
  ];
  return (
    <Section title={words().cache} actions={<a href={to("settings", "csqs")}>{words().toQueues}</a>}>
      <p class="small">{words().cacheIntro}</p>
      <Whole state={state} names={words().cacheStates} />
      {items.length > 0 && <Table stacks="titled" caption={words().cache} columns={columns} rows={items} id={(it) => it.csq} />}
    </Section>
  );
}

function Scanner(props: { scanner: DigitalStatus["virus_scanner"] }): JSX.Element {
  const { state, address, code, why, when_unreachable } = props.scanner;
  const known = words().scannerTroubles[code ?? ""];
  return (
    <Section title={words().scanner} actions={<a href={to("settings", "channels")}>{words().toChannels}</a>}>
      <p class="small">{words().scannerIntro}</p>
      <Whole state={state} names={words().scannerStates} />
      {address !== null && <p><code>{address}</code></p>}
      {code !== null && <p>{known ? fill(known, { why: why ?? "" }) : why} {words().scannerThen[when_unreachable ?? ""]}</p>}
    </Section>
  );
}
