// A node as the agents' workspace sees it, made up: its pages with their real policy, and the workspace's interface
// over a few mails in memory. Tests of the page's own behaviour use it, and `node workspace_mock.mjs 8080` shows it.
//
// ```text
//  mock() -> { address, world, arrive, take, push, away, back, stop }
//  world.fail(path part, answer)  the next such request is answered so, or not at all (`null`)
// ```

import { randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const DIST = fileURLToPath(new URL("../../gateway/web/dist/", import.meta.url));
const KINDS = { ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml" };
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; "
  + "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'; frame-src 'self'";
const BODY_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; sandbox allow-popups allow-popups-to-escape-sandbox";
/** What takes a contact out of its agent's hands. */
const LEAVING = new Set(["send", "requeue", "discard"]);
const MARKUP = "<img src=x onerror=alert(1)>";

const id = (number) => String(number).padStart(32, "0");
const before = (minutes) => new Date(Date.now() - minutes * 60_000).toISOString();

/** A contact with its mail. */
export function contact(number, more = {}, mail = {}) {
  const customer = more.customer ?? { name: "Ada Example", address: "ada@example.org" };
  const subject = more.subject ?? `Order ${number} has not come`;
  return {
    id: id(number), channel: "email", csq: "Support", customer, subject, arrived_at: before(40 + number), waiting_since: before(40 + number), state: "active",
    agent: "1001", since: before(30 - number), begun: false, conversation: `c${number}`, automatic: false, notice: null, wrap_up: [], how: null, closed_at: null,
    ...more,
    mail: mail === null ? null : {
      from: customer, reply_to: null, to: [{ name: "Support", address: "support@example.com" }], cc: [{ name: "", address: "friend@example.org" }], subject,
      text: "Hello", html: "<p>Hello,</p><p>my order has <b>not</b> come. Please look into it.</p><p>Ada</p>", received_at: before(40 + number), sent_at: before(41 + number),
      has_remote_content: false, is_plain_text: false, attachments: [], ...mail,
    },
  };
}

function world() {
  const agent = "1001";
  const all = new Map([
    contact(1, { subject: "Order 4711 has not come" }, { has_remote_content: true, attachments: [
      { number: 1, name: "invoice.pdf", media_type: "application/pdf", bytes: 84_211, is_inline: false },
      { number: 2, name: "a very long name of a picture that somebody made with a phone.jpeg", media_type: "image/jpeg", bytes: 2_411_000, is_inline: false }] }),
    contact(2, { customer: { name: "", address: "plain.customer@example.net" }, subject: `Question ${MARKUP}` }, { html: null, text: "Plain words\nin two lines", is_plain_text: true, reply_to: { name: "Office", address: "office@example.net" } }),
  ].map((one) => [one.id, one]));
  // What may be read, and is in nobody's hands here.
  const others = new Map([
    contact(500, { state: "closed", how: "forwarded", agent: "1002", closed_at: before(600), subject: "Found bill", wrap_up: [{ category: "Payment", reason: "Invoice" }] }),
    contact(800, { state: "closed", how: "replied", agent: "1002", closed_at: before(500_000), subject: "A question of last year" }),
    contact(900, { state: "closed", how: "replied", agent: "1002", closed_at: before(2_900) }),
    contact(70, { subject: "About yesterday", state: "queued", agent: null, waiting_since: before(400), sticky: { agent: "1002", until: before(-600) } }),
    ...Array.from({ length: 6 }, (_, place) => contact(71 + place, { subject: `Waiting ${place + 1}`, state: "queued", agent: null })),
  ].map((one) => [one.id, one]));
  const it = {
    signedIn: null, sso: false, desk: null, voice: null, drafts: new Map(), files: new Map(), sent: [], asked: [], all, others, waiting: { Support: 7, Sales: 1 }, failures: [], streams: new Set(),
    emails_per_agent: 5, roles: ["agent"], versions: 0, categories: true, predefined: true, voiceState: null, agent,
    /** Who of the team is not at work. */
    away: new Set(["1003"]),
    /** When the plots end, if not now. */
    endsAt: null,
    /** Further queues of the plot. */
    more: [],
    /** Queues that the settings have no more. */
    gone: [],
    fail: (part, answer) => it.failures.push({ part, answer }),
  };
  return it;
}

const REASONS = { not_ready: [{ code: 1, label: "Break" }, { code: 2, label: "Lunch" }], sign_out: [{ code: 10, label: "End of shift" }] };
const CATEGORIES = [
  { name: "Delivery", reasons: ["Late", "Lost", "Damaged", "Wrong address"] },
  { name: "Payment", reasons: ["Refund", "Invoice", "Reminder"] },
];
const PREDEFINED = [
  { title: "Apology", text: "<p>We are <strong>sorry</strong> for the trouble.</p><ul><li>We look into it</li><li>You hear from us</li></ul>" },
  { title: "Opening hours", text: "<p>We are here from 9 to 17.</p>" },
];

function summary({ mail, beside, ...rest }) {
  void mail;
  void beside;
  return rest;
}

function opened(it, one) {
  const { mail } = one;
  const to = mail ? [mail.reply_to ?? mail.from] : [];
  const draft = it.drafts.get(one.id);
  return {
    ...summary(one), mail,
    conversation: [
      { id: id(900), at: before(3_000), direction: "in", from: one.customer, subject: one.subject },
      { id: id(900), at: before(2_900), direction: "out", from: { name: "Support", address: "support@example.com" }, subject: `Re: ${one.subject}`, agent: "Berta", to: [one.customer.address], cc: [], files: [], state: "sent", reason: null, next_try_at: null },
    ],
    notes: one.notes ?? [], failed_answer: null, has_raw: mail !== null, names_is_readable: false, is_mine: one.state === "active" && one.agent === it.agent,
    earlier: [summary(it.others.get(id(800)))],
    draft: draft ? { ...draft, files: it.files.get(one.id)?.map(({ bytes_: _, ...file }) => file) ?? [] } : null,
    predefined: it.predefined ? PREDEFINED : [], wrap_up_categories: it.categories ? CATEGORIES : [], signature: true,
    recipients: mail ? { reply: { to, cc: [], left_out: 0 }, reply_all: { to, cc: mail.cc, left_out: 0 } } : { reply: null, reply_all: null },
    ...one.beside,
  };
}

function me(it) {
  return {
    agent: it.agent, name: "Cleo Agent", alias: "Cleo", roles: it.roles, desk: it.desk, voice: it.voice, reasons: REASONS,
    csqs: ["Support", "Sales", "Returns", "Press"].map((name) => ({ name })), emails_per_agent: it.emails_per_agent, settings_number: 7, can_supervise: it.roles.includes("supervisor"), scans_files: it.refusesFile !== undefined,
  };
}

/** What somebody did today. */
const work = (more = {}) => ({ replied: 0, forwarded: 0, discarded: 0, requeued: 0, taken: 0, in_hand: 0, handling_mean_seconds: 0, handling_longest_seconds: 0, ...more });

function numbers(it) {
  return {
    since: before(600), is_whole: true, own: work({ replied: 14, discarded: 2, requeued: 1, in_hand: 2, handling_mean_seconds: 254, handling_longest_seconds: 1_330, ...it.numbers }),
    queues: Object.entries(it.waiting).map(([csq, waiting]) => ({ csq, waiting, longest_since: waiting > 0 ? before(csq === "Support" ? 95 : 3) : null })),
  };
}

/** What waits in a queue: the first ones, or all of one that is asked for alone. */
function waits(it, csq, whole) {
  const all = [...it.others.values()].filter((one) => one.state === "queued" && one.csq === csq);
  const contacts = all.sort((one, other) => one.waiting_since.localeCompare(other.waiting_since)).map(summary).slice(0, whole ? 200 : 5);
  return { contacts, sticky: contacts.filter((one) => one.sticky).map((one) => one.id), sticky_waiting: all.filter((one) => one.sticky).length };
}

function team(it, only) {
  const values = (seed) => Array.from({ length: 120 }, (_, place) => Math.round(4 + 3 * Math.sin(place / 9 + seed)));
  return {
    agents: [
      { agent: "1001", name: "Cleo Agent", desk: it.away.has("1001") ? null : it.desk ?? { state: "ready", since: before(12), contacts: [], changes: 1 }, voice: null, contacts: [...it.all.values()].filter((one) => one.state === "active" && one.agent === "1001").map(summary), skills: { Orders: 7 }, done: work({ replied: 14, discarded: 2, requeued: 1, handling_mean_seconds: 254 }) },
      { agent: "1002", name: "Berta Example", desk: it.away.has("1002") ? null : { state: "not_ready", reason: 1, since: before(5), contacts: [], changes: 1 }, voice: { state: "talking", since: before(2), pending: "not_ready" }, contacts: [], skills: { Orders: 5, Press: 3 }, done: work({ replied: 1, taken: 1, handling_mean_seconds: 61 }) },
      { agent: "1003", name: "Dora Example", desk: it.away.has("1003") ? null : { state: "ready", since: before(1), contacts: [], changes: 1 }, voice: null, contacts: [], skills: {}, done: work() },
    ],
    queues: [
      { csq: "Support", waiting: it.waiting.Support, active: 2, longest_since: before(95), ...waits(it, "Support", only === "Support"), skills: { Orders: 5 } },
      { csq: "Sales", waiting: it.waiting.Sales, active: 0, longest_since: before(3), ...waits(it, "Sales", only === "Sales"), skills: { Sales: 1 } },
      ...it.gone.map((csq) => ({ csq, is_gone: true, waiting: 1, active: 0, longest_since: before(700), sticky: [], sticky_waiting: 0, contacts: [summary(contact(90, { csq, subject: "Left behind", state: "queued", agent: null }))], skills: {} })),
    ].filter((one) => !only || one.csq === only),
    history: {
      step_seconds: 60, ends_at: it.endsAt ?? new Date().toISOString(), series: [{ name: "Support", values: values(0) }, { name: "Sales", values: values(2) }, ...it.more.map((name, place) => ({ name, values: values(place).map((value) => (place < 3 ? value + 10 : 1)) }))],
      in_hand: [{ name: "Support", values: values(4) }, { name: "Sales", values: values(5) }], agents: [{ name: "ready", values: values(1) }, { name: "not_ready", values: values(3) }],
    },
  };
}

const session = (it) => ({ who: it.signedIn, known_by: "agent", roles: it.roles, teams: [], how: "password", session: "s", ends_at: null });
const problem = (status, code, detail) => [status, { type: "about:blank", title: code, status, code, detail, errors: [], reference: "AB12CD34" }];

/** Answers a request of the workspace; `[status, body]`. */
function answer(it, method, parts, query, body, raw) {
  const [first, number, what, file] = parts;
  const one = it.all.get(number) ?? it.others.get(number);
  if (first === "me") return [200, me(it)];
  if (first === "desk" && number === undefined && method === "PUT") {
    it.desk = { state: "not_ready", reason: 1, since: new Date().toISOString(), contacts: [...it.all.keys()], changes: 1 };
    if (body.extension === "666") {
      it.desk = null;
      return problem(409, "refused", "the extension 666 has no phone; choose another");
    }
    it.voice = body.extension ? { state: "not_ready", reason: 1, since: new Date().toISOString(), pending: null, extension: body.extension, reasons: REASONS } : null;
    return [200, it.desk];
  }
  if (first === "desk" && number === undefined && method === "DELETE") {
    it.desk = null;
    it.voice = null;
    return [204, null];
  }
  if ((first === "desk" || first === "voice") && number === "state") {
    it[first] = { ...it[first], state: body.state, reason: body.reason ?? null, since: new Date().toISOString() };
    return [200, it[first]];
  }
  if (first === "contacts" && number === undefined) return [200, { contacts: [...it.all.values()].filter((one) => one.state === "active" && one.agent === it.agent).map(summary), waiting: it.waiting }];
  if (first === "search") return [200, { items: query.get("q") === "nothing" ? [] : [summary({ ...it.others.get(id(500)), subject: `Found ${query.get("q") ?? ""}` })], next: null, total: 1, is_cut: query.get("q") === "much" }];
  if (first === "numbers") return [200, numbers(it)];
  if (first === "team") return [200, team(it, query.get("csq"))];
  if (first === "agents" || first === "csqs") return [200, body];
  if (first !== "contacts" || !one) {
    if (first === "contacts" && (what === "release" || what === "reassign")) return [204, null];
    return problem(404, "not_found", "there is no such contact in your hands");
  }
  if (what === undefined) return [200, opened(it, one)];
  if (what === "draft" && method === "PUT") {
    const before = it.drafts.get(number);
    const known = before?.version ?? 0;
    const isSame = before && ["mode", "subject", "html", "to", "cc", "bcc"].every((name) => JSON.stringify(before[name]) === JSON.stringify(body[name]));
    if (isSame) return [200, { version: known, saved_at: before.saved_at }];
    if (body.version !== known) return problem(409, "stale", "another saved this draft");
    it.versions += 1;
    const saved = { version: it.versions, saved_at: new Date().toISOString() };
    it.drafts.set(number, { ...body, ...saved });
    one.begun = true;
    return [200, saved];
  }
  if (what === "draft" && method === "DELETE") {
    it.drafts.delete(number);
    it.files.delete(number);
    one.begun = false;
    return [204, null];
  }
  if (what === "files" && method === "POST") {
    const made = { id: randomUUID().replaceAll("-", ""), name: query.get("name"), bytes: raw.length, media_type: "application/octet-stream", is_inline: query.get("inline") === "yes", bytes_: raw };
    it.files.set(number, [...it.files.get(number) ?? [], made]);
    const { bytes_: _, ...told } = made;
    return [200, { file: told }];
  }
  if (what === "files" && method === "DELETE") {
    it.files.set(number, (it.files.get(number) ?? []).filter((one) => one.id !== file));
    return [204, null];
  }
  if (what === "send") {
    const draft = it.drafts.get(number);
    if (!draft || body.version !== draft.version) return problem(409, "stale", "another saved this draft");
    it.sent.push({ ...draft, files: (it.files.get(number) ?? []).map((one) => one.name) });
    Object.assign(one, { state: "closed", how: draft.mode === "forward" ? "forwarded" : "replied", agent: null });
    return [204, null];
  }
  if (what === "discard") {
    Object.assign(one, { state: "closed", how: "discarded" });
    return [204, null];
  }
  if (what === "requeue") {
    Object.assign(one, { state: "queued", csq: body.csq, agent: null });
    return [204, null];
  }
  if (what === "wrap-up") {
    one.wrap_up = body.chosen;
    return [200, { chosen: body.chosen }];
  }
  if (what === "reassign" || what === "release") return [204, null];
  return problem(404, "unknown_request", "there is no such request");
}

async function bytesOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Starts it. */
export async function mock({ port = 0, signedIn = null } = {}) {
  const it = world();
  it.signedIn = signedIn;
  const sockets = new Set();
  const send = (response, [status, body], headers = {}) => {
    response.writeHead(status, { "content-type": status >= 400 ? "application/problem+json" : "application/json", "cache-control": "no-store", ...headers });
    response.end(body === null ? undefined : JSON.stringify(body));
  };
  const push = (event, data) => { for (const stream of it.streams) stream.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`); };
  const server = createServer((request, response) => void (async () => {
    const url = new URL(request.url, "http://local");
    const { method } = request;
    if (url.pathname.startsWith("/api/v1/")) {
      const raw = await bytesOf(request);
      const path = url.pathname.slice("/api/v1".length);
      const failure = it.failures.findIndex((one) => `${method} ${path}`.includes(one.part));
      if (failure >= 0) {
        const [{ answer: told }] = it.failures.splice(failure, 1);
        const made = typeof told === "function" ? told(raw) : told;
        if (made === null) response.destroy();
        else if (made !== "lost") send(response, made);
        if (made !== "lost") return;
        // It is done, and its answer does not arrive.
        response.end = () => response.destroy();
        response.writeHead = () => response;
      }
      if (path === "/sign-on") return send(response, [200, { mode: "local", message: null, set_up: false, single_sign_on: it.sso }]);
      if (path === "/session" && method === "POST") {
        const { account, password } = JSON.parse(raw);
        if (password !== "secret") return send(response, problem(401, "wrong", "wrong"));
        it.signedIn = account;
        return send(response, [200, session(it)]);
      }
      if (it.signedIn === null) return send(response, problem(401, "unauthorized", "sign in first"));
      if (path === "/session") {
        if (method === "DELETE") it.signedIn = null;
        return send(response, method === "DELETE" ? [204, null] : [200, session(it)]);
      }
      const parts = path.split("/").slice(2).map(decodeURIComponent);
      if (parts[0] === "events") {
        response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
        response.write(": begins\n\n");
        it.streams.add(response);
        response.on("close", () => it.streams.delete(response));
        return undefined;
      }
      if (parts[2] === "body" || (parts[2] === "answer" && parts[3] === "body")) {
        const one = it.all.get(parts[1]) ?? it.others.get(parts[1]);
        response.writeHead(200, { "content-type": "text/html; charset=utf-8", "content-security-policy": BODY_POLICY });
        const text = parts[2] === "answer" ? "<p>We are looking for your order.</p>" : one?.mail?.html ?? `<pre>${one?.mail?.text}</pre>`;
        return response.end(`<!doctype html><html lang="en"><title>Mail</title><body>${text}${url.searchParams.get("remote") === "yes" ? "<p>remote content</p>" : ""}</body></html>`);
      }
      if (parts[2] === "attachments" || parts[2] === "raw" || (parts[2] === "files" && method === "GET")) {
        if (it.refusesFile && it.refusesFile === parts.slice(2).join("/")) {
          return send(response, problem(422, "virus_found", `invoice.pdf ${MARKUP}: the virus scanner found Test.Marker; nobody can open or send this file`));
        }
        const file = it.files.get(parts[1])?.find((one) => one.id === parts[3]);
        response.writeHead(200, { "content-type": file ? "image/png" : "application/octet-stream", "content-disposition": file ? "inline" : "attachment" });
        return response.end(file?.bytes_ ?? "content");
      }
      const isJson = request.headers["content-type"]?.includes("json") && raw.length > 0;
      const body = isJson ? JSON.parse(raw) : {};
      it.asked.push({ method, path: parts.join("/"), body });
      const answered = answer(it, method, parts, url.searchParams, body, raw);
      // The stream is often faster than the answer.
      if (answered[0] < 300 && LEAVING.has(parts[2])) push("contact", { id: parts[1], state: "gone" });
      return send(response, answered);
    }
    const name = { "/": "index.html", "/workspace": "workspace.html" }[url.pathname] ?? normalize(url.pathname);
    const file = join(DIST, name);
    if (!file.startsWith(DIST) || !existsSync(file)) {
      response.writeHead(404).end();
      return undefined;
    }
    response.writeHead(200, { "content-type": KINDS[extname(file)] ?? "application/octet-stream", "content-security-policy": POLICY, "x-content-type-options": "nosniff", "cache-control": "no-store" });
    response.end(readFileSync(file));
    return undefined;
  })().catch(() => response.destroy()));
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  const listen = (at) => new Promise((resolve) => server.listen(at, "127.0.0.1", resolve));
  await listen(port);
  const own = server.address().port;
  const away = () => new Promise((resolve) => {
    server.close(resolve);
    for (const socket of sockets) socket.destroy();
  });
  return {
    address: `http://127.0.0.1:${own}/workspace`, world: it, push,
    /** A mail reaches the agent. */
    arrive: (number, more = {}, mail = {}) => {
      const one = contact(number, { since: new Date().toISOString(), ...more }, mail);
      it.all.set(one.id, one);
      push("contact", summary(one));
      return one;
    },
    /** Somebody else gets a contact: its agent's stream tells nothing else of it. */
    take: (id) => {
      Object.assign(it.all.get(id), { agent: "1002" });
      push("contact", { id, state: "gone" });
    },
    /** The node goes away, and comes back. */
    away, back: () => listen(own), stop: away,
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const made = await mock({ port: Number(process.argv[2] ?? 8080) });
  if (process.argv[3] === "supervisor") made.world.roles = ["agent", "supervisor"];
  console.log(`${made.address} (any name, password "secret")`);
}
