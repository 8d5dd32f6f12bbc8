// The Test button of a queue's mailbox and of a mail server: what stands in the form is tried, saved or not.
//
//   idle --test--> running: checks come one by one --> over: a verdict
//                     `-- stopped, or the page is left: the node hangs up, too

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { lines, Problem } from "../../../shell/api";
import { Button, Notice, Section, State, Trouble, type PartState } from "../../../shell/components/parts";
import { fill, number } from "../../../shell/language";
import { problemOf } from "../../../shell/use";
import { checkTold, checkWord, sideWord, type MailCheck } from "../../components/mail_checks";
import { isDoc, type Doc } from "./schema";
import type { SectionEntry } from "./sections";
import { words } from "./mail_test_texts";

/** A test ends by itself before that. */
const MILLISECONDS_MAX = 150_000;

type Planned = Pick<MailCheck, "side" | "check">;
type Line = { planned: Planned[]; hosts: string[] } | { check: MailCheck } | { end: { verdict: string } };

interface Seen {
  planned: Planned[];
  hosts: string[];
  checks: MailCheck[];
  /** Null while it runs; `stopped` where somebody did not wait for the end. */
  verdict: string | null;
  /** The document that was tried, or what was saved. */
  of: string;
}

/** What can be tested of a document: the path of its list; nothing where it has no mails. */
export function testedAs(section: SectionEntry, document: Doc): "csqs" | "mail-servers" | null {
  if (section.path === "mail-servers") return "mail-servers";
  return section.path === "csqs" && document["channel"] !== "chat" && isDoc(document["email"]) ? "csqs" : null;
}

export function MailTest(props: {
  what: "csqs" | "mail-servers";
  /** What stands in the form and is not saved; null where all of it is. */
  unsaved: Doc | null;
  /** The name it is tested by; null where the form has faults, which it shows then. */
  target: () => string | null;
  onFaults: (problem: Problem) => void;
}): JSX.Element {
  const [seen, setSeen] = useState<Seen | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const running = useRef<AbortController | null>(null);
  useEffect(() => () => running.current?.abort(), []);
  const of = JSON.stringify(props.unsaved);
  const busy = seen?.verdict === null;
  const stop = () => {
    running.current?.abort();
    setSeen((seen) => seen && { ...seen, verdict: "stopped" });
  };
  const test = async () => {
    if (busy) return;
    setProblem(null);
    setSeen(null);
    const name = props.target();
    if (name === null) return;
    const end = new AbortController();
    running.current = end;
    setSeen({ planned: [], hosts: [], checks: [], verdict: null, of });
    try {
      await lines<Line>(`/${props.what}/${encodeURIComponent(name)}/test`, props.unsaved ?? undefined, end.signal, MILLISECONDS_MAX, (line) => {
        setSeen((seen) => {
          if (!seen || seen.verdict !== null) return seen;
          if ("planned" in line) return { ...seen, ...line };
          if ("check" in line) return { ...seen, checks: [...seen.checks, line.check] };
          return { ...seen, verdict: line.end.verdict };
        });
      });
      // The node stopped before it was over.
      setSeen((seen) => seen && seen.verdict === null ? { ...seen, verdict: "stopped" } : seen);
    } catch (error) {
      if (end.signal.aborted) return;
      setSeen(null);
      const found = problemOf(error);
      if (found.errors.length > 0) props.onFaults(found);
      setProblem(found);
    }
  };
  return (
    <Section id="mail-test" title={words().title} actions={
      <>
        {busy && <Button onClick={stop}>{words().stop}</Button>}
        <Button busy={busy} onClick={() => void test()}>{props.unsaved ? words().testUnsaved : words().test}</Button>
      </>
    }>
      <p class="small">{props.what === "csqs" ? words().introCsq : words().introServer}{props.unsaved && ` ${words().introUnsaved}`}</p>
      <Trouble problem={problem} />
      <div role="status">{seen && <p class="small">{stateText(seen)}</p>}</div>
      {seen && seen.verdict !== null && seen.of !== of && <Notice kind="partial" quiet>{words().changed}</Notice>}
      {seen && <Checks seen={seen} />}
    </Section>
  );
}

function stateText(seen: Seen): string {
  if (seen.verdict === null) return seen.hosts.length === 0 ? words().begins : fill(words().running, { hosts: [...new Set(seen.hosts)].join(", ") });
  return words().verdicts[seen.verdict] ?? seen.verdict;
}

const STATES: Record<MailCheck["outcome"], PartState> = { ok: "ok", failed: "missing", not_tried: "off", not_applicable: "off" };

function Checks(props: { seen: Seen }): JSX.Element {
  const { planned, checks, verdict } = props.seen;
  const all = planned.length;
  const sides = [...new Set(planned.map((it) => it.side))];
  const next = planned[checks.length];
  return (
    <>
      {verdict === null && (
        <label class="small progress">
          {all === 0 ? words().begins : fill(words().done, { done: number(checks.length), all: number(all) })}
          <progress max={all || 1} value={checks.length} />
        </label>
      )}
      <div class="mail-checks">
        {sides.map((side) => (
          <div key={side}>
            <h3>{sideWord(side)}</h3>
            <ol>
              {planned.filter((it) => it.side === side).map((it) => (
                <Row key={it.check} planned={it} told={checks.find((told) => told.side === it.side && told.check === it.check)} isNext={verdict === null && it === next} />
              ))}
            </ol>
          </div>
        ))}
      </div>
    </>
  );
}

function Row(props: { planned: Planned; told: MailCheck | undefined; isNext: boolean }): JSX.Element {
  const what = checkWord(props.planned.check);
  if (!props.told) return <li><State state="unknown" word={fill(props.isNext ? words().now : words().later, { what })} /></li>;
  const { told, remedy } = checkTold(props.told);
  return (
    <li>
      <State state={STATES[props.told.outcome]} word={fill(words().outcomes[props.told.outcome] ?? "{what}", { what })} />
      {told && <p>{told}</p>}
      {remedy && <p class="remedy">{remedy}</p>}
    </li>
  );
}
