// A test of single sign-on: a person signs on in a tab of its own, and this page waits for what came of it.

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { send } from "../../../shell/api";
import { Button, Notice, State, Trouble } from "../../../shell/components/parts";
import { useAction } from "../../../shell/use";
import type { Problem } from "../../../shell/api";
import { fill, time } from "../../../shell/language";
import type { Identity, Tested } from "./answers";
import { words } from "./texts";

export interface Target {
  kind: "component" | "provider";
  name: string;
}

interface Begun {
  target: Target;
  url: string;
  /** Whether the browser opened the tab by itself. */
  opened: boolean;
  /** When it was tested before; another time is the result that is waited for. */
  before: string | null;
}

export interface Trial {
  waiting: Begun | null;
  target: Target | null;
  result: Tested | null;
  busy: boolean;
  problem: Problem | null;
  begin: (target: Target) => void;
  stop: () => void;
}

function testedOf(identity: Identity | null, target: Target): Tested | null {
  const list = target.kind === "component" ? identity?.components : identity?.providers;
  return list?.find((it) => it.name === target.name)?.tested ?? null;
}

/** The address that the node gave, if it is one that a browser may open from here. */
function opensAt(told: string): string {
  const url = new URL(told, location.href);
  if (url.protocol !== "https:" && url.origin !== location.origin) throw new Error(words().badAddress);
  return url.href;
}

/** One test at a time: two would be told apart by nobody. */
export function useTrial(identity: Identity | null): Trial {
  const [begun, setBegun] = useState<Begun | null>(null);
  const [target, setTarget] = useState<Target | null>(null);
  const [result, setResult] = useState<Tested | null>(null);
  const { busy, problem, run } = useAction();
  useEffect(() => {
    if (!begun) return;
    const tested = testedOf(identity, begun.target);
    if (!tested || tested.at === begun.before) return;
    setResult(tested);
    setBegun(null);
  }, [identity, begun]);
  const begin = (target: Target) => {
    if (busy) return;
    // Browsers open tabs for a click alone: it is opened before the node is asked where it goes.
    const tab = window.open("about:blank", "_blank");
    setTarget(target);
    setResult(null);
    setBegun(null);
    void run(async () => {
      try {
        const url = opensAt((await send<{ url: string }>("POST", "/identity/tests", { body: { [target.kind]: target.name } })).body.url);
        if (tab) {
          tab.opener = null;
          tab.location.replace(url);
        }
        setBegun({ target, url, opened: tab !== null, before: testedOf(identity, target)?.at ?? null });
      } catch (error) {
        tab?.close();
        throw error;
      }
    });
  };
  return { waiting: begun, target, result, busy, problem, begin, stop: () => setBegun(null) };
}

/** What is said of a test of `kind` where it was begun. */
export function TrialTold(props: { trial: Trial; kind: Target["kind"] }): JSX.Element | null {
  const { trial } = props;
  if (trial.target?.kind !== props.kind) return null;
  const { name } = trial.target;
  if (trial.problem) return <Trouble problem={trial.problem} />;
  if (trial.waiting) {
    return (
      <Notice>
        <p>{fill(trial.waiting.opened ? words().waiting : words().waitingClosed, { name })}</p>
        <div class="actions">
          {!trial.waiting.opened && <a class="button main" href={trial.waiting.url} target="_blank" rel="noopener">{words().openTest}</a>}
          <Button onClick={trial.stop}>{words().stopWaiting}</Button>
        </div>
      </Notice>
    );
  }
  if (!trial.result) return null;
  return trial.result.passed
    ? <Notice kind="ok">{fill(trial.result.who ? words().passedAs : words().passedNow, { name, who: trial.result.who ?? "" })}</Notice>
    : <Notice kind="missing"><p>{fill(words().failedNow, { name })}</p>{trial.result.reason && <p>{trial.result.reason}</p>}</Notice>;
}

/** How the last test went, with its reason. */
export function LastTest(props: { tested: Tested | null; stale?: boolean }): JSX.Element {
  const { tested } = props;
  if (!tested) return <State state="unknown" word={words().untested} />;
  const stale = props.stale || tested.is_current === false;
  const state = !tested.passed ? "missing" : stale ? "partial" : "ok";
  return (
    <>
      <State state={state} word={!tested.passed ? words().failed : stale ? words().passedBefore : words().passed} /> <span class="small">{time(tested.at)}</span>
      {tested.reason && <p class="small">{tested.reason}</p>}
    </>
  );
}
