import type { PartState } from "../../../shell/components/parts";

/** How one part of the node stands, as `GET /overview` tells it. */
export interface Part {
  part: string;
  name: string | null;
  state: PartState;
  code: string | null;
  reason: string | null;
  arguments: Record<string, string | number>;
  since: string | null;
  page: string | null;
}

export interface OtherNode {
  node: string;
  state: string;
  version: string | null;
  agents: number | null;
}

export interface Overview {
  node: string;
  version: string;
  at: string;
  parts: Part[];
  agents: Record<string, number>;
  sessions: number;
  nodes: OtherNode[];
  first_steps: Record<"administrator" | "team" | "agent" | "device" | "signed_in", boolean>;
  phone_url: string | null;
}

export interface History {
  step_seconds: number;
  ends_at: string | null;
  series: { name: string; team: string | null; unit: string; values: (number | null)[] }[];
}
