// One phone: how it is reached and who uses it, tests of the way to it, and its headsets.

import type { JSX } from "preact";
import type { Page as ListPageOf } from "../../../shell/api";
import { Empty, Facts, Loading, Notice, Page, Section, State, Trouble } from "../../../shell/components/parts";
import { Since } from "../../../shell/components/presence";
import { Probe } from "../../components/probe";
import { Table, type Column } from "../../components/table";
import { useGet } from "../../../shell/use";
import { fill } from "../../../shell/language";
import { pushHelp } from "../../pushes";
import { to } from "../../../shell/router";
import { has } from "../../../shell/session";
import type { HeadsetPhone, SeenHeadset } from "../headsets/answers";
import type { DeviceState } from "./answers";
import { HeadsetState, PushState, RegistrationState } from "./list";
import { words } from "./texts";

/** How often the page asks again. */
const AGAIN_SECONDS = 5;

export function DevicePage(props: { name: string }): JSX.Element {
  const { name } = props;
  const asked = useGet<ListPageOf<DeviceState>>("/devices-status", { q: name, limit: 1000 }, AGAIN_SECONDS);
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

function Now(props: { device: DeviceState }): JSX.Element {
  const { device } = props;
  const { registration, last_push: push } = device;
  return (
    <Section title={words().now}>
      {push && push.result !== "ok" && <Notice kind="missing" quiet><p>{words().pushProblem}: {pushHelp(push.result, push.reason)}</p></Notice>}
      <Facts facts={[
        [words().description, device.configured ? device.description ?? "–" : words().notConfigured],
        [words().lines, device.lines.join(", ") || "–"],
        [words().registration, <RegistrationState key="registration" device={device} />],
        ...(registration ? [
          [words().since, <Since key="since" at={registration.registered_at} />],
          [words().address, <code key="address">{[registration.transport, registration.peer].filter(Boolean).join(" ")}</code>],
          [words().userAgent, registration.user_agent ?? "–"],
        ] as [string, JSX.Element][] : []),
        [words().push, <><PushState push={push} />{push && <span class="small"> {words().pushSince} <Since at={push.since_at} /></span>}</>],
        [words().channel, device.channel ? words().bySip : words().byWeb],
        [words().agent, device.agent === null ? words().nobody : <a key="agent" href={to("agents", device.agent)}>{device.agent}</a>],
        [words().headset, <HeadsetState key="headset" device={device} />],
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
      {seen.value && <Table caption={words().headsetsTable} columns={columns} rows={rows} id={(it) => it.serial} empty={<p>{words().noneReported}</p>} />}
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
