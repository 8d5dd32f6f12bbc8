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
  state: "queued" | "active" | "closed";
  agent?: string | null;
  since?: string | null;
  begun: boolean;
  conversation: string;
  automatic: boolean;
  notice: "unreadable" | "too_large" | "encrypted" | "cannot_fetch" | null;
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
  attachments: Attachment[];
}

export interface Leg {
  id: string;
  at: string;
  direction: "in" | "out";
  from: Address;
  subject: string;
  agent?: string | null;
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
}

/** Something about a conversation that nobody wrote. */
export interface Note {
  at: string;
  recipient: string;
  /** `failed`, `delayed`, `unclear`, `taken` or another word of a mail server. */
  action: string;
  /** What the server said, or what is to be done. */
  status: string;
}

/** A contact with all that stands beside it. */
export interface OpenContact extends Omit<Contact, "conversation"> {
  mail: Mail;
  /** What was written before, oldest first. */
  conversation: Leg[];
  /** What became of answers that did not arrive, or of which nobody knows. */
  notes?: Note[];
  earlier: Contact[];
  draft: Draft | null;
  predefined: { title: string; text: string }[];
  wrap_up_categories: { name: string; reasons: string[] }[];
  signature: boolean;
  recipients: { reply: Recipients; reply_all: Recipients };
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
  waiting: number;
  /** How many are in hand. */
  active: number;
  longest_since: string | null;
  /** Mails that wait for the agent who answered before. */
  sticky: (Contact | string)[];
  skills?: Record<string, number>;
}

export interface Team {
  agents: TeamAgent[];
  queues: TeamQueue[];
  history: { step_seconds: number; ends_at: string; series: Line[]; in_hand: Line[]; agents: Line[] };
}
