// What components share: asking the node, and doing something once at a time.

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { get, Problem } from "./api";

/** What was asked for: being asked, there, or why not. What was there stays while it is asked again. */
export interface Asked<T> {
  value: T | null;
  problem: Problem | null;
  busy: boolean;
  /** Asks again. */
  again: () => void;
}

/** Any error as a problem. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  return new Problem(0, "broken", error instanceof Error ? error.message : String(error));
}

/** Asks for `path` when it is shown and when it changes; `seconds` asks again and again, once the answer before came.
 * Asked again meanwhile, it asks once more afterwards. From question to question it takes `apart` seconds at least. */
export function useGet<T>(
  path: string | null,
  query: Record<string, string | number | boolean | null | undefined> = {},
  seconds = 0,
  apart = 0,
): Asked<T> {
  const [value, setValue] = useState<T | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(path !== null);
  const key = JSON.stringify([path, query]);
  const before = useRef(key);
  const asking = useRef<{ ask: () => void; isBusy: boolean } | null>(null);
  useEffect(() => {
    if (path === null) return;
    if (before.current !== key) {
      before.current = key;
      setValue(null);
    }
    const end = new AbortController();
    let isWanted = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let next = 0;
    const own = {
      isBusy: false,
      ask: () => {
        const wait = next - Date.now();
        if (own.isBusy) isWanted = true;
        // A clock that was set back keeps nobody waiting.
        else if (wait > 0 && wait <= apart * 1_000) timer ??= setTimeout(begin, wait);
        else begin();
      },
    };
    const begin = () => {
      clearTimeout(timer);
      timer = undefined;
      own.isBusy = true;
      isWanted = false;
      next = Date.now() + apart * 1_000;
      setBusy(true);
      get<T>(path, query, end.signal).then(
        (got) => { setValue(got); setProblem(null); },
        (error) => { if (!end.signal.aborted) setProblem(problemOf(error)); },
      ).then(() => {
        if (end.signal.aborted) return;
        own.isBusy = false;
        setBusy(false);
        if (isWanted) own.ask();
      });
    };
    asking.current = own;
    own.ask();
    return () => {
      end.abort();
      clearTimeout(timer);
      asking.current = null;
    };
    // The key stands for path and query.
  }, [key]);
  const again = useCallback(() => asking.current?.ask(), []);
  useEffect(() => {
    if (seconds <= 0 || path === null) return;
    const timer = setInterval(() => {
      if (document.visibilityState === "visible" && !asking.current?.isBusy) again();
    }, seconds * 1_000);
    return () => clearInterval(timer);
  }, [seconds, path, again]);
  return { value, problem, busy, again };
}

/** What was there last, where nothing is there now: what is shown stays while its question changes or fails. */
export function useLast<T>(value: T | null): T | null {
  const last = useRef<T | null>(null);
  if (value !== null) last.current = value;
  return last.current;
}

/** Does something once at a time, and tells how it went. */
export function useAction(): {
  busy: boolean;
  problem: Problem | null;
  run: (work: () => Promise<void>) => Promise<boolean>;
  clear: () => void;
} {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const running = useRef(false);
  const run = useCallback(async (work: () => Promise<void>) => {
    if (running.current) return false;
    running.current = true;
    setBusy(true);
    setProblem(null);
    try {
      await work();
      return true;
    } catch (error) {
      setProblem(problemOf(error));
      return false;
    } finally {
      running.current = false;
      setBusy(false);
    }
  }, []);
  return { busy, problem, run, clear: () => setProblem(null) };
}
