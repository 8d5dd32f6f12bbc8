// Headsets: the inventory that phones reported, the phones that are told of agents, and what was not understood.

import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { save, type Page as ListPage } from "../../../shell/api";
import { Choice, TextField } from "../../../shell/components/field";
import { useAll } from "../../components/pages_of";
import { Button, Empty, Loading, Notice, Page, Section, State, Trouble } from "../../../shell/components/parts";
import { Since } from "../../../shell/components/presence";
import { LongTable, type Column } from "../../components/table";
import { useAction, useGet } from "../../../shell/use";
import { day, fill, time } from "../../../shell/language";
import { place, setQuery, to } from "../../../shell/router";
import type { SeenHeadset, UnknownRequest } from "./answers";
import { Phones } from "./phones";
import { words } from "./texts";

/** How often lists are asked for again. */
const AGAIN_SECONDS = 30;

export default function HeadsetsPage(): JSX.Element {
  const settings = useGet<{ mode?: string }>("/headset");
  const off = settings.value && (settings.value.mode ?? "disabled") === "disabled";
  return (
    <Page title={words().title} actions={<a href="#/settings/headset">{words().toSettings}</a>}>
      {off && <Notice kind="partial" quiet><p>{words().off} <a href="#/settings/headset">{words().toSettings}</a></p></Notice>}
      <Inventory />
      <Phones />
      <Unknown />
    </Page>
  );
}

function Inventory(): JSX.Element {
  const list = useAll<SeenHeadset>("/headsets", {}, AGAIN_SECONDS);
  const query = place.value.query;
  const [text, which, device] = [query.get("q") ?? "", query.get("which") ?? "", query.get("device") ?? ""];
  const shownText = text || device;
  const found = useMemo(() => narrowed(list.items, shownText, which), [list.items, shownText, which]);
  const { busy, problem, run } = useAction();
  const table = () => void run(() => save("/headsets.csv", {}, words().csvName, "text/csv"));
  const clear = () => setQuery({ q: null, which: null, device: null });
  return (
    <Section title={words().inventory} actions={<Button busy={busy} onClick={table} disabled={list.items.length === 0}>{words().csv}</Button>}>
      <Trouble problem={problem} />
      <Trouble problem={list.problem} again={list.again} />
      {!list.whole && list.items.length === 0 && !list.problem && <Loading />}
      {list.whole && list.items.length === 0 && <Empty title={words().none}><p>{words().noneText}</p></Empty>}
      {list.items.length > 0 && (
        <>
          <div class="filters">
            <TextField label={words().search} type="search" value={shownText} help={words().searchHelp} maxLength={64}
              onInput={(value) => setQuery({ q: value, device: null })} />
            <Choice label={words().which} value={which} onInput={(value) => setQuery({ which: value })} options={[
              { value: "", label: words().whichAll }, { value: "connected", label: words().whichConnected },
              { value: "disconnected", label: words().whichGone }, { value: "too_many", label: words().whichTooMany },
            ]} />
          </div>
          {found.length === 0
            ? <Empty title={words().noneFound}><Button onClick={clear}>{words().clear}</Button></Empty>
            : <Headsets headsets={found} />}
        </>
      )}
    </Section>
  );
}

function narrowed(headsets: SeenHeadset[], text: string, which: string): SeenHeadset[] {
  const wanted = text.trim().toLowerCase();
  return headsets.filter((it) => {
    if (which === "too_many" ? !it.owner_has_too_many : which !== "" && it.status !== which) return false;
    if (wanted === "") return true;
    return [it.serial, it.device, it.owner, it.device_owner, it.user, it.model].some((part) => part?.toLowerCase().includes(wanted));
  });
}

function Headsets(props: { headsets: SeenHeadset[] }): JSX.Element {
  const language = words();
  const columns = useMemo((): Column<SeenHeadset>[] => [
    { id: "serial", title: language.serial, cell: (it) => it.serial, sort: (it) => it.serial, width: 1.2 },
    { id: "model", title: language.model, cell: (it) => [it.vendor, it.model].filter(Boolean).join(" ") || "–", sort: (it) => it.model, width: 1.4 },
    { id: "type", title: language.type, cell: (it) => language.types[it.type] ?? it.type, sort: (it) => it.type },
    { id: "firmware", title: language.firmware, cell: (it) => it.firmware ?? "–", sort: (it) => it.firmware },
    {
      id: "status", title: language.status, width: 1.3, sort: (it) => it.status,
      cell: (it) => <State state={it.status === "connected" ? "ok" : "off"} word={it.status === "connected" ? language.connected : language.disconnected} />,
    },
    { id: "since", title: language.since, cell: (it) => <Since at={it.since_at} />, sort: (it) => it.since_at },
    { id: "device", title: language.device, cell: (it) => <a href={to("devices", it.device)}>{it.device}</a>, sort: (it) => it.device, width: 1.4 },
    {
      id: "owner", title: language.owner, sort: (it) => it.owner, width: 1.2,
      cell: (it) => it.owner === null ? "–" : it.owner_has_too_many ? fill(language.tooMany, { owner: it.owner }) : it.owner,
    },
    { id: "seen", title: language.lastSeen, cell: (it) => day(it.last_seen_at), sort: (it) => it.last_seen_at },
  ], [language]);
  return <LongTable caption={language.inventory} columns={columns} rows={props.headsets} id={(it) => it.serial} leastRem={78} />;
}

function Unknown(): JSX.Element {
  const asked = useGet<ListPage<UnknownRequest>>("/headset-unknown-requests", {}, AGAIN_SECONDS);
  const items = asked.value?.items;
  return (
    <Section title={words().unknown}>
      <Trouble problem={asked.problem} again={asked.again} />
      {items && items.length === 0 && <p>{words().noUnknown}</p>}
      {items && items.length > 0 && (
        <>
          <p class="small">{words().unknownText}</p>
          {items.map((it) => (
            <details key={`${it.method} ${it.target} ${it.body}`}>
              <summary>
                <code>{it.method} {it.target}</code>{" "}
                <span class="small">{it.count === 1 ? fill(words().once, { at: time(it.at) }) : fill(words().times, { count: it.count, at: time(it.at) })}</span>
              </summary>
              <h3>{words().headers}</h3>
              <pre class="xml" tabIndex={0}>{it.headers.map((header) => `${header.name}: ${header.value}`).join("\n")}</pre>
              {it.body !== "" && <><h3>{words().body}</h3><pre class="xml" tabIndex={0}>{it.body}</pre></>}
            </details>
          ))}
        </>
      )}
    </Section>
  );
}
