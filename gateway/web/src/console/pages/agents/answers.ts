/** What an agent's phone would be given now, and where each state came from: `GET /agents/{id}/phone`. */
export interface AgentPhone {
  agent: string;
  device: string | null;
  device_model: string | null;
  /** Whether pages reach it without its web server. */
  channel: boolean;
  page: PhonePage | null;
  shown_at: string | null;
  screen: ScreenTold | null;
  states: Origin[];
}

export interface PhonePage {
  kind: "home" | "call" | "reasons";
  title: string | null;
  prompt: string | null;
  text: string | null;
  items: string[];
  soft_keys: { position: number; name: string }[];
  xml: string;
}

/** How the phone's own screen stands to that page. */
export interface ScreenTold {
  behind: boolean;
  closed: boolean;
  lost: boolean;
  /** For administrators. */
  address: string | null;
  last_push: string | null;
  push_problem: string | null;
  last_push_at: string | null;
}

/** One state and where it came from. */
export interface Origin {
  what: string;
  value: string | number | null;
  owner: string;
  came_from: string | null;
  at: string | null;
  detail: string | null;
}

export interface ReasonCode {
  category: "not_ready" | "wrap_up" | "sign_out";
  code: number;
  label: string;
  teams?: string[] | null;
}
