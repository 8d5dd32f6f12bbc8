export interface SeenHeadset {
  serial: string;
  model: string | null;
  vendor: string | null;
  type: "wired" | "dect_wireless" | "unknown";
  firmware: string | null;
  user: string | null;
  template: string | null;
  status: "connected" | "disconnected";
  since_at: string;
  dock_model: string | null;
  device: string;
  device_model: string | null;
  software_version: string | null;
  owner: string | null;
  device_owner: string | null;
  first_seen_at: string;
  last_seen_at: string;
  age_days: number;
  active: boolean;
  owner_has_too_many: boolean;
}

export interface HeadsetPhone {
  device: string;
  agent: string | null;
  state: "signed_in" | "signed_out" | "not_ready" | "ready" | null;
  reason: number | null;
  light: "off" | "green" | "red";
  reached: boolean;
  dead: boolean;
  discovered_at: string | null;
  configured_at: string | null;
  proof: "certificate" | "token" | "address" | null;
  problem: string | null;
}

export interface UnknownRequest {
  at: string;
  count: number;
  method: string;
  target: string;
  headers: { name: string; value: string }[];
  body: string;
}
