// Answers of a node that is hard to have at will: a contact centre that is away, 24,000 agents, broken phones.
//
// Each has the members that the description of the interface names; what is in texts tries to be markup.

export const MARKUP = "<img src=x onerror=alert(1)>";

const at = (seconds) => new Date(Date.UTC(2026, 0, 31, 8, 0, 0) + seconds * 1000).toISOString();

/** Answers `path` of the interface with a body, from now on. */
export async function answer(page, path, body, status = 200) {
  await page.route(new RegExp(`/api/v1${path}(\\?.*)?$`), (route) => route.fulfill({
    status,
    contentType: status < 400 ? "application/json" : "application/problem+json",
    body: JSON.stringify(typeof body === "function" ? body(new URL(route.request().url()), route.request()) : body),
  }));
}

export function problem(status, code, detail) {
  return { type: `/api/v1/problems/${code}`, title: "Not done", status, code, detail, reference: "REFERENC" };
}

/** A page of a list, as the node cuts lists. */
export function pageOf(items, url) {
  const limit = Number(url.searchParams.get("limit") ?? 100);
  const from = Number(url.searchParams.get("after") ?? 0);
  const next = from + limit < items.length ? String(from + limit) : null;
  return { items: items.slice(from, from + limit), next, total: items.length };
}

export function part(name, state = "ok", more = {}) {
  return { part: name, name: null, state, code: null, reason: null, arguments: {}, since: null, page: "#/nodes", ...more };
}

export function overview(parts, more = {}) {
  return {
    node: "gw-1", version: "1.0.0", at: at(0), parts,
    agents: { ready: 812, not_ready: 301, reserved: 4, talking: 655, held: 12, wrap_up: 44, busy: 3, unknown: 0, signed_out: 22169 },
    sessions: 1831,
    nodes: [
      { node: "gw-1", state: "ready", version: "1.0.0", agents: 1831 },
      { node: MARKUP, state: "gone", version: "0.9.0", agents: null },
    ],
    first_steps: { administrator: true, team: true, agent: true, device: true, signed_in: true },
    phone_url: "https://gw.example/fippa/",
    ...more,
  };
}

/** A wave for each series that was asked for. */
export function history(url) {
  const names = (url.searchParams.get("series") ?? "").split(",");
  const values = (seed) => Array.from({ length: 360 }, (_, place) => (place < 30 ? null : Math.round(100 + 60 * Math.sin(place / 25 + seed))));
  const team = url.searchParams.get("team");
  const series = names.map((name, seed) => ({ name, team, unit: "agents", values: values(seed) }));
  return { step_seconds: 10, ends_at: at(0), series, teams_left_out: 0 };
}

const STATES = ["ready", "not_ready", "talking", "wrap_up", "signed_out", "held", "reserved", "busy", "unknown"];

export function agent(number, more = {}) {
  const state = STATES[number % STATES.length];
  const isAway = state === "signed_out";
  return {
    agent: String(10_000 + number), name: number === 0 ? MARKUP : `Agent ${10_000 + number}`, team: number % 2 ? "Sales" : "Support", state,
    reason: state === "not_ready" ? { code: 12, label: "Lunch <b>" } : null,
    pending: state === "talking" ? "not_ready" : null,
    since: isAway ? null : at(-number), not_known_since: state === "unknown" ? at(-60) : null,
    extension: isAway ? null : String(20_000 + number), device: isAway ? null : `SEP${String(number).padStart(12, "0")}`,
    call: state === "talking" ? { id: "c1", direction: "inbound", number: "+4930123456", state: "active", began_at: at(-90) } : null,
    ...more,
  };
}

export function headset(number, more = {}) {
  return {
    serial: `JAB${10_000 + number}`, model: "Headset 560", vendor: number % 2 ? "Cisco" : null, type: ["wired", "dect_wireless", "unknown"][number % 3],
    firmware: "1-9-2", user: null, template: null, status: number % 2 ? "disconnected" : "connected", since_at: at(-3_600), dock_model: null,
    device: "SEP001122334455", device_model: "CP-8845", software_version: null, owner: number === 0 ? MARKUP : `owner${number}`, device_owner: null,
    first_seen_at: at(-864_000), last_seen_at: at(0), age_days: 10, active: true, owner_has_too_many: number === 1, ...more,
  };
}

