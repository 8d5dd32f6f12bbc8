// Hearing the node for as long as something is shown.

import { useEffect, useRef } from "preact/hooks";
import { listen, type Topic } from "../live";

/** Hears a topic for as long as the component is shown. */
export function useTopic(topic: Topic, hear: (data: never) => void, query: Record<string, string> = {}): void {
  const latest = useRef(hear);
  latest.current = hear;
  const key = JSON.stringify(query);
  useEffect(() => listen(topic, (data) => latest.current(data as never), query), [topic, key]);
}
