import type { MailCheck } from "../../components/mail_checks";

export interface MailServer {
  name: string;
  kind: string;
  imap: string;
  smtp: string;
  state: "reachable" | "unreachable" | "not_used";
  reading: MailCheck | null;
  sending: MailCheck | null;
  csqs: string[];
}

export interface Mailbox {
  csq: string;
  state: "working" | "unable" | "unknown";
  code: string | null;
  reason: string | null;
  arguments: Record<string, string | number>;
  node: string | null;
  last_round_at: string | null;
  behind: number;
  waiting: number;
}

/** How digital channels stand, as `GET /digital-status` tells it. */
export interface DigitalStatus {
  node: string;
  at: string;
  mail_servers: { state: string; why: string | null; items: MailServer[] };
  mail_cache: { state: string; items: Mailbox[] };
  virus_scanner: { state: string; address: string | null; code: string | null; why: string | null; when_unreachable: string | null };
}
