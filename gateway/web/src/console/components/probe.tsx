// Testing the way to a peer: a button, and what the node tried and saw, step by step.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { send } from "../../shell/api";
import { fill, number, texts } from "../../shell/language";
import { Button, State, Trouble, type PartState } from "../../shell/components/parts";
import { useAction } from "../../shell/use";

export interface ProbeTold {
  peer: string;
  verdict: "ok" | "partial" | "failed";
  steps: { what: string; outcome: "ok" | "failed" | "partial" | string; words: string; milliseconds: number }[];
}

const words = texts({
  en: {
    verdicts: { ok: "The test went well", partial: "The test went well in part", failed: "The test failed" },
    step: "{what} ({milliseconds} ms)",
    nothing: "Nothing was tried.",
    running: "The test runs …",
  },
  de: {
    verdicts: { ok: "Test bestanden", partial: "Test teilweise bestanden", failed: "Test fehlgeschlagen" },
    step: "{what} ({milliseconds} ms)",
    nothing: "Es wurde nichts versucht.",
    running: "Der Test läuft …",
  },
});

const STATES: Record<string, PartState> = { ok: "ok", partial: "partial", failed: "missing", left_out: "off" };
/** A test waits for peers that are silent. */
const PROBE_MILLISECONDS_MAX = 120_000;

/** What a test saw. */
export function ProbeResult(props: { told: ProbeTold }): JSX.Element {
  const { told } = props;
  return (
    <div class="tried">
      <State state={STATES[told.verdict] ?? "unknown"} word={words().verdicts[told.verdict] ?? told.verdict} />
      {told.steps.length === 0 ? <p class="small">{words().nothing}</p> : (
        <ol class="tried-steps">
          {told.steps.map((step, place) => (
            <li key={place}>
              <State state={STATES[step.outcome] ?? "unknown"} word={fill(words().step, { what: step.what, milliseconds: number(step.milliseconds) })} />
              <p>{step.words}</p>
            </li>
          ))}
        </ol>
      )}
    </div>
  );
}

/** A button that tests a peer, with the result below it; `children` is what the button says. */
export function Probe(props: { kind: string; name?: string; children: string; label?: string }): JSX.Element {
  const [told, setTold] = useState<ProbeTold | null>(null);
  const { busy, problem, run } = useAction();
  const test = () => {
    setTold(null);
    void run(async () => {
      const body = { kind: props.kind, ...(props.name === undefined ? {} : { name: props.name }) };
      setTold((await send<ProbeTold>("POST", "/probes", { body, milliseconds: PROBE_MILLISECONDS_MAX })).body);
    });
  };
  return (
    <div class="tried">
      <div><Button busy={busy} onClick={test} {...(props.label === undefined ? {} : { label: props.label })}>{props.children}</Button></div>
      <div role="status">
        {busy && <p class="small">{words().running}</p>}
        {told && <ProbeResult told={told} />}
      </div>
      <Trouble problem={problem} />
    </div>
  );
}
