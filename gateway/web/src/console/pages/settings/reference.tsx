// A field that names something else of the settings: a list to choose from, or a search where there are many.

import type { JSX } from "preact";
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { get, type Page } from "../../api";
import { Choice, TextField } from "../../components/field";
import type { ReferenceTo } from "./sections";
import { words } from "./texts";

/** Up to so many are offered in one list. */
const CHOICE_MAX = 200;
const SEARCH_PAUSE_MILLISECONDS = 200;
/** Call variables of the protocol; others are those of the contact centre. */
const VARIABLES = [...Array.from({ length: 10 }, (_, place) => `callVariable${place + 1}`), "DNIS", "ANI", "callType", "dialedNumber"];

interface Offer { value: string; label: string }
interface Offers { offers: Offer[]; total: number }
const VARIABLE_OFFERS: Offers = { offers: VARIABLES.map((value) => ({ value, label: value })), total: Number.MAX_SAFE_INTEGER };

type Named = { name?: string; id?: string; label?: string; category?: string; code?: number; node?: string };

function offer(item: Named): Offer {
  const value = item.id ?? item.name ?? "";
  return { value, label: item.id && item.name ? `${item.id} – ${item.name}` : value };
}

async function ask(to: ReferenceTo, q: string, signal: AbortSignal): Promise<Offers> {
  switch (to) {
    case "nodes": {
      const told = await get<{ nodes: Named[] }>("/status", {}, signal);
      return { offers: told.nodes.map((it) => ({ value: it.node ?? "", label: it.node ?? "" })), total: told.nodes.length };
    }
    case "next_hops": {
      const told = await get<{ next_hops?: Named[] }>("/sip", {}, signal);
      const hops = told.next_hops ?? [];
      return { offers: hops.map(offer), total: hops.length };
    }
    case "not_ready_reasons": {
      const told = await get<Page<Named>>("/reason-codes", { limit: 1000 }, signal);
      const fitting = told.items.filter((it) => it.category === "not_ready");
      return { offers: fitting.map((it) => ({ value: String(it.code), label: `${it.code} – ${it.label}` })), total: fitting.length };
    }
    case "variables":
      return VARIABLE_OFFERS;
    case "directories_and_providers": {
      const both = await Promise.all([ask("directories", q, signal), ask("identity-providers", q, signal)]);
      return { offers: both.flatMap((it) => it.offers), total: both.reduce((sum, it) => sum + it.total, 0) };
    }
    default: {
      const told = await get<Page<Named>>(`/${to}`, { limit: CHOICE_MAX, q }, signal);
      return { offers: told.items.map(offer), total: told.total ?? told.items.length };
    }
  }
}

export function ReferenceInput(props: {
  id?: string; label: string; help?: string | undefined; error?: string | undefined; required?: boolean; disabled?: boolean;
  to: ReferenceTo; value: string; onInput: (value: string) => void;
}): JSX.Element {
  // What is known here is not waited for.
  const [all, setAll] = useState<Offers | null>(props.to === "variables" ? VARIABLE_OFFERS : null);
  const [found, setFound] = useState<Offer[]>([]);
  const list = useId();
  const own = useId();
  const id = props.id ?? own;
  /** Whether somebody was in the field as its offers came. */
  const hadFocus = useRef(false);
  useEffect(() => {
    if (props.to === "variables") return undefined;
    const end = new AbortController();
    const take = (offers: Offers) => {
      hadFocus.current = document.activeElement?.id === id;
      setAll(offers);
    };
    // Where the list cannot be had, the name is typed.
    ask(props.to, "", end.signal).then(take, () => { if (!end.signal.aborted) take({ offers: [], total: Number.MAX_SAFE_INTEGER }); });
    return () => end.abort();
  }, [props.to]);
  const isMany = all !== null && all.total > CHOICE_MAX;
  // A list to choose from becomes a field to type in: whoever is in it stays in it.
  useLayoutEffect(() => {
    if (isMany && hadFocus.current) document.getElementById(id)?.focus();
    hadFocus.current = false;
  }, [isMany]);
  useEffect(() => {
    if (!isMany || props.to === "variables" || props.value.length < 1) return;
    const end = new AbortController();
    const timer = setTimeout(() => {
      ask(props.to, props.value, end.signal).then((told) => setFound(told.offers.slice(0, 20)), () => {});
    }, SEARCH_PAUSE_MILLISECONDS);
    return () => {
      clearTimeout(timer);
      end.abort();
    };
  }, [isMany, props.to, props.value]);
  const { to: _, ...rest } = props;
  const common = { ...rest, id };
  if (isMany) {
    const offers = props.to === "variables" || found.length === 0 ? all.offers.slice(0, 50) : found;
    return (
      <>
        <TextField {...common} list={list} />
        <datalist id={list}>{offers.map((one) => <option key={one.value} value={one.value} label={one.label} />)}</datalist>
      </>
    );
  }
  const offers = all?.offers ?? [];
  const isStrange = props.value !== "" && !offers.some((one) => one.value === props.value);
  const none = props.required ? words().choose : words().notSet;
  return (
    <Choice {...common} options={[
      ...(props.required && props.value !== "" ? [] : [{ value: "", label: none }]),
      ...(isStrange ? [{ value: props.value, label: props.value }] : []),
      ...offers,
    ]} />
  );
}
