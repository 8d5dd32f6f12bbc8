/** A phone and how it is doing: `GET /devices-status`. */
export interface DeviceState {
  device: string;
  description: string | null;
  lines: string[];
  /** Whether the settings have it. */
  configured: boolean;
  state: "registered" | "unreachable" | "not_registered" | "next_hop" | "without_sip";
  registration: Registration | null;
  last_push: LastPush | null;
  /** Whether pages reach it without its web server. */
  channel: boolean;
  agent: string | null;
  headset: { light: "off" | "green" | "red"; told: string | null; amiss: boolean } | null;
}

export interface Registration {
  transport: string;
  peer: string | null;
  registered_at: string;
  refreshed_at: string;
  user_agent: string | null;
  takes_screens: boolean;
}

export interface LastPush {
  result: string;
  reason: string | null;
  since_at: string;
}
