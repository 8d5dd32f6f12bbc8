// Every phone of the settings and every phone that was seen: its registration, its last push, who uses it.

import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { Choice, TextField } from "../../components/field";
import { useAll } from "../../components/pages_of";
import { Button, Copyable, Empty, Loading, Page, Section, State, Trouble } from "../../components/parts";
import { LongTable, type Column } from "../../components/table";
import { useGet } from "../../components/use";
import { fill, number } from "../../language";
import { place, setQuery, to } from "../../router";
import { has } from "../../session";
import type { Overview } from "../overview/answers";
import type { DeviceStatus } from "./answers";
import { words } from "./texts";

/** How often the list is asked for again. */
const AGAIN_SECONDS = 10;

export function ListPage(): JSX.Element {
  const list = useAll<DeviceStatus>("/devices-status", {}, AGAIN_SECONDS);
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

function isAway(device: DeviceStatus): boolean {
  return device.registers && !device.registered;
}

function isAmiss(device: DeviceStatus): boolean {
  return isAway(device) || (device.push?.problem ?? null) !== null;
}

const KINDS: Record<string, (device: DeviceStatus) => boolean> = {
  amiss: isAmiss, used: (it) => it.agent !== null, away: isAway, unknown: (it) => !it.configured,
};

function narrowed(devices: DeviceStatus[], text: string, which: string): DeviceStatus[] {
  const wanted = text.trim().toLowerCase();
  const kind = KINDS[which];
  if (!kind && wanted === "") return devices;
  return devices.filter((it) => {
    if (kind && !kind(it)) return false;
    if (wanted === "") return true;
    return [it.device, it.description, it.agent, ...it.lines].some((part) => part?.toLowerCase().includes(wanted));
  });
}

/** The registration in words. */
export function Registration(props: { device: DeviceStatus }): JSX.Element {
  const { device } = props;
  if (device.registered) return <State state="ok" word={words().registered} />;
  return device.registers ? <State state="missing" word={words().notRegistered} /> : <State state="off" word={words().noSip} />;
}

/** How the last push went, in words. */
export function PushState(props: { device: DeviceStatus }): JSX.Element {
  const { push } = props.device;
  if (push === null) return <State state="off" word={words().pushNone} />;
  return push.problem === null ? <State state="ok" word={words().pushTaken} /> : <State state="missing" word={words().pushFailed} />;
}

function Devices(props: { devices: DeviceStatus[] }): JSX.Element {
  const language = words();
  const columns = useMemo((): Column<DeviceStatus>[] => [
    { id: "device", title: language.device, cell: (it) => <a href={to("devices", it.device)}>{it.device}</a>, sort: (it) => it.device, width: 1.5 },
    {
      id: "description", title: language.description, width: 1.3, sort: (it) => it.description,
      cell: (it) => it.configured ? <span title={it.description ?? ""}>{it.description ?? ""}</span> : <em>{language.notConfigured}</em>,
    },
    { id: "registration", title: language.registration, cell: (it) => <Registration device={it} />, sort: (it) => (it.registered ? 1 : isAway(it) ? 0 : 2), width: 1.7 },
    { id: "push", title: language.push, cell: (it) => <PushState device={it} />, sort: (it) => (it.push === null ? 2 : it.push.problem === null ? 1 : 0), width: 1.2 },
    { id: "channel", title: language.channel, cell: (it) => it.channel === null ? "–" : language.channels[it.channel] ?? it.channel, sort: (it) => it.channel, width: 1.3 },
    { id: "agent", title: language.agent, cell: (it) => it.agent === null ? language.nobody : <a href={to("agents", it.agent)}>{it.agent}</a>, sort: (it) => it.agent },
    { id: "headset", title: language.headset, cell: (it) => it.headset ?? "–", sort: (it) => it.headset },
  ], [language]);
  return <LongTable caption={language.list} columns={columns} rows={props.devices} id={(it) => it.device} leastRem={62} />;
}
