// One phone: how it is reached and who uses it, tests of the way to it, and its headsets.

import type { JSX } from "preact";
import type { Page as ListPageOf } from "../../api";
import { Empty, Facts, Loading, Notice, Page, Section, State, Trouble } from "../../components/parts";
import { Since } from "../../components/presence";
import { Probe } from "../../components/probe";
import { Table, type Column } from "../../components/table";
import { useGet } from "../../components/use";
import { fill, time } from "../../language";
import { to } from "../../router";
import { has } from "../../session";
import type { HeadsetPhone, SeenHeadset } from "../headsets/answers";
import type { DeviceStatus } from "./answers";
import { PushState, Registration } from "./list";
import { words } from "./texts";

/** How often the page asks again. */
const AGAIN_SECONDS = 5;

export function DevicePage(props: { name: string }): JSX.Element {
  const { name } = props;
  const asked = useGet<ListPageOf<DeviceStatus>>("/devices-status", { q: name, limit: 1000 }, AGAIN_SECONDS);
  const device = asked.value?.items.find((it) => it.device === name);
  if (asked.value && !device) {
    return (
      <Page title={fill(words().unknownDevice, { device: name })}>
        <Empty title={words().unknownDeviceText}><a href="#/devices">{words().back}</a></Empty>
      </Page>
    );
  }
  return (
    <Page title={name} actions={<a href="#/devices">{words().back}</a>}>
      <Trouble problem={asked.problem} again={asked.again} />
      {!device && asked.busy && <Loading />}
      {device && <Now device={device} />}
      {device && has("administrator") && <Tests name={name} />}
      {device && has("administrator") && <Headsets name={name} />}
      {device && has("administrator") && <Links name={name} configured={device.configured} />}
    </Page>
  );
}

function Now(props: { device: DeviceStatus }): JSX.Element {
  const { device } = props;
  return (
    <Section title={words().now}>
      {device.push?.problem && <Notice kind="missing" quiet><p>{words().pushProblem}: {device.push.problem}</p></Notice>}
      <Facts facts={[
        [words().description, device.configured ? device.description ?? "–" : words().notConfigured],
        ...(device.model ? [[words().model, device.model] as [string, string]] : []),
        [words().lines, device.lines.join(", ") || "–"],
        [words().registration, <Registration key="registration" device={device} />],
        ...(device.registered_at ? [[words().since, <Since key="since" at={device.registered_at} />] as [string, JSX.Element]] : []),
        ...(device.address ? [[words().address, <code key="address">{[device.transport, device.address].filter(Boolean).join(" ")}</code>] as [string, JSX.Element]] : []),
        [words().push, <><PushState key="push" device={device} />{device.push?.at && <span class="small"> {time(device.push.at)}</span>}</>],
        [words().channel, device.channel === null ? "–" : words().channels[device.channel] ?? device.channel],
        [words().agent, device.agent === null ? words().nobody : <a key="agent" href={to("agents", device.agent)}>{device.agent}</a>],
      ]} />
    </Section>
  );
}

function Tests(props: { name: string }): JSX.Element {
  return (
    <Section title={words().tests}>
      <p class="small">{words().testsText}</p>
      <div class="columns">
        <Probe kind="phone" name={props.name}>{words().testPhone}</Probe>
        <Probe kind="sip_device" name={props.name}>{words().testSip}</Probe>
        <Probe kind="headset" name={props.name}>{words().testHeadset}</Probe>
      </div>
    </Section>
  );
}

function Headsets(props: { name: string }): JSX.Element {
  const seen = useGet<ListPageOf<SeenHeadset>>("/headsets", { device: props.name });
  const told = useGet<ListPageOf<HeadsetPhone>>("/headset-phones", { device: props.name }, AGAIN_SECONDS);
  const phone = told.value?.items.find((it) => it.device === props.name);
  const columns: Column<SeenHeadset>[] = [
    { id: "serial", title: words().serial, cell: (it) => it.serial },
    { id: "model", title: words().model, cell: (it) => [it.vendor, it.model].filter(Boolean).join(" ") || "–" },
    {
      id: "status", title: words().status,
      cell: (it) => <State state={it.status === "connected" ? "ok" : "off"} word={it.status === "connected" ? words().connected : words().disconnected} />,
    },
    { id: "since", title: words().since, cell: (it) => <Since at={it.since_at} /> },
  ];
  const rows = seen.value?.items.filter((it) => it.device === props.name) ?? [];
  return (
    <Section title={words().headsets}>
      <Trouble problem={seen.problem} again={seen.again} />
      {phone?.problem && <Notice kind="missing" quiet><p>{words().headsetProblem}: {phone.problem}</p></Notice>}
      {seen.value && <Table caption={words().headsetsTable} columns={columns} rows={rows} id={(it) => it.serial} empty={<p>{words().noHeadset}</p>} />}
    </Section>
  );
}

function Links(props: { name: string; configured: boolean }): JSX.Element {
  return (
    <Section title={words().links}>
      <ul class="links">
        {props.configured && <li><a href={to("settings", "devices", props.name)}>{words().settingsOf}</a></li>}
        <li><a href={`#/flight-recorder?device=${encodeURIComponent(props.name)}`}>{words().recorder}</a></li>
      </ul>
    </Section>
  );
}
