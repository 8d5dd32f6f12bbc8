// What the node tells agents and supervisors (`/api/v1/workspace`).

import type { Line } from "../shell/components/plot";
import type { Work } from "./numbers/numbers";

export interface Address {
  name: string;
  address: string;
}

export interface Reason {
  code: number;
  label: string;
}

export interface Desk {
  state: "ready" | "not_ready";
  reason?: number | null;
  since: string;
  contacts: string[];
  changes: number;
}

/** The agent's voice session, where there is one. */
export interface Voice {
  state: string;
  since: string;
  pending?: string | null;
  extension?: string | null;
  reason?: number | null;
  reasons?: { not_ready: Reason[]; sign_out: Reason[] };
}

export interface Me {
  /** `null` for somebody who leads and is no agent. */
  agent: string | null;
  name: string;
  alias?: string | null;
  roles: string[];
  desk: Desk | null;
  voice: Voice | null;
  reasons: { not_ready: Reason[]; sign_out: Reason[] };
  csqs: { name: string }[];
  emails_per_agent: number;
  settings_number: number;
  can_supervise: boolean;
  /** Whether files pass a virus scanner before they are given. */
  scans_files?: boolean;
  /** Whether a contact centre's server judges the password of whoever signs in with an extension. */
  needs_password_for_voice?: boolean;
}

export interface Chosen {
  category: string;
  reason: string;
}

export interface Contact {
  id: string;
  channel: "email";
  csq: string;
  customer: Address;
  subject: string;
  arrived_at: string;
  waiting_since: string;
  /** When the mail server took the mail in. */
  received_at?: string;
  state: "queued" | "active" | "closed";
  agent?: string | null;
  since?: string | null;
  begun: boolean;
  conversation: string;
  automatic: boolean;
  notice: "unreadable" | "too_large" | "encrypted" | "cannot_fetch" | null;
  /** Another conversation, which the mail names and its sender takes no part in. */
  names?: string | null;
  /** Who alone gets it, and until when. */
  sticky?: { agent: string; until: string } | null;
  wrap_up: Chosen[];
  how?: "replied" | "forwarded" | "discarded" | "reassigned" | null;
  closed_at?: string | null;
}

export interface Attachment {
  number: number;
  name: string;
  media_type: string;
  bytes: number;
  is_inline: boolean;
}

export interface Mail {
  from: Address | null;
  reply_to: Address | null;
  to: Address[];
  cc: Address[];
  subject: string;
  text: string;
  html: string | null;
  received_at: string;
  sent_at: string | null;
  has_remote_content: boolean;
  is_plain_text: boolean;
  is_unverified?: boolean;
  /** Whether something is left out of what is shown. */
  is_cut?: boolean;
  has_several_from?: boolean;
  /** What its reader has to be told, as words of the node. */
  notices?: string[];
  attachments: Attachment[];
}

/** How far an answer came. */
export type AnswerState = "sent" | "sending" | "delayed" | "unknown" | "failed";

/** A mail or an answer of a conversation; `id` is that of its contact. */
export interface Leg {
  id: string;
  at: string;
  direction: "in" | "out";
  from: Address;
  subject: string;
  agent?: string | null;
  to?: string[];
  cc?: string[];
  files?: { name: string; bytes: number }[];
  state?: AnswerState;
  /** What the server said. */
  reason?: string | null;
  next_try_at?: string | null;
}

/** What a server said of an answer; `is_ours` where it was given up here and came back to its writer. */
export interface Note {
  at: string;
  contact: string | null;
  is_ours: boolean;
  recipient: string;
  /** `failed`, `delayed`, `unclear`, `taken` or another word of a mail server. */
  action: string;
  status: string;
}

export type Mode = "reply" | "reply_all" | "forward";

/** A file of an answer. */
export interface AnswerFile {
  id: string;
  name: string;
  bytes: number;
  media_type: string;
  is_inline: boolean;
}

export interface Draft {
  mode: Mode;
  to: string[];
  cc: string[];
  bcc: string[];
  subject: string;
  html: string;
  version: number;
  saved_at: string;
  files?: AnswerFile[];
}

export interface Recipients {
  to: Address[];
  cc: Address[];
  /** How many of the mail's people there was no room for. */
  left_out?: number;
}

/** A contact with all that stands beside it. */
export interface OpenContact extends Omit<Contact, "conversation"> {
  /** `null` where its bytes never came, or are gone. */
  mail: Mail | null;
  /** Whether there are bytes to save. */
  has_raw?: boolean;
  names_is_readable?: boolean;
  /** What was written before, oldest first. */
  conversation: Leg[];
  /** Whether there are older ones than those. */
  conversation_is_cut?: boolean;
  notes: Note[];
  /** That the last answer came back, where it did. */
  failed_answer: Note | null;
  earlier: Contact[];
  draft: Draft | null;
  predefined: { title: string; text: string }[];
  wrap_up_categories: { name: string; reasons: string[] }[];
  signature: boolean;
  recipients: { reply: Recipients | null; reply_all: Recipients | null };
  is_mine?: boolean;
}

export interface TeamAgent {
  agent: string;
  name: string;
  desk: Desk | null;
  voice: Voice | null;
  contacts: (Contact | string)[];
  skills?: Record<string, number>;
  /** What they did today. */
  done?: Work;
}

export interface TeamQueue {
  csq: string;
  /** Whether the settings have it no more. */
  is_gone?: boolean;
  waiting: number;
  /** How many are in hand. */
  active: number;
  longest_since: string | null;
  /** Numbers of the mails below that wait for the agent who answered before. */
  sticky: string[];
  /** Those that wait longest: a few, or more of a queue that is asked for alone. */
  contacts?: Contact[];
  skills?: Record<string, number>;
}

export interface Team {
  agents: TeamAgent[];
  queues: TeamQueue[];
  history: { step_seconds: number; ends_at: string; series: Line[]; in_hand: Line[]; agents: Line[] };
}
