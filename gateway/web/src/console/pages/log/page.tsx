// The log of this node as it is written, to follow, to hold and to search.

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Choice, TextField } from "../../../shell/components/field";
import { Button, Empty, Notice, Page } from "../../../shell/components/parts";
import { useTopic } from "../../components/use";
import { fill, number, time } from "../../../shell/language";
import { place, setQuery } from "../../../shell/router";
import { words } from "./texts";

interface Line {
  at: string;
  level: string;
  target: string;
  message: string;
  fields: Record<string, unknown> | null;
}

const LEVELS = ["error", "warn", "info", "debug", "trace"];
const LINES_MAX = 2_000;

function text(line: Line): string {
  const fields = Object.entries(line.fields ?? {}).map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`);
  // A peer may have had a hand in it: one line stays one and runs one way, in a file too.
  return [line.message, ...fields].join(" ").replace(/[\p{Cc}\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu, (it) => `\\u{${it.codePointAt(0)?.toString(16)}}`);
}

export default function Log(): JSX.Element {
  const level = LEVELS.find((it) => it === place.value.query.get("level")) ?? "info";
  const filter = place.value.query.get("contains") ?? "";
  const [lines, setLines] = useState<Line[]>([]);
  const [held, setHeld] = useState<Line[] | null>(null);
  const box = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  useEffect(() => { setLines([]); setHeld(null); }, [level]);
  useTopic("log", (told: { lines: Line[] }) => {
    if (held) setHeld((held) => [...(held ?? []), ...told.lines].slice(-LINES_MAX));
    else setLines((lines) => [...lines, ...told.lines].slice(-LINES_MAX));
  }, { level });
  useEffect(() => {
    // Whoever scrolled up is reading there.
    if (atEnd.current && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [lines]);
  const wanted = filter.toLowerCase();
  const shown = wanted === "" ? lines : lines.filter((line) => `${line.target} ${text(line)}`.toLowerCase().includes(wanted));
  const goOn = () => {
    setLines([...lines, ...(held ?? [])].slice(-LINES_MAX));
    setHeld(null);
  };
  const keep = () => {
    const content = shown.map((line) => `${line.at} ${line.level} ${line.target} ${text(line)}\n`).join("");
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([content], { type: "text/plain" }));
    link.download = "jackfield-log.txt";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  };
  return (
    <Page title={words().title} intro={words().intro} actions={(
      <>
        <Button pressed={held !== null} onClick={() => held ? goOn() : setHeld([])}>{held ? words().goOn : words().pause}</Button>
        <Button disabled={shown.length === 0} onClick={keep}>{words().save}</Button>
      </>
    )}>
      <div class="filters">
        <Choice label={words().level} value={level} onInput={(value) => setQuery({ level: value })}
          options={LEVELS.map((value) => ({ value, label: words().levels[value] ?? value }))} />
        <TextField label={words().filter} help={words().filterHelp} type="search" value={filter} onInput={(value) => setQuery({ contains: value })} />
        <a href="#/nodes">{words().setLevel}</a>
      </div>
      {held && <Notice>{fill(words().held, { count: number(held.length) })}</Notice>}
      {shown.length === 0 && <Empty title={words().empty}><p>{words().emptyText}</p></Empty>}
      {shown.length > 0 && (
        <div class="log" role="log" aria-live="off" aria-label={words().lines} tabIndex={0} ref={box}
          onScroll={(event) => {
            const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
            atEnd.current = scrollTop + clientHeight >= scrollHeight - 40;
          }}>
          {shown.map((line, place) => (
            <p key={`${line.at}-${place}`} class={`log-line log-${line.level.toLowerCase()}`}>
              <span class="log-at">{time(line.at)}</span> <span class="log-level">{line.level.toLowerCase()}</span> <span class="log-text">{text(line)}</span>
            </p>
          ))}
        </div>
      )}
      {lines.length === LINES_MAX && <p class="small">{fill(words().cut, { count: number(LINES_MAX) })}</p>}
    </Page>
  );
}
