// One state of an agent in words: what it is, and what is told beside it.

import { fill } from "../../../shell/language";
import { presenceWords, stateWord } from "../../../shell/presence";
import { agentWords as words } from "./agent_texts";
import type { Origin } from "./answers";

/** States that are codes with a label. */
const CODES = ["reason", "wrap_up_reason"];

/** What it is now. */
export function valueOf(origin: Origin): string {
  const { value, what, detail } = origin;
  if (value === null || value === "") return "–";
  if (CODES.includes(what)) return detail === null ? String(value) : `${detail} (${value})`;
  if (what === "call") return presenceWords().calls[value] ?? String(value);
  return words().values[value] ?? presenceWords().states[value] ?? String(value);
}

/** What is told beside it; the node says some of it in English words of its own. */
export function detailOf(origin: Origin): string {
  const { what, detail } = origin;
  if (detail === null || CODES.includes(what)) return "";
  const line = /^line (\S+) at node (\S+)$/.exec(detail);
  if (line?.[1] && line[2]) return fill(words().lineAtNode, { line: line[1], node: line[2] });
  const told = /^told (\w+)$/.exec(detail);
  if (told?.[1]) return fill(words().told, { state: words().values[told[1]] ?? stateWord(told[1]) });
  return detail;
}
