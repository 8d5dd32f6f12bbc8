// What the node tells in reports (`/api/v1/reports`).

export interface Row {
  csq?: string | null;
  agent?: string;
  name?: string | null;
  [column: string]: string | number | null | undefined;
}

export interface Report {
  from: string;
  to: string;
  rows: Row[];
  /** How many mails came, by queue; with reports by queue alone. */
  arrivals?: { step_seconds: number; ends_at: string; series: { name: string; values: number[] }[] };
}
