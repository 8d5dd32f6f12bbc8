/** A certificate as the node tells it; times are seconds since 1970. */
export interface Certificate {
  subject: string;
  issuer: string;
  names: string[];
  not_before: number;
  not_after: number;
  self_signed: boolean;
  serial: string;
  sha256: string;
  key: string;
}

export interface InForce extends Certificate {
  purpose: string;
  listeners: string[];
  configured: boolean;
  chain: Certificate[];
  text: string;
}

export interface Certificates {
  acme: unknown;
  in_force: InForce[];
  pending: { purpose: string; text?: string }[];
  trusted: { name: string; certificates: Certificate[] }[];
}

export const PURPOSES = ["server", "phone", "console", "sip", "headset"] as const;
