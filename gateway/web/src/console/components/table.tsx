// Tables that sort, and lists so long that only what is seen is drawn.

import type { ComponentChildren, JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { fill, language, number } from "../../shell/language";
import { words } from "../../shell/components/texts";

export interface Column<T> {
  id: string;
  title: string;
  cell: (row: T) => ComponentChildren;
  /** What the column sorts by; one without it does not sort. */
  sort?: (row: T) => string | number | null;
  /** Numbers stand at the end of their cell. */
  numeric?: boolean;
  /** Its share of the width in long lists; 1 where not set. */
  width?: number;
}

interface Sorting { column: string; down: boolean }

function sorted<T>(rows: T[], columns: Column<T>[], sorting: Sorting | null): T[] {
  const by = columns.find((column) => column.id === sorting?.column)?.sort;
  if (!by || !sorting) return rows;
  const collator = new Intl.Collator(language.value, { numeric: true });
  const sign = sorting.down ? -1 : 1;
  const keyed = rows.map((row) => ({ row, key: by(row) }));
  keyed.sort((one, other) => {
    if (one.key === other.key) return 0;
    // What is not known stands last, whichever way it sorts.
    if (one.key === null) return 1;
    if (other.key === null) return -1;
    const order = typeof one.key === "number" && typeof other.key === "number"
      ? one.key - other.key
      : collator.compare(String(one.key), String(other.key));
    return sign * order;
  });
  return keyed.map(({ row }) => row);
}

function Head<T>(props: { columns: Column<T>[]; sorting: Sorting | null; onSort: (sorting: Sorting) => void; virtual?: boolean }): JSX.Element {
  const cells = props.columns.map((column, index) => {
    const by = props.sorting?.column === column.id ? props.sorting : null;
    const order = !column.sort ? undefined : by ? (by.down ? "descending" : "ascending") : "none";
    const content = column.sort
      ? (
        <button type="button" class="sort" title={fill(words().sortBy, { column: column.title })}
          onClick={() => props.onSort({ column: column.id, down: by ? !by.down : false })}>
          {column.title}<span aria-hidden="true" class="arrow">{by ? (by.down ? "▾" : "▴") : ""}</span>
        </button>
      )
      : column.title;
    const kind = column.numeric ? "numeric" : undefined;
    return props.virtual
      ? <div key={column.id} role="columnheader" aria-sort={order} aria-colindex={index + 1} class={kind}>{content}</div>
      : <th key={column.id} scope="col" aria-sort={order} class={kind}>{content}</th>;
  });
  return props.virtual ? <>{cells}</> : <tr>{cells}</tr>;
}

/** A table of up to some hundred rows. */
export function Table<T>(props: {
  caption: string; columns: Column<T>[]; rows: T[]; id: (row: T) => string; first?: Sorting; empty?: ComponentChildren;
  /** On a small screen the cells of a row stand below each other instead of beyond its edge, each with its title where one is no good without. */
  stacks?: boolean | "titled";
}): JSX.Element {
  const [sorting, setSorting] = useState<Sorting | null>(props.first ?? null);
  const rows = useMemo(() => sorted(props.rows, props.columns, sorting), [props.rows, props.columns, sorting]);
  if (props.rows.length === 0 && props.empty) return <>{props.empty}</>;
  return (
    <div class={props.stacks ? `scroll stacks${props.stacks === "titled" ? " titled" : ""}` : "scroll"} role="group" aria-label={props.caption} tabIndex={0}>
      <table>
        <caption class="hidden-visually">{props.caption}</caption>
        <thead><Head columns={props.columns} sorting={sorting} onSort={setSorting} /></thead>
        <tbody>
          {rows.map((row) => (
            <tr key={props.id(row)}>
              {props.columns.map((column, index) => index === 0
                ? <th key={column.id} scope="row" class={column.numeric ? "numeric" : undefined}>{column.cell(row)}</th>
                : <td key={column.id} class={column.numeric ? "numeric" : undefined} data-title={props.stacks === "titled" ? column.title : undefined}>{column.cell(row)}</td>)}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The height of a row of a long list: it grows with the text. */
const ROW_REM = 2.75;
const rowPixels = () => ROW_REM * Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
/** So many rows are drawn beyond what is seen. */
const BEYOND_ROWS = 8;

/** A list of any length: 24,000 rows cost what 40 do. */
export function LongTable<T>(props: {
  caption: string; columns: Column<T>[]; rows: T[]; id: (row: T) => string; first?: Sorting; empty?: ComponentChildren;
  /** It is never narrower than so many letters are high; what does not fit is scrolled to. */
  leastRem?: number;
}): JSX.Element {
  const [sorting, setSorting] = useState<Sorting | null>(props.first ?? null);
  const [top, setTop] = useState(0);
  const [seen, setSeen] = useState(600);
  const [pixels, setPixels] = useState(rowPixels);
  const box = useRef<HTMLDivElement>(null);
  const rows = useMemo(() => sorted(props.rows, props.columns, sorting), [props.rows, props.columns, sorting]);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const observer = new ResizeObserver(() => {
      setSeen(element.clientHeight);
      setPixels(rowPixels());
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const from = Math.max(0, Math.floor(top / pixels) - BEYOND_ROWS);
  const until = Math.min(rows.length, Math.ceil((top + seen) / pixels) + BEYOND_ROWS);
  // The policy of the page allows no style attributes in markup; styles set by code are allowed.
  const columns = props.columns.map((column) => `minmax(0, ${column.width ?? 1}fr)`).join(" ");
  const shape = useRef<HTMLDivElement>(null);
  useEffect(() => {
    shape.current?.style.setProperty("--columns", columns);
    shape.current?.style.setProperty("--rows", `${rows.length * ROW_REM}rem`);
    if (props.leastRem) shape.current?.style.setProperty("--least", `${props.leastRem}rem`);
  }, [columns, rows.length, props.leastRem]);
  if (props.rows.length === 0 && props.empty) return <>{props.empty}</>;
  return (
    <div class="long" role="table" aria-label={props.caption} aria-rowcount={rows.length + 1} aria-colcount={props.columns.length} ref={shape}>
      <div role="rowgroup">
        <div role="row" aria-rowindex={1} class="long-row long-head">
          <Head columns={props.columns} sorting={sorting} onSort={setSorting} virtual />
        </div>
      </div>
      <div class="long-box" role="rowgroup" tabIndex={0} ref={box} aria-label={props.caption}
        onScroll={(event) => setTop(event.currentTarget.scrollTop)}>
        <div class="long-all" role="presentation">
          {rows.slice(from, until).map((row, place) => (
            <LongRow key={props.id(row)} index={from + place} row={row} columns={props.columns} />
          ))}
        </div>
      </div>
      <p class="small long-foot">{fill(words().all, { total: number(rows.length) })}</p>
    </div>
  );
}

function LongRow<T>(props: { index: number; row: T; columns: Column<T>[] }): JSX.Element {
  const line = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (line.current) line.current.style.transform = `translateY(${props.index * ROW_REM}rem)`;
  }, [props.index]);
  return (
    <div role="row" class="long-row long-line" ref={line} aria-rowindex={props.index + 2}>
      {props.columns.map((column, place) => (
        <div key={column.id} role={place === 0 ? "rowheader" : "cell"} aria-colindex={place + 1}
          class={column.numeric ? "numeric" : undefined}>{column.cell(props.row)}</div>
      ))}
    </div>
  );
}
