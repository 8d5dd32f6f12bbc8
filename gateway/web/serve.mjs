// Serves the built pages as a node does, with the same policy, before a node that runs elsewhere:
//
//   node serve.mjs https://127.0.0.1:9443 8080
//
// For work on the pages: `vite build --watch` beside it. Requests for /api go to the node, whose certificate
// is not judged, since it is a demo's.

import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { request } from "node:https";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const [, , node, port = "8080"] = process.argv;
if (!node) {
  console.error("usage: node serve.mjs https://NODE:9443 [PORT]");
  process.exit(2);
}
const dist = fileURLToPath(new URL("dist/", import.meta.url));
const KINDS = { ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml" };
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; "
  + "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/** The agents' page shows mails in frames of its own. */
const policyOf = (path) => (path === "/workspace" ? `${POLICY}; frame-src 'self'` : POLICY);
const PAGES = { "/": "index.html", "/workspace": "workspace.html" };

createServer((asked, answer) => {
  const path = new URL(asked.url ?? "/", "http://local").pathname;
  if (path.startsWith("/api/")) {
    // The browser's cookie of this plain site is the node's own; its pages are ours.
    const headers = { ...asked.headers, host: new URL(node).host };
    if (headers.origin) headers.origin = node;
    const forward = request(node + asked.url, { method: asked.method, headers, rejectUnauthorized: false }, (got) => {
      const given = { ...got.headers };
      if (given["set-cookie"]) given["set-cookie"] = given["set-cookie"].map((it) => it.replace("__Host-jackfield", "jackfield-dev").replace("; Secure", ""));
      answer.writeHead(got.statusCode ?? 502, given);
      got.pipe(answer);
    });
    if (headers.cookie) forward.setHeader("cookie", headers.cookie.replace("jackfield-dev", "__Host-jackfield"));
    forward.on("error", () => answer.destroy());
    answer.on("close", () => forward.destroy());
    asked.pipe(forward);
    return;
  }
  const file = join(dist, normalize(PAGES[path] ?? path));
  if (!file.startsWith(dist) || !existsSync(file) || !statSync(file).isFile()) {
    answer.writeHead(404).end();
    return;
  }
  answer.writeHead(200, { "content-type": KINDS[extname(file)] ?? "application/octet-stream", "content-security-policy": policyOf(path), "x-content-type-options": "nosniff", "cache-control": "no-store" });
  createReadStream(file).pipe(answer);
}).listen(Number(port), "127.0.0.1", () => console.log(`http://127.0.0.1:${port}/ before ${node}`));
