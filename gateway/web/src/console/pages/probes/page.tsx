// A test for every peer that the settings name (OPS-15), one by one or all in turn.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { send, type Page as ListPage, type Problem } from "../../../shell/api";
import { TextField } from "../../../shell/components/field";
import { Button, Empty, Loading, Page, problemText, Section, State, Trouble, type PartState } from "../../../shell/components/parts";
import { problemOf, useGet } from "../../../shell/use";
import { fill, number } from "../../../shell/language";
import { words } from "./texts";

interface Peer {
  kind: string;
  name?: string;
}

interface Result {
  peer: string;
  verdict: "ok" | "partial" | "failed";
  steps: { what: string; outcome: string; words: string; milliseconds: number }[];
}

type Tried = "running" | Result | Problem;
const VERDICTS: Record<string, PartState> = { ok: "ok", partial: "partial", failed: "missing", left_out: "off" };
/** Peers wait for answers that may not come. */
const MILLISECONDS_MAX = 90_000;

/** So many phones are listed. */
const PHONES_MAX = 20;
const PHONES = ["sip_device", "phone", "headset"];

const idOf = (peer: Peer) => `${peer.kind} ${peer.name ?? ""}`;

export default function Probes(): JSX.Element {
  const asked = useGet<ListPage<Peer>>("/probes");
  const [tried, setTried] = useState<Record<string, Tried>>({});
  const [device, setDevice] = useState("SEP");
  const all = asked.value?.items ?? [];
  // Thousands of phones are no list to test from: the first ones stand for the others, each is found by its name.
  let phones = 0;
  const peers = all.filter((peer) => !PHONES.includes(peer.kind) || (phones += 1) <= PHONES_MAX);
  const left = all.length - peers.length;
  const test = async (peer: Peer) => {
    const id = idOf(peer);
    if (tried[id] === "running") return;
    const set = (how: Tried) => setTried((tried) => ({ ...tried, [id]: how }));
    set("running");
    try {
      set((await send<Result>("POST", "/probes", { body: peer, milliseconds: MILLISECONDS_MAX })).body);
    } catch (error) {
      set(problemOf(error));
    }
  };
  const testAll = async () => {
    // One after the other: a test is no load.
    for (const peer of peers) await test(peer);
  };
  const phone: Peer = { kind: "phone", name: device.trim() };
  return (
    <Page title={words().title} intro={words().intro} actions={peers.length > 0 && <Button kind="main" onClick={() => void testAll()}>{words().all}</Button>}>
      <Trouble problem={asked.problem} again={asked.again} />
      {asked.busy && !asked.value && <Loading />}
      {asked.value && peers.length === 0 && <Empty title={words().empty}><p>{words().emptyText}</p></Empty>}
      {peers.length > 0 && (
        <ul class="probes">
          {peers.map((peer) => <Row key={idOf(peer)} peer={peer} tried={tried[idOf(peer)]} test={() => void test(peer)} />)}
        </ul>
      )}
      <Section title={words().by}>
        {left > 0 && <p>{fill(words().left, { count: number(left) })}</p>}
        <p>{words().byText}</p>
        <form class="filters" onSubmit={(event) => { event.preventDefault(); void test(phone); }}>
          <TextField label={words().device} value={device} onInput={setDevice} maxLength={15} />
          <Button type="submit" busy={tried[idOf(phone)] === "running"} disabled={device.trim() === ""}>{words().push}</Button>
        </form>
        <Outcome tried={tried[idOf(phone)]} />
      </Section>
    </Page>
  );
}

function Row(props: { peer: Peer; tried: Tried | undefined; test: () => void }): JSX.Element {
  const what = words().kinds[props.peer.kind] ?? props.peer.kind;
  const name = props.peer.name ?? "";
  return (
    <li class="card">
      <div class="card-head">
        <h2>{what} {name && <code>{name}</code>}</h2>
        <Button busy={props.tried === "running"} label={fill(words().testNamed, { what, name }).trim()} onClick={props.test}>{words().test}</Button>
      </div>
      <Outcome tried={props.tried} />
    </li>
  );
}

function Outcome(props: { tried: Tried | undefined }): JSX.Element {
  const { tried } = props;
  const told = tried === undefined ? null
    : tried === "running" ? <p>{words().running}</p>
    : tried instanceof Error ? <State state="missing" word={problemText(tried)} />
    : (
      <>
        <State state={VERDICTS[tried.verdict] ?? "unknown"} word={words().outcome[tried.verdict] ?? tried.verdict} />
        <ol class="probe-steps" aria-label={words().steps}>
          {tried.steps.map((step, place) => (
            <li key={`${place} ${step.what}`}>
              <State state={VERDICTS[step.outcome] ?? "unknown"} word={step.what} />
              <span>{step.words}</span>
              <span class="small">{number(step.milliseconds)} ms</span>
            </li>
          ))}
        </ol>
      </>
    );
  // It is there before there is something to say, so that what comes is read out.
  return <div role="status" class={told ? "probe-result" : "hidden-visually"}>{told}</div>;
}
