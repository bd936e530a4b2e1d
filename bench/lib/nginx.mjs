// nginx in two roles: the sink that counts what arrives, and the proxy that shows the raw limit.

import { readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { end, freshDirectory, start } from "./ground.mjs";
import { freePort, sleep } from "./numbers.mjs";
import { cpuOfAll, familyOf } from "./proc.mjs";

const TEMPLATES = join(import.meta.dirname, "../nginx");
const TRIES = 3;

/** A running nginx. */
export class Nginx {
  #child;
  #asked = 0;

  constructor(child, port) {
    this.#child = child;
    this.port = port;
    this.pids = [];
  }

  /** The requests answered so far, those that asked for this number left out. */
  async count() {
    this.#asked += 1;
    const answer = await fetch(`http://127.0.0.1:${this.port}/count`);
    const numbers = /requests\s+\d+\s+\d+\s+(\d+)/.exec(await answer.text());
    if (!numbers) throw new Error("nginx does not tell its count of requests");
    return Number(numbers[1]) - this.#asked;
  }

  /** CPU time of its processes. */
  cpu() {
    return cpuOfAll(this.pids);
  }

  /** Waits until it answers. */
  async isReady(patienceMs = 3_000) {
    for (const limit = Date.now() + patienceMs; Date.now() < limit; ) {
      if (this.#child.exitCode !== null) return false;
      try {
        await this.count();
        // A start whose port was taken by a stranger must not count on the stranger.
        this.pids = familyOf(this.#child.pid);
        if (this.pids.length > 1) return true;
      } catch {
        this.#asked = 0;
      }
      await sleep(20);
    }
    return false;
  }

  /** Ends it. */
  stop() {
    return end(this.#child);
  }
}

function render(role, values) {
  const template = readFileSync(join(TEMPLATES, `${role}.conf`), "utf8");
  return template.replace(/@([A-Z_]+)@/g, (_, name) => {
    if (!(name in values)) throw new Error(`${role}.conf asks for @${name}@, which nobody knows`);
    return values[name];
  });
}

async function launch(role, values) {
  for (let tried = 1; ; tried += 1) {
    const directory = freshDirectory(role);
    const port = await freePort();
    const conf = render(role, {
      // A worker of another user could not use our directory; without root there is no other.
      USER: process.getuid() === 0 ? "user root;" : "",
      WORKERS: os.availableParallelism(),
      PORT: port,
      ...values,
    });
    const log = join(directory, "error.log");
    writeFileSync(join(directory, "nginx.conf"), conf);
    const words = ["-p", directory, "-c", "nginx.conf", "-e", log];
    const nginx = new Nginx(start("nginx", words, { stdio: "ignore" }), port);
    if (await nginx.isReady()) return nginx;
    await nginx.stop();
    if (tried === TRIES) throw new Error(`nginx does not start:\n${readFileSync(log, "utf8")}`);
  }
}

/** Starts an endpoint that answers 200 to everything. */
export function startSink() {
  return launch("sink", {});
}

/** Starts a proxy in front of a sink. */
export function startProxy(sink) {
  return launch("proxy", { SINK_PORT: sink.port });
}
