/** A phone as it stands: `GET /devices-status`. */
export interface DeviceStatus {
  device: string;
  description: string | null;
  model: string | null;
  /** Whether the settings know it. */
  configured: boolean;
  lines: string[];
  /** Whether it is to register with this node. */
  registers: boolean;
  registered: boolean;
  registered_at: string | null;
  transport: string | null;
  address: string | null;
  channel: string | null;
  push: { at: string | null; problem: string | null } | null;
  agent: string | null;
  headset: string | null;
}
