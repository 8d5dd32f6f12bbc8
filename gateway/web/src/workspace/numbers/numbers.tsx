// Numbers of the day beside the contacts: the agent's own, and what waits in the own queues since when (RPT-02).

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Since } from "../../shell/components/presence";
import { duration, fill, number } from "../../shell/language";
import { now } from "../../shell/now";
import { useGet, useLast } from "../../shell/use";
import { mine, path, waiting } from "../state";
import { words } from "./texts";

/** So often numbers are asked for anew, beside each time that something changes. */
const ROUND_SECONDS = 20;
/** What changes is asked for no more often: queues of a busy centre change several times a second. */
const APART_SECONDS = 5;

/** What somebody did with contacts. */
export interface Work {
  replied: number;
  forwarded: number;
  discarded: number;
  requeued: number;
  taken: number;
  in_hand: number;
  handling_mean_seconds: number;
  handling_longest_seconds: number;
}

interface Told {
  since: string;
  is_whole: boolean;
  own: Work;
  queues: { csq: string; waiting: number; longest_since: string | null }[];
}

/** When the day of this browser began. */
export function dayBegan(): string {
  const day = new Date(now.value);
  day.setHours(0, 0, 0, 0);
  return day.toISOString();
}

export function Numbers(): JSX.Element {
  const { value: told, problem, again } = useGet<Told>(path("numbers"), { since: dayBegan() }, ROUND_SECONDS, APART_SECONDS);
  const value = useLast(told);
  const changed = JSON.stringify([waiting.value, mine.value.map((one) => one.id)]);
  const first = useRef(changed);
  useEffect(() => {
    if (first.current !== changed) again();
    first.current = "";
  }, [changed]);
  const oldest = (csq: string) => value?.queues.find((one) => one.csq === csq)?.longest_since ?? null;
  const queues = Object.entries(waiting.value).filter(([, count]) => count > 0).sort(([one], [other]) => one.localeCompare(other));
  return (
    <>
      <section class="waiting" aria-labelledby="waiting-title">
        <h2 id="waiting-title">{words().waiting}</h2>
        {queues.length === 0 ? <p class="small">{words().waitingNone}</p> : (
          <ul>
            {queues.map(([csq, count]) => (
              <li key={csq}>
                <span class="waiting-name">{csq}</span><strong>{count}</strong>
                {oldest(csq) && <Oldest at={oldest(csq)} />}
              </li>
            ))}
          </ul>
        )}
      </section>
      {value && <Today work={value.own} isWhole={value.is_whole} isOld={problem !== null} />}
    </>
  );
}

function Oldest(props: { at: string | null }): JSX.Element {
  const [before, behind] = words().oldest.split("{time}");
  return <span class="small waiting-oldest">{before}<Since at={props.at} />{behind}</span>;
}

function Today(props: { work: Work; isWhole: boolean; isOld: boolean }): JSX.Element {
  const { work } = props;
  // On a small screen it would stand between the contacts and the mail.
  const [isOpen] = useState(() => matchMedia("(min-width: 48rem)").matches);
  const told: [string, string][] = [
    [words().replied, number(work.replied)], [words().forwarded, number(work.forwarded)], [words().discarded, number(work.discarded)],
    [words().requeued, number(work.requeued)], [words().taken, number(work.taken)], [words().handling, duration(work.handling_mean_seconds)],
  ];
  return (
    <section class="today" aria-labelledby="today-title">
      <details open={isOpen}>
        <summary><h2 id="today-title">{words().today}</h2></summary>
        {props.isOld && <p class="small">{words().old}</p>}
        {!props.isWhole && <p class="small">{words().partial}</p>}
        <dl>{told.map(([name, count]) => <div key={name}><dt>{name}</dt><dd>{count}</dd></div>)}</dl>
      </details>
    </section>
  );
}

/** A team's sums in one line each, for whoever looks at a glance. */
export function Sums(props: { agents: { desk: { state: string } | null }[]; queues: { waiting: number; active: number }[] }): JSX.Element {
  const at = (state: string) => props.agents.filter((agent) => agent.desk?.state === state).length;
  const sum = (pick: (queue: { waiting: number; active: number }) => number) => props.queues.reduce((all, queue) => all + pick(queue), 0);
  const ready = at("ready");
  const notReady = at("not_ready");
  return (
    <ul class="sums">
      <li>{fill(words().sum, { signedIn: number(ready + notReady), ready: number(ready), notReady: number(notReady) })}</li>
      <li>{fill(words().waitingSum, { waiting: number(sum((queue) => queue.waiting)), inHand: number(sum((queue) => queue.active)) })}</li>
    </ul>
  );
}

/** What an agent of the team did today, in few words. */
export function Done(props: { work: Work }): JSX.Element {
  const { work } = props;
  const parts = [
    [words().replied, work.replied], [words().forwarded, work.forwarded], [words().discarded, work.discarded], [words().requeued, work.requeued], [words().taken, work.taken],
  ] as const;
  const told = parts.filter(([, count]) => count > 0);
  return (
    <>
      {told.length === 0 ? "–" : <ul class="done">{told.map(([name, count]) => <li key={name}>{name} {number(count)}</li>)}</ul>}
      {work.handling_mean_seconds > 0 && <p class="small">{words().handling}: {duration(work.handling_mean_seconds)}</p>}
    </>
  );
}
