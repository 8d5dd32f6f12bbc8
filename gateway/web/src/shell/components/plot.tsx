// A plot of numbers over time, drawn as SVG, with the same numbers as a table for whoever cannot see it.

import type { JSX, RefObject } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { fill, number, time } from "../language";
import { words } from "./texts";
import { Button } from "./parts";

export interface Line {
  name: string;
  values: (number | null)[];
}

/** The width in pixels before the page was laid out. */
const WIDTH = 640;
/** No plot is narrower. */
const WIDTH_MIN = 200;
const HEIGHT = 160;
const LEFT = 44;
const BOTTOM = 20;
const TOP = 8;
/** So many lines are told apart by colour and by dashes; of more, the rest are one. */
const KINDS = 5;
/** So many rows has the table at most. */
const TABLE_ROWS = 30;

/** A round number that is no less than `value`. */
export function ceiling(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 2.5, 5, 10].find((step) => step * power >= value) ?? 10;
  return step * power;
}

const sum = (values: (number | null | undefined)[]) => values.reduce<number>((all, value) => all + (value ?? 0), 0);

/** The lines with the most, in their order, and the sum of all others as one. */
function drawn(lines: Line[]): Line[] {
  if (lines.length <= KINDS) return lines;
  const busiest = [...lines].sort((one, other) => sum(other.values) - sum(one.values)).slice(0, KINDS - 1);
  const rest = lines.filter((line) => !busiest.includes(line));
  const together = Array.from({ length: Math.max(...rest.map((line) => line.values.length)) }, (_, place) => {
    const values = rest.map((line) => line.values[place]);
    return values.every((value) => value === null || value === undefined) ? null : sum(values);
  });
  return [...lines.filter((line) => busiest.includes(line)), { name: fill(words().others, { count: rest.length }), values: together }];
}

/** How wide an element is in pixels: letters of a plot are as large as all others, however wide it is. */
export function useWidth(box: RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(WIDTH);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setWidth(Math.max(WIDTH_MIN, Math.round(element.clientWidth))));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return width;
}

function path(values: (number | null)[], most: number, width: number): string {
  const step = (width - LEFT) / Math.max(1, values.length - 1);
  let text = "";
  let drawing = false;
  values.forEach((value, place) => {
    if (value === null) {
      drawing = false;
      return;
    }
    const x = LEFT + place * step;
    const y = TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / most);
    text += `${drawing ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`;
    drawing = true;
  });
  return text;
}

export function Plot(props: {
  title: string; lines: Line[]; endsAt: string; stepSeconds: number;
  /** Writes a value with its unit. */
  unit?: (value: number) => string;
}): JSX.Element {
  const [asTable, setAsTable] = useState(false);
  const title = useId();
  const box = useRef<HTMLElement>(null);
  const width = useWidth(box);
  const write = props.unit ?? ((value: number) => number(value, 1));
  const lines = drawn(props.lines);
  const known = lines.flatMap((line) => line.values).filter((value): value is number => value !== null);
  const most = ceiling(Math.max(0, ...known));
  // Half of one agent is rounded to another line's number, and says nothing.
  const told = (share: number) => share !== 0.5 || ![write(0), write(most)].includes(write(most / 2));
  const count = Math.max(0, ...props.lines.map((line) => line.values.length));
  const end = new Date(props.endsAt).getTime();
  const at = (place: number) => new Date(end - (count - 1 - place) * props.stepSeconds * 1000).toISOString();
  const last = (line: Line) => line.values.findLast((value) => value !== null);
  const every = Math.max(1, Math.ceil(count / TABLE_ROWS));
  const rows = Array.from({ length: count }, (_, place) => place).filter((place) => (count - 1 - place) % every === 0);
  return (
    <figure class="plot" ref={box}>
      <figcaption>
        <span id={title}>{props.title}</span>
        <Button pressed={asTable} onClick={() => setAsTable(!asTable)} label={`${words().asTable}: ${props.title}`}>{words().asTable}</Button>
      </figcaption>
      {!asTable && (
        <svg viewBox={`0 0 ${width} ${HEIGHT}`} role="img" aria-labelledby={title}>
          {[0, 0.5, 1].map((share) => {
            const y = TOP + (HEIGHT - TOP - BOTTOM) * (1 - share);
            return (
              <g key={share}>
                <line class="grid" x1={LEFT} x2={width} y1={y} y2={y} />
                {told(share) && <text class="axis" x={LEFT - 6} y={y + 4} text-anchor="end">{write(most * share)}</text>}
              </g>
            );
          })}
          {count > 1 && [0, Math.floor((count - 1) / 2), count - 1].map((place, index) => (
            <text key={place} class="axis" y={HEIGHT - 4} text-anchor={(["start", "middle", "end"] as const)[index]}
              x={LEFT + (place * (width - LEFT)) / (count - 1)}>
              {time(at(place)).replace(/(\d+:\d+):\d+/, "$1")}
            </text>
          ))}
          {lines.map((line, place) => <path key={line.name} class={`line line-${place}`} d={path(line.values, most, width)} />)}
        </svg>
      )}
      {/* The table has each line by itself. */}
      {asTable && (
        <div class="scroll" role="group" aria-label={props.title} tabIndex={0}>
          <table>
            <thead><tr><th scope="col">–</th>{props.lines.map((line) => <th key={line.name} scope="col" class="numeric">{line.name}</th>)}</tr></thead>
            <tbody>
              {rows.map((place) => (
                <tr key={place}>
                  <th scope="row">{time(at(place))}</th>
                  {props.lines.map((line) => {
                    const value = line.values[place];
                    return <td key={line.name} class="numeric">{value === null || value === undefined ? "–" : write(value)}</td>;
                  })}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <ul class="legend">
        {lines.map((line, place) => {
          const value = last(line);
          return (
            <li key={line.name}>
              <svg viewBox="0 0 24 6" aria-hidden="true" class="key"><line class={`line line-${place}`} x1="0" x2="24" y1="3" y2="3" /></svg>
              {line.name}{value !== undefined && value !== null && <span class="small"> {fill(words().now, { value: write(value) })}</span>}
            </li>
          );
        })}
      </ul>
    </figure>
  );
}
