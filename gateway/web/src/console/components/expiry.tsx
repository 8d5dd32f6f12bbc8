// Until when a certificate is valid, and how long that still is.

import type { JSX } from "preact";
import { day, duration, fill } from "../../shell/language";
import { now } from "../../shell/now";
import { words } from "./expiry_texts";
import { State } from "../../shell/components/parts";

/** How long before its end a certificate is a matter of concern. */
const SOON_SECONDS = 30 * 86_400;

/** The day, and in words what is left; `until` is in seconds since 1970. */
export function Expiry(props: { until: number }): JSX.Element {
  return <>{day(new Date(props.until * 1000).toISOString())} <Left until={props.until} /></>;
}

function Left(props: { until: number }): JSX.Element {
  const seconds = props.until - now.value / 1000;
  if (seconds <= 0) return <State state="missing" word={words().over} />;
  return <State state={seconds < SOON_SECONDS ? "partial" : "ok"} word={fill(words().left, { time: duration(seconds) })} />;
}
