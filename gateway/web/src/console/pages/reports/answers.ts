// What the node tells in reports (`/api/v1/reports`).

import type { Page } from "../../../shell/api";

export interface Row {
  csq?: string;
  agent?: string;
  name?: string | null;
  [column: string]: string | number | null | undefined;
}

/** How many mails came, by queue, in steps that begin then. */
export interface Arrivals {
  step: "hour" | "day";
  time_zone: string;
  starts: string[];
  series: { csq: string; counts: number[] }[];
}

export interface Report extends Page<Row> {
  from: string;
  to: string;
  /** With the first page of reports by queue. */
  arrivals?: Arrivals | null;
}
