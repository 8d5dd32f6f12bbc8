// Where the focus goes after a change that draws or removes what is to have it.
//
// It goes there as the change is drawn, and not in a later frame: whoever types on would meet a focus that
// moves under the next key, and press another button than the one that was meant.

import { useCallback, useLayoutEffect, useRef } from "preact/hooks";

/** Gives a function that names what gets the focus once the next change is drawn: the first of these that can have it. */
export function useFocusNext(box: { current: HTMLElement | null }): (...selectors: string[]) => void {
  const next = useRef<string[]>([]);
  useLayoutEffect(() => {
    const selectors = next.current;
    next.current = [];
    for (const selector of selectors) {
      const found = box.current?.querySelector<HTMLElement>(selector);
      if (!found || found.matches(":disabled")) continue;
      found.focus();
      return;
    }
  });
  return useCallback((...selectors) => { next.current = selectors; }, []);
}