export function headsetPhone(number, more = {}) {
  return {
    device: `SEP00112233445${number}`, agent: number ? null : "1001", state: number ? null : "not_ready", reason: number ? null : 12,
    light: number ? "off" : "red", reached: number === 0, dead: number === 2, discovered_at: number ? null : at(0), configured_at: null,
    proof: number ? null : "certificate", problem: number ? `no discovery ${MARKUP}` : null, ...more,
  };
}

export function agentPhone(more = {}) {
  const origin = (what, value, owner, from, detail = null) => ({ what, value, owner, came_from: from, at: at(-60), detail });
  return {
    agent: "10001", device: "SEP000000000001", device_model: "CP-8845", channel: false, shown_at: at(-60),
    screen: {
      behind: false, closed: false, lost: false, address: "192.0.2.10", last_push: "credentials_refused", last_push_at: at(-60),
      push_problem: "it refused the application user; check user and password",
    },
    page: {
      kind: "home", title: `Not Ready ${MARKUP}`, prompt: "Line 2001", items: [], text: "State: Not Ready\nReason: Lunch\nFor: 00:01:00",
      soft_keys: [
        { position: -1, name: "Settings" }, { position: 1, name: "Ready" }, { position: 2, name: "NotReady" }, { position: 3, name: "SignOut" },
        { position: 4, name: "Refresh" },
      ],
      xml: "<?xml version=\"1.0\"?>\n<CiscoIPPhoneText><Title>Not Ready</Title></CiscoIPPhoneText>",
    },
    states: [
      origin("session", "signed_in", "gateway", "phone", "line 2001 at node gw-1"),
      origin("voice_state", "not_ready", "cti", "supervisor"),
      origin("reason", 12, "cti", "supervisor", MARKUP),
      origin("device", "SEP000000000001", "gateway", "phone"),
      origin("registration", "registered", "sip", null, "tls"),
      origin("headset_light", "red", "gateway", null, "told not_ready"),
    ],
    ...more,
  };
}

export function ctiPair(name, more = {}) {
  return {
    ...part("cti_pair", "ok", { name, page: "#/cti", since: at(-3_600) }), dialect: "enterprise", problem: null, unknown_agents: 0,
    sides: [{ side: "a", host: "cti-a.example", port: 42027, state: "active" }, { side: "b", host: "2001:db8::1", port: 43027, state: "standby" }],
    changes: [
      { at: at(-3_600), active_side: "a", standby_side: "b", problem: null },
      { at: at(-3_700), active_side: "b", standby_side: null, problem: `connection refused ${MARKUP}` },
      { at: at(-3_800), active_side: null, standby_side: null, problem: "connection refused" },
    ],
    ...more,
  };
}

const DEVICE_STATES = ["registered", "not_registered", "unreachable", "next_hop", "without_sip"];
const PUSHES = ["ok", "credentials_refused", null, "ok"];

export function device(number, more = {}) {
  const state = DEVICE_STATES[number % DEVICE_STATES.length];
  const push = PUSHES[number % PUSHES.length];
  const registration = { transport: "tls", peer: "192.0.2.10:50000", registered_at: at(-600), refreshed_at: at(-60), user_agent: `Cisco-CP8845/14 ${MARKUP}`, takes_screens: true };
  return {
    device: `SEP${String(number).padStart(12, "0")}`, description: number === 0 ? MARKUP : `Phone ${number}`, lines: [String(20_000 + number)],
    configured: number % 7 !== 3, state, registration: number % 5 === 0 || number % 5 === 2 ? registration : null,
    last_push: push === null ? null : { result: push, reason: push === "ok" ? null : "it refused the application user", since_at: at(-60) },
    channel: number % 2 === 1, agent: number % 2 ? null : "1001",
    headset: number % 3 ? null : { light: "red", told: "not_ready", amiss: number % 2 === 1 }, ...more,
  };
}
