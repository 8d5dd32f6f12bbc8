// What the node did in the last hour, as it remembers it.

import type { JSX } from "preact";
import { Plot, type Line } from "../../../shell/components/plot";
import { Section } from "../../../shell/components/parts";
import { useGet } from "../../../shell/use";
import { fill, number } from "../../../shell/language";
import { stateWord } from "../../../shell/presence";
import { words } from "./texts";
import type { History } from "./answers";

const AGENTS = ["ready", "not_ready", "talking", "wrap_up"];
const ACTIVITY = ["phone.pages_per_second", "http.requests_per_second", "cti.events_per_second", "push.failures_per_second"];
const LOAD = ["process.cpu_ratio"];
/** How often the node remembers. */
const STEP_SECONDS = 10;

/** The sum of several series, where at least one has a value. */
function summed(all: (number | null)[][]): (number | null)[] {
  return (all[0] ?? []).map((_, place) => {
    const known = all.map((values) => values[place]).filter((value) => value !== null && value !== undefined);
    return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0);
  });
}

/** The lines of those names, of a team or of all; whoever may see some teams alone sees their sum. */
export function linesOf(history: History, names: string[], title: (name: string) => string, team: string | null = null): Line[] {
  return names.flatMap((name) => {
    const series = history.series.filter((one) => one.name === name);
    const found = series.find((one) => one.team === team)?.values;
    const values = found ?? (team === null && series.length > 0 ? summed(series.map((one) => one.values)) : null);
    return values ? [{ name: title(name), values }] : [];
  });
}

export function Plots(): JSX.Element | null {
  const agents = AGENTS.map((state) => `agents.${state}`);
  const asked = useGet<History>("/history", { series: [...agents, ...ACTIVITY, ...LOAD].join(","), minutes: 60 }, STEP_SECONDS);
  const history = asked.value;
  if (!history?.ends_at) return null;
  const { ends_at: endsAt, step_seconds: stepSeconds } = history;
  const titles = [words().phonePages, words().requests, words().ctiEvents, words().pushFailures];
  const states = linesOf(history, agents, (name) => stateWord(name.slice("agents.".length)));
  const activity = linesOf(history, ACTIVITY, (name) => titles[ACTIVITY.indexOf(name)] ?? name);
  const load = linesOf(history, LOAD, () => words().processor);
  const percent = (value: number) => fill(words().percent, { value: number(value * 100, 1) });
  return (
    <Section title={words().activity}>
      <div class="plots">
        {states.length > 0 && <Plot title={words().agentsPlot} lines={states} endsAt={endsAt} stepSeconds={stepSeconds} unit={(value) => number(value)} />}
        {activity.length > 0 && <Plot title={words().ratesPlot} lines={activity} endsAt={endsAt} stepSeconds={stepSeconds} />}
        {load.length > 0 && <Plot title={words().loadPlot} lines={load} endsAt={endsAt} stepSeconds={stepSeconds} unit={percent} />}
      </div>
      <p class="small">{words().plotsBegin}</p>
    </Section>
  );
}
