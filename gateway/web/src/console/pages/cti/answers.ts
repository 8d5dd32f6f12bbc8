import type { Part } from "../overview/answers";

/** How the links to the contact centre's servers stand: `GET /cti-status`. */
export interface CtiStatus {
  pairs: Pair[];
}

/** A pair is a part of the node, with more. */
export interface Pair extends Part {
  name: string;
  dialect: "enterprise" | "express";
  sides: Side[];
  problem: string | null;
  unknown_agents: number;
  /** The newest first. */
  changes: Change[];
}

export interface Side {
  side: "a" | "b";
  host: string;
  port: number;
  state: "active" | "standby" | "down";
}

/** How the pair stood from then on. */
export interface Change {
  at: string;
  active_side: "a" | "b" | null;
  standby_side: "a" | "b" | null;
  problem: string | null;
}
