// A whole list of the node, which gives it in pages; what is there is shown while the rest comes.

import { useCallback, useEffect, useState } from "preact/hooks";
import { all, type Problem } from "../../shell/api";
import { problemOf } from "../../shell/use";

export interface Whole<T> {
  items: T[];
  total: number | null;
  /** Whether all pages are there. */
  whole: boolean;
  problem: Problem | null;
  again: () => void;
}

/** Asks for all pages of `path`; `seconds` asks again and again, and shows the new list when it is whole. */
export function useAll<T>(path: string, query: Record<string, string | number> = {}, seconds = 0): Whole<T> {
  const [items, setItems] = useState<T[]>([]);
  const [total, setTotal] = useState<number | null>(null);
  const [whole, setWhole] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [round, setRound] = useState(0);
  const key = JSON.stringify([path, query]);
  useEffect(() => {
    setItems([]);
    setWhole(false);
  }, [key]);
  useEffect(() => {
    const end = new AbortController();
    all<T>(path, query, end.signal, (seen, count) => {
      setTotal(count);
      setItems((before) => (seen.length > before.length ? seen : before));
    }).then(
      (items) => {
        setItems(items);
        setWhole(true);
        setProblem(null);
      },
      (error: unknown) => {
        if (!end.signal.aborted) setProblem(problemOf(error));
      },
    );
    return () => end.abort();
    // The key stands for path and query.
  }, [key, round]);
  const again = useCallback(() => setRound((round) => round + 1), []);
  useEffect(() => {
    if (seconds <= 0) return;
    const timer = setInterval(() => {
      if (document.visibilityState === "visible") again();
    }, seconds * 1_000);
    return () => clearInterval(timer);
  }, [seconds, again]);
  return { items, total, whole, problem, again };
}
