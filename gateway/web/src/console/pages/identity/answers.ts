/** How a test of single sign-on ended; none where there was none yet. */
export interface Tested {
  at: string;
  passed: boolean;
  reason: string | null;
  /** Whom the identity provider named. */
  who: string | null;
  /** Whether the trust of a component is still the one that it was tested with. */
  is_current?: boolean;
}

export interface IdentityNode {
  node: string;
  host: string;
  publisher: boolean;
  state: "not_configured" | "in_service" | "partial_service" | "out_of_service";
  reasons: { code: string; message: string }[];
  /** Times of certificates are seconds since 1970. */
  certificate: { sha256: string; not_after: number } | null;
  acs: string;
}

export interface Provider {
  name: string;
  entity_id: string;
  sso_url: string;
  certificates: { sha256: string; subject: string; not_after: number }[];
  warnings: string[];
  tested: Tested | null;
  changed_since_test: boolean;
  /** Whether people sign on at this one; tests are of it alone. */
  is_used?: boolean;
  /** Where its metadata can be fetched again, if it was given. */
  metadata_url?: string | null;
}

export type KeyState = "next" | "active" | "retired";

export interface Key {
  id: string;
  state: KeyState;
  since: string;
  /** From when on a key that waits is in force by itself. */
  active_from?: string;
  algorithm?: string;
  sha256?: string;
  not_after?: number;
}

export const KEY_KINDS = ["signing", "encryption", "saml"] as const;
export type KeyKind = (typeof KEY_KINDS)[number];

export interface Component {
  name: string;
  kind: "identity" | "console";
  node: string;
  tested: Tested | null;
}

export interface Identity {
  mode: "off" | "on";
  entity_id: string | null;
  publisher: string | null;
  can_enable: boolean;
  why_not: string[];
  nodes: IdentityNode[];
  providers: Provider[];
  keys: Record<KeyKind, Key[]>;
  components: Component[];
  outside: { name: string; why: string }[];
}

/** Metadata is small; anything larger is something else. */
export const METADATA_BYTES_MAX = 262_144;
export const METADATA_MEDIA_TYPE = "application/samlmetadata+xml";
