/** What an agent's phone would be given now, and where each state came from: `GET /agents/{id}/phone`. */
export interface AgentPhone {
  agent: string;
  device: string | null;
  device_model: string | null;
  channel: string | null;
  page: PhonePage | null;
  shown_at: string | null;
  screen: PushTold | null;
  states: Origin[];
}

export interface PhonePage {
  kind: string;
  title: string | null;
  prompt: string | null;
  items: (string | PhoneItem)[];
  text: string | null;
  soft_keys: (string | PhoneKey)[];
  xml: string | null;
}

/** A line of a menu, or a field of a form. */
export interface PhoneItem {
  name?: string;
  label?: string;
  value?: string | null;
}

export interface PhoneKey {
  name: string;
  position?: number;
}

/** How the last push went. */
export interface PushTold {
  pushed_at?: string | null;
  ok?: boolean | null;
  problem?: string | null;
}

/** One state and where it came from. */
export interface Origin {
  what: string;
  value: string | number | boolean | null;
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
