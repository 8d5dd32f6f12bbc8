// A node of the demo for the tests: started once, ended with them.
//
// `JACKFIELD` names the program, `JACKFIELD_CONSOLE` a console that runs already (for work on the pages).

import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const STARTING_MILLISECONDS_MAX = 60_000;

/** Waits until `look` gives something; the deadline fails the test. */
export async function until(look, what, milliseconds = 15_000) {
  const end = Date.now() + milliseconds;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await sleep(25);
  }
}

/** Starts a demo; `stop` ends it and takes its folder away. */
export async function demo({ arguments: more = [], keep } = {}) {
  const outside = process.env.JACKFIELD_CONSOLE;
  if (outside && !keep) {
    return { console: outside, endpoints: {}, stop: async () => {}, restart: null };
  }
  const program = process.env.JACKFIELD;
  if (!program) throw new Error("JACKFIELD must name the program");
  const folder = mkdtempSync(join(tmpdir(), "jackfield-browser-"));
  // Mail servers give rights up and have to enter their part of it.
  if (more.includes("--mail")) chmodSync(folder, 0o711);
  const file = join(folder, "endpoints.json");
  const begin = async () => {
    rmSync(file, { force: true });
    const child = spawn(program, ["demo", "--dir", join(folder, "node"), "--endpoints", file, ...more], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    child.stderr.on("data", (bytes) => { said = (said + bytes).slice(-20_000); });
    await until(() => {
      if (child.exitCode !== null) throw new Error(`the demo ended: ${said}`);
      return existsSync(file);
    }, "the demo's endpoints", STARTING_MILLISECONDS_MAX);
    return child;
  };
  let child = await begin();
  const endpoints = JSON.parse(readFileSync(file, "utf8"));
  const end = async (signal) => {
    if (child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await ended;
  };
  return {
    console: endpoints.console,
    endpoints,
    program,
    folder,
    kill: () => end("SIGKILL"),
    begin: async () => { child = await begin(); },
    stop: async () => {
      await end("SIGTERM");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A port that nobody listens at now. */
async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A fresh node as a package starts one: no settings, no administrator, a set-up link. */
export async function fresh() {
  const program = process.env.JACKFIELD;
  if (!program) throw new Error("JACKFIELD must name the program");
  const folder = mkdtempSync(join(tmpdir(), "jackfield-browser-"));
  const state = join(folder, "state");
  const ports = { phone: await freePort(), console: await freePort(), operations: await freePort() };
  writeFileSync(join(folder, "jackfield.toml"), [
    `name = "localhost"`, `state_directory = "${state}"`,
    ...Object.entries(ports).map(([name, port]) => `[listeners.${name}]\naddresses = ["127.0.0.1"]\nport = ${port}`),
    `[listeners.sip]\ntls_port = 0\ntcp_port = 0`, `[listeners.headset]\nport = 0`, "",
  ].join("\n"));
  const child = spawn(program, ["run", "--config", join(folder, "jackfield.toml")], { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (bytes) => { said = (said + bytes).slice(-20_000); });
  const link = await until(() => {
    if (child.exitCode !== null) throw new Error(`the node ended: ${said}`);
    const file = join(state, "set-up-link");
    return existsSync(file) && readFileSync(file, "utf8").trim();
  }, "the set-up link", STARTING_MILLISECONDS_MAX);
  return {
    console: `https://localhost:${ports.console}/`,
    phone: `https://localhost:${ports.phone}/fippa/`,
    link,
    stop: async () => {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      if (child.exitCode === null && child.kill("SIGTERM")) await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
