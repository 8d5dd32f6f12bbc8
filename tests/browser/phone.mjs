// A simulated phone, as the peers' program is one.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** A simulated phone that does what it is told, line by line. */
export function phone(device, url) {
  const child = spawn(process.env.JACKFIELD_PEERS_BIN, ["phone", "--script", "--device", device, "--model", "CP-8845", "--url", url, "--resolve", "localhost=127.0.0.1"], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (name) => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done) throw new Error(`the phone ended before ${name}`);
      const line = JSON.parse(value);
      if (line.violation) throw new Error(`the phone sees a violation: ${value}`);
      if (name in line) return line[name];
    }
  };
  return {
    ready: () => next("ready"),
    act: async (command) => {
      child.stdin.write(`${JSON.stringify(command)}\n`);
      const did = await next("done");
      assert.equal(did.ok, true, `${JSON.stringify(command)}: ${JSON.stringify(did)}`);
    },
    stop: () => child.kill("SIGTERM"),
  };
}
