import type { PartState } from "../../components/parts";

/** How the links to the contact centre's servers stand: `GET /cti-status`. */
export interface CtiStatus {
  pairs: Pair[];
}

export interface Pair {
  name: string;
  state: PartState;
  code: string | null;
  reason: string | null;
  arguments: Record<string, string | number>;
  since: string | null;
  active_side: string | null;
  standby_side: string | null;
  unknown_agents: number;
  problem: string | null;
  sides: Side[];
  changes: Change[];
}

export interface Side {
  side: string;
  address: string | null;
  state: string;
  since: string | null;
  problem: string | null;
}

/** Something that changed; the newest stands first. */
export interface Change {
  at: string;
  side: string | null;
  state: string;
  problem: string | null;
}
