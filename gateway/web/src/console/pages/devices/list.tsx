// Every phone of the settings and every phone that was seen: its registration, its last push, who uses it.

import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { Choice, TextField } from "../../../shell/components/field";
import { useAll } from "../../components/pages_of";
import { Button, Copyable, Empty, Loading, Page, Section, State, Trouble, type PartState } from "../../../shell/components/parts";
import { LongTable, type Column } from "../../components/table";
import { useGet } from "../../../shell/use";
import { fill, number } from "../../../shell/language";
import { place, setQuery, to } from "../../../shell/router";
import { pushWord } from "../../pushes";
import { has } from "../../../shell/session";
import type { Overview } from "../overview/answers";
import type { DeviceState, LastPush } from "./answers";
import { words } from "./texts";

/** How often the list is asked for again. */
const AGAIN_SECONDS = 10;

export function ListPage(): JSX.Element {
  const list = useAll<DeviceState>("/devices-status", {}, AGAIN_SECONDS);
  const query = place.value.query;
  const [text, which] = [query.get("q") ?? "", query.get("which") ?? ""];
  const found = useMemo(() => narrowed(list.items, text, which), [list.items, text, which]);
  const leads = has("administrator");
  return (
    <Page title={words().title} actions={leads && <a href="#/settings/devices">{words().toSettings}</a>}>
      <PhoneUrl />
      <Trouble problem={list.problem} again={list.again} />
      {!list.whole && !list.problem && (list.items.length === 0 ? <Loading />
        : <p class="loading" role="status">{fill(words().loading, { shown: number(list.items.length) })}</p>)}
      {list.whole && list.items.length === 0 && (
        <Empty title={words().none}>
          <p>{words().noneText}</p>
          {leads && <a href="#/settings/devices">{words().toSettings}</a>}
        </Empty>
      )}
      {list.items.length > 0 && (
        <>
          <div class="filters">
            <TextField label={words().search} type="search" value={text} help={words().searchHelp} maxLength={64}
              onInput={(value) => setQuery({ q: value })} />
            <Choice label={words().which} value={which} onInput={(value) => setQuery({ which: value })} options={[
              { value: "", label: words().whichAll }, { value: "amiss", label: words().whichAmiss }, { value: "used", label: words().whichUsed },
              { value: "away", label: words().whichAway }, { value: "unknown", label: words().whichUnknown },
            ]} />
          </div>
          {found.length === 0
            ? <Empty title={words().noneFound}><Button onClick={() => setQuery({ q: null, which: null })}>{words().clear}</Button></Empty>
            : <Devices devices={found} />}
        </>
      )}
    </Page>
  );
}

function PhoneUrl(): JSX.Element | null {
  const asked = useGet<Overview>("/overview");
  const url = asked.value?.phone_url;
  if (!url) return null;
  return (
    <Section title={words().phoneUrl}>
      <p class="small">{words().phoneUrlText}</p>
      <Copyable text={url} label={words().phoneUrl} />
    </Section>
  );
}

function isAway(device: DeviceState): boolean {
  return device.state === "not_registered" || device.state === "unreachable";
}

function isAmiss(device: DeviceState): boolean {
  return isAway(device) || device.headset?.amiss === true || (device.last_push !== null && device.last_push.result !== "ok");
}

const KINDS: Record<string, (device: DeviceState) => boolean> = {
  amiss: isAmiss, used: (it) => it.agent !== null, away: isAway, unknown: (it) => !it.configured,
};

function narrowed(devices: DeviceState[], text: string, which: string): DeviceState[] {
  const wanted = text.trim().toLowerCase();
  const kind = KINDS[which];
  if (!kind && wanted === "") return devices;
  return devices.filter((it) => {
    if (kind && !kind(it)) return false;
    if (wanted === "") return true;
    return [it.device, it.description, it.agent, ...it.lines].some((part) => part?.toLowerCase().includes(wanted));
  });
}

const REGISTERED: Record<DeviceState["state"], PartState> = {
  registered: "ok", unreachable: "missing", not_registered: "missing", next_hop: "off", without_sip: "off",
};

/** The registration in words. */
export function RegistrationState(props: { device: DeviceState }): JSX.Element {
  const { state } = props.device;
  return <State state={REGISTERED[state] ?? "unknown"} word={words().registrations[state] ?? state} />;
}

/** How the last push went, in words. */
export function PushState(props: { push: LastPush | null }): JSX.Element {
  const { push } = props;
  if (push === null) return <State state="off" word={words().pushNone} />;
  return <State state={push.result === "ok" ? "ok" : "missing"} word={pushWord(push.result)} />;
}

/** What the headset at the phone shows, or that something is wrong with it. */
export function HeadsetState(props: { device: DeviceState }): JSX.Element {
  const { headset } = props.device;
  if (headset === null) return <>{words().noHeadset}</>;
  return <State state={headset.amiss ? "missing" : "ok"} word={headset.amiss ? words().headsetAmiss : words().lights[headset.light] ?? headset.light} />;
}

function Devices(props: { devices: DeviceState[] }): JSX.Element {
  const language = words();
  const columns = useMemo((): Column<DeviceState>[] => [
    { id: "device", title: language.device, cell: (it) => <a href={to("devices", it.device)}>{it.device}</a>, sort: (it) => it.device, width: 1.5 },
    {
      id: "description", title: language.description, width: 1.1, sort: (it) => it.description,
      cell: (it) => it.configured ? <span title={it.description ?? ""}>{it.description ?? ""}</span> : <em>{language.notConfigured}</em>,
    },
    { id: "registration", title: language.registration, cell: (it) => <RegistrationState device={it} />, sort: (it) => it.state, width: 1.6 },
    { id: "push", title: language.push, cell: (it) => <PushState push={it.last_push} />, sort: (it) => it.last_push?.result ?? null, width: 1.4 },
    { id: "channel", title: language.channel, cell: (it) => it.channel ? language.bySip : language.byWeb, sort: (it) => (it.channel ? 1 : 0), width: 1.1 },
    { id: "agent", title: language.agent, cell: (it) => it.agent === null ? language.nobody : <a href={to("agents", it.agent)}>{it.agent}</a>, sort: (it) => it.agent, width: 0.8 },
    { id: "headset", title: language.headset, cell: (it) => <HeadsetState device={it} />, sort: (it) => (it.headset === null ? null : it.headset.amiss ? 0 : 1), width: 1.3 },
  ], [language]);
  return <LongTable caption={language.list} columns={columns} rows={props.devices} id={(it) => it.device} leastRem={62} />;
}
