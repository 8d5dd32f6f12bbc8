// A contact with what stands beside it, which changes without an event of its own: others answer, servers report.
//
// It is asked for again when an event or a lost connection makes it likely that something changed, and each minute
// while somebody may look. What is shown takes new lines and stays as it is otherwise: focus, places and texts too.

import { useEffect, useRef } from "preact/hooks";
import { useGet, type Asked } from "../../shell/use";
import type { OpenContact } from "../answers";
import { path, round } from "../state";

const ROUND_SECONDS = 60;
/** Reading a large mail costs the node something. */
const APART_SECONDS = 2;

export function useBeside(id: string): Asked<OpenContact> {
  const asked = useGet<OpenContact>(path("contacts", id), {}, ROUND_SECONDS, APART_SECONDS);
  const first = useRef(round.value);
  useEffect(() => {
    if (first.current === round.value) return;
    first.current = round.value;
    asked.again();
  }, [round.value]);
  return asked;
}
