// One agent: what they do now, what their phone shows, and where each state came from (BYD-03).

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Empty, Facts, Loading, Notice, Page, Section, State, Trouble } from "../../../shell/components/parts";
import { Presence, Since } from "../../../shell/components/presence";
import { Table, type Column } from "../../components/table";
import { useGet } from "../../../shell/use";
import { fill, time } from "../../../shell/language";
import { callWord, reasonWord, type AgentState } from "../../../shell/presence";
import { pushHelp, pushWord } from "../../pushes";
import { to } from "../../../shell/router";
import { has } from "../../../shell/session";
import { Actions } from "./actions";
import { agentWords as words } from "./agent_texts";
import type { AgentPhone, Origin, ScreenTold } from "./answers";
import { detailOf, valueOf } from "./origin";
import { PhoneScreen } from "./screen";

/** How often the page asks again. */
const AGAIN_SECONDS = 3;

export function AgentPage(props: { id: string }): JSX.Element {
  const path = `/agents/${encodeURIComponent(props.id)}`;
  const asked = useGet<AgentState>(`${path}/state`, {}, AGAIN_SECONDS);
  const phone = useGet<AgentPhone>(`${path}/phone`, {}, AGAIN_SECONDS);
  const [changed, setChanged] = useState<AgentState | null>(null);
  useEffect(() => setChanged(null), [asked.value]);
  const agent = changed ?? asked.value;
  const isGone = asked.problem?.status === 404;
  if (isGone) {
    return (
      <Page title={fill(words().unknownAgent, { agent: props.id })}>
        <Empty title={words().unknownAgentText}><a href="#/agents">{words().back}</a></Empty>
      </Page>
    );
  }
  const title = agent && agent.name !== agent.agent ? `${agent.name} (${agent.agent})` : props.id;
  return (
    <Page title={title} actions={<a href="#/agents">{words().back}</a>}>
      <Trouble problem={asked.problem} again={asked.again} />
      {!agent && asked.busy && <Loading />}
      {agent && (
        <div class="columns">
          <Now agent={agent} />
          <Actions agent={agent} changed={(next) => { setChanged(next); phone.again(); }} />
        </div>
      )}
      {phone.problem && !asked.problem && <Trouble problem={phone.problem} again={phone.again} />}
      {phone.value && <Phone phone={phone.value} />}
      {phone.value && <Origins states={phone.value.states} />}
      {agent && <Links agent={agent} />}
    </Page>
  );
}

function Now(props: { agent: AgentState }): JSX.Element {
  const { agent } = props;
  const device = agent.device;
  return (
    <Section title={words().now}>
      <Facts facts={[
        [words().state, <Presence key="state" state={agent.state} pending={agent.pending} />],
        ...(agent.reason ? [[words().reason, reasonWord(agent.reason)] as [string, string]] : []),
        [words().since, agent.since ? <Since key="since" at={agent.since} /> : "–"],
        [words().team, agent.team ?? words().noTeam],
        [words().extension, agent.extension ?? "–"],
        [words().device, device === null ? words().nowhere
          : has("administrator") ? <a key="device" href={to("devices", device)}>{device}</a> : device],
        [words().call, agent.call
          ? <>{callWord(agent.call)}, {words().callSince.split("{time}")[0]}<Since at={agent.call.began_at} />{words().callSince.split("{time}")[1]}</>
          : words().noCall],
        ...(agent.not_known_since ? [[words().notKnownSince, <Since key="unknown" at={agent.not_known_since} />] as [string, JSX.Element]] : []),
      ]} />
      {agent.not_known_since && <p class="small">{words().notKnownText}</p>}
    </Section>
  );
}

function Phone(props: { phone: AgentPhone }): JSX.Element {
  const { phone } = props;
  return (
    <Section title={words().phone}>
      {phone.page === null ? <p>{words().notShown}</p> : (
        <div class="phone-beside">
          <PhoneScreen page={phone.page} label={`${words().phone}: ${phone.device ?? ""}`} />
          <div class="page">
            <p class="small">{words().phoneText}</p>
            {phone.screen && <Screen screen={phone.screen} />}
            <Facts facts={[
              [words().device, phone.device ?? "–"],
              ...(phone.device_model ? [[words().deviceModel, phone.device_model] as [string, string]] : []),
              ...(phone.screen?.address ? [[words().address, <code key="address">{phone.screen.address}</code>] as [string, JSX.Element]] : []),
              [words().channel, phone.channel ? words().bySip : words().byWeb],
              ...(phone.shown_at ? [[words().shownAt, time(phone.shown_at)] as [string, string]] : []),
              ...(phone.screen?.last_push ? [[words().lastPush, `${pushWord(phone.screen.last_push)} (${time(phone.screen.last_push_at)})`] as [string, string]] : []),
            ]} />
            <details>
              <summary>{words().pageXml}</summary>
              <pre class="xml" tabIndex={0}>{phone.page.xml}</pre>
            </details>
          </div>
        </div>
      )}
    </Section>
  );
}

/** How the phone's own screen stands to the page that it would be given. */
function Screen(props: { screen: ScreenTold }): JSX.Element {
  const { screen } = props;
  const text = screen.lost ? words().isLost : screen.closed ? words().isClosed : screen.behind ? words().isBehind : words().isUpToDate;
  return (
    <>
      <State state={screen.lost || screen.closed || screen.behind ? "partial" : "ok"} word={text} />
      {screen.last_push && screen.push_problem && <Notice kind="partial" quiet><p>{pushHelp(screen.last_push, screen.push_problem)}</p></Notice>}
    </>
  );
}

function Origins(props: { states: Origin[] }): JSX.Element {
  const columns: Column<Origin>[] = [
    { id: "what", title: words().what, cell: (it) => words().whats[it.what] ?? it.what },
    { id: "value", title: words().value, cell: valueOf },
    { id: "owner", title: words().owner, cell: (it) => words().owners[it.owner] ?? it.owner },
    { id: "from", title: words().cameFrom, cell: (it) => it.came_from === null ? words().notKnown : words().origin[it.came_from] ?? it.came_from },
    { id: "at", title: words().at, cell: (it) => it.at ? time(it.at) : "–" },
    { id: "detail", title: words().detail, cell: detailOf },
  ];
  return (
    <Section title={words().origins}>
      <p class="small">{words().originsText}</p>
      <Table caption={words().originsTable} columns={columns} rows={props.states} id={(it) => it.what} empty={<p>{words().noOrigins}</p>} />
    </Section>
  );
}

function Links(props: { agent: AgentState }): JSX.Element | null {
  if (!has("administrator")) return null;
  const { agent, device } = props.agent;
  return (
    <Section title={words().links}>
      <ul class="links">
        <li><a href={to("settings", "agents", agent)}>{words().settings}</a></li>
        <li><a href={`#/flight-recorder?agent=${encodeURIComponent(agent)}`}>{words().recorder}</a></li>
        {device && <li><a href={`#/headsets?device=${encodeURIComponent(device)}`}>{words().headset}</a></li>}
        <li><a href="#/cti">{words().cti}</a></li>
      </ul>
    </Section>
  );
}
