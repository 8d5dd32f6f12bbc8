// Answers of a node with single sign-on: nodes in every state, a provider, keys, applications.
//
// Each has the members that the description of the interface names; what is in texts tries to be markup.

import { MARKUP } from "./made_up.mjs";

const AT = "2026-01-31T08:00:00Z";
const FINGERPRINT = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
/** Far enough away to be no matter of concern. */
const NOT_AFTER = Math.floor(Date.now() / 1000) + 400 * 86_400;

export const passed = (at = AT, who = "anna@example.org") => ({ at, passed: true, reason: null, who, is_current: true });
export const failed = (reason, at = AT) => ({ at, passed: false, reason, who: null, is_current: true });

export function identityNode(node, more = {}) {
  return {
    node, host: `${node}.example`, publisher: false, state: "in_service", reasons: [],
    certificate: { sha256: FINGERPRINT, not_after: NOT_AFTER }, acs: `https://${node}.example:8553/ids/saml/response`, ...more,
  };
}

export function provider(name, more = {}) {
  return {
    name, entity_id: `https://${name}.example/trust`, sso_url: `https://${name}.example/sso`,
    certificates: [{ sha256: FINGERPRINT, subject: `CN=${name} ${MARKUP}`, not_after: NOT_AFTER }],
    warnings: [], tested: passed(), changed_since_test: false, metadata_url: null, is_used: true, ...more,
  };
}

export function component(name, more = {}) {
  const [kind, node] = name.split("/");
  return { name, kind, node, tested: passed(), ...more };
}

export function identity(more = {}) {
  return {
    mode: "off", entity_id: "gw-1.example", issuer: "https://gw-1.example:8553", acs: ["https://gw-1.example:8553/ids/saml/response"], publisher: "gw-1", can_enable: true, why_not: [],
    nodes: [
      identityNode("gw-1", { publisher: true }),
      identityNode("gw-2", { state: "partial_service", reasons: [{ code: "log_behind", message: `it follows the others late ${MARKUP}` }] }),
      identityNode("gw-3", { state: "out_of_service", reasons: [{ code: "cut_off", message: "it is cut off from the store" }], certificate: { sha256: FINGERPRINT, not_after: 1_700_000_000 } }),
      identityNode("gw-4", { state: "not_configured", reasons: [{ code: "no_host", message: "no host is named for it" }], certificate: null }),
    ],
    providers: [provider("adfs")],
    keys: {
      signing: [{ id: "s2", algorithm: "RS256", state: "active", since: AT, active_from: AT }, { id: "s1", algorithm: "RS256", state: "retired", since: AT, active_from: AT }],
      encryption: [{ id: "e1", state: "active", since: AT, active_from: AT }],
      saml: [{ id: "c1", state: "active", sha256: FINGERPRINT, not_after: NOT_AFTER, since: AT, entity_id: "gw-1.example" }],
    },
    components: [component("identity/gw-1"), component("console/gw-1")],
    outside: [{ name: "Phones", why: `they have no browser ${MARKUP}` }],
    ...more,
  };
}

export function application(number, more = {}) {
  return {
    client_id: number.toString(16).padStart(40, "a"), name: number === 0 ? MARKUP : `Desktop ${number}`,
    redirect_urls: [`https://desktop-${number}.example/callback`], kind: number % 2 ? "public" : "confidential", secret_digest: "(set)",
    pkce_required: true, refresh: "with_access_token", native: false, may_introspect: false, api_roles: [], disabled: number % 3 === 2, ...more,
  };
}
