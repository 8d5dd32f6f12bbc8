// Counts in steps of time as bars, the queues of a step upon each other, with the same numbers as a table.

import type { JSX } from "preact";
import { useId, useRef, useState } from "preact/hooks";
import { Button } from "../../../shell/components/parts";
import { ceiling, useWidth } from "../../../shell/components/plot";
import { words as shared } from "../../../shell/components/texts";
import { fill, locale, number } from "../../../shell/language";
import type { Arrivals } from "./answers";
import { words } from "./texts";

const HEIGHT = 200;
const LEFT = 44;
const BOTTOM = 22;
const TOP = 8;
/** No bar is wider, however few there are. */
const BAR_MAX = 56;
/** So many queues have a colour of their own; the rest are one. */
const KINDS = 5;

interface Series { name: string; counts: number[] }

/** The busiest queues, and all others as one. */
function shown(arrivals: Arrivals): Series[] {
  const sum = (counts: number[]) => counts.reduce((all, count) => all + count, 0);
  const all = arrivals.series.map(({ csq, counts }) => ({ name: csq, counts })).sort((one, other) => sum(other.counts) - sum(one.counts));
  if (all.length <= KINDS) return all;
  const rest = all.slice(KINDS - 1);
  const together = arrivals.starts.map((_, place) => sum(rest.map((one) => one.counts[place] ?? 0)));
  return [...all.slice(0, KINDS - 1), { name: fill(words().others, { count: rest.length }), counts: together }];
}

/** Steps as people of the time zone name them. */
function namesOf(arrivals: Arrivals): (at: string, short?: boolean) => string {
  const day = { timeZone: arrivals.time_zone, day: "numeric", month: "short" } as const;
  const hour = { hour: "2-digit", minute: "2-digit" } as const;
  const long = new Intl.DateTimeFormat(locale(), arrivals.step === "day" ? { ...day, weekday: "short", year: "numeric" } : { ...day, ...hour, timeZoneName: "short" });
  const short = new Intl.DateTimeFormat(locale(), arrivals.step === "day" ? day : { ...day, ...hour });
  return (at, isShort = false) => (isShort ? short : long).format(new Date(at));
}

export function Bars(props: { arrivals: Arrivals }): JSX.Element {
  const { arrivals } = props;
  const [asTable, setAsTable] = useState(false);
  const title = useId();
  const box = useRef<HTMLElement>(null);
  const width = useWidth(box);
  const series = shown(arrivals);
  const nameOf = namesOf(arrivals);
  const count = arrivals.starts.length;
  const sums = arrivals.starts.map((_, place) => series.reduce((all, one) => all + (one.counts[place] ?? 0), 0));
  const total = sums.reduce((all, sum) => all + sum, 0);
  const most = ceiling(Math.max(1, ...sums));
  const step = (width - LEFT) / Math.max(1, count);
  const bar = Math.min(step * 0.8, BAR_MAX);
  const high = HEIGHT - TOP - BOTTOM;
  const text = fill(arrivals.step === "day" ? words().arrivalsByDay : words().arrivalsByHour, { zone: arrivals.time_zone });
  // What stands in the middle has room where there is some.
  const labels = width > 420 && count > 4 ? [0, Math.floor((count - 1) / 2), count - 1] : count > 1 ? [0, count - 1] : [0];
  return (
    <figure class="plot" ref={box}>
      <figcaption>
        <span id={title}>{text}</span>
        <Button pressed={asTable} onClick={() => setAsTable(!asTable)} label={`${shared().asTable}: ${text}`}>{shared().asTable}</Button>
      </figcaption>
      {!asTable && (
        <svg viewBox={`0 0 ${width} ${HEIGHT}`} role="img" aria-labelledby={title}>
          {[0, 0.5, 1].filter((share) => share !== 0.5 || Number.isInteger(most / 2)).map((share) => {
            const y = TOP + high * (1 - share);
            return (
              <g key={share}>
                <line class="grid" x1={LEFT} x2={width} y1={y} y2={y} />
                <text class="axis" x={LEFT - 6} y={y + 4} text-anchor="end">{number(most * share)}</text>
              </g>
            );
          })}
          {arrivals.starts.map((at, place) => {
            let below = 0;
            return (
              <g key={at}>
                <title>{`${nameOf(at)}: ${number(sums[place] ?? 0)}`}</title>
                {series.map((one, kind) => {
                  const value = one.counts[place] ?? 0;
                  const y = TOP + high * (1 - (below + value) / most);
                  below += value;
                  return value === 0 ? null : <rect key={one.name} class={`amount amount-${kind}`} x={LEFT + (place + 0.5) * step - bar / 2} width={bar} y={y} height={(high * value) / most} />;
                })}
              </g>
            );
          })}
          {labels.map((place) => (
            <text key={place} class="axis" y={HEIGHT - 5} x={place === 0 ? LEFT : place === count - 1 ? width : LEFT + (place + 0.5) * step}
              text-anchor={place === 0 ? "start" : place === count - 1 ? "end" : "middle"}>
              {nameOf(arrivals.starts[place] ?? "", true)}
            </text>
          ))}
        </svg>
      )}
      {asTable && (
        <div class="scroll" role="group" aria-label={text} tabIndex={0}>
          <table>
            <thead><tr><th scope="col">{words().step}</th>{series.map((one) => <th key={one.name} scope="col" class="numeric">{one.name}</th>)}</tr></thead>
            <tbody>
              {arrivals.starts.map((at, place) => (
                <tr key={at}>
                  <th scope="row">{nameOf(at)}</th>
                  {series.map((one) => <td key={one.name} class="numeric">{number(one.counts[place] ?? 0)}</td>)}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <ul class="legend">
        {series.map((one, kind) => (
          <li key={one.name}>
            <svg viewBox="0 0 12 12" aria-hidden="true" class="key-bar"><rect class={`amount amount-${kind}`} width="12" height="12" /></svg>
            {one.name} <span class="small">{number(one.counts.reduce((all, value) => all + value, 0))}</span>
          </li>
        ))}
        {series.length > 1 && <li>{fill(words().together, { count: number(total) })}</li>}
      </ul>
    </figure>
  );
}
