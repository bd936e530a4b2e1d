// The server under test: started on a workspace and a fresh data directory, asked for its status,
// ended well or killed, and started again on the same data.

import { execFile, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { closeSync, mkdtempSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { polled, within } from "./wait.mjs";

const LOG_LINES_SHOWN = 30;

/** A file that may not grow is then a write that fails, as on a broken disk; see `failDisk`. */
const IGNORE_SIZE_SIGNAL = 'trap "" XFSZ; exec "$0" "$@"';

/** Below the ports that systems give to whoever asks for any. */
const FIXED_PORTS = { from: 20_000, count: 12_000 };
const FIXED_PORT_TRIES = 50;

/** No server outlives the tests, also where they are cut off. */
const running = new Set();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});
for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => process.exit(1));

/** The tests' own variables are no settings of the server, and nobody logs in here. */
function environment(settings) {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("POSTRIDER_"));
  return { ...Object.fromEntries(inherited), POSTRIDER_ADMIN_AUTH: "off", ...settings };
}

export class Server {
  #child;
  #ended = Promise.resolve();
  #directory = mkdtempSync(join(tmpdir(), "server-"));
  #log = join(this.#directory, "server.log");
  #settings;
  #port;

  /** `settings` are its environment; `port` is the gateway's, 0 for any. */
  constructor({ workspace, settings = {}, port = 0 }) {
    this.#write(workspace);
    this.#settings = settings;
    this.#port = port;
  }

  async start() {
    const words = ["serve", "--data-dir", join(this.#directory, "data")];
    words.push("--gateway", `127.0.0.1:${this.#port}`, "--admin", "127.0.0.1:0");
    words.push("--workspace", join(this.#directory, "workspaceConfig.json"));
    words.push("--egress-allow", "127.0.0.0/8");
    const log = openSync(this.#log, "a");
    const child = spawn("sh", ["-c", IGNORE_SIZE_SIGNAL, process.env.POSTRIDER_BIN, ...words], {
      cwd: this.#directory,
      env: environment(this.#settings),
      stdio: ["ignore", "pipe", log],
    });
    closeSync(log);
    running.add(child);
    this.#child = child;
    this.#ended = new Promise((settle) => {
      child.once("error", settle);
      child.once("close", (code, signal) => settle(signal ?? code));
    }).finally(() => running.delete(child));
    await within(this.#readLines(child), () => `the server is ready\n${this.logEnd()}`);
    return this;
  }

  async #readLines(child) {
    const ready = new Promise((settle) => {
      createInterface({ input: child.stdout }).on("line", (line) => {
        const [, name, address] = /^(gateway|admin) listening on (\S+)$/.exec(line) ?? [];
        if (name) this[name] = `${this.#scheme(name)}://${address}`;
        if (line === "ready") settle("ready");
      });
    });
    const state = await Promise.race([ready, this.#ended]);
    if (state !== "ready") throw new Error(`the server did not start: ${state}\n${this.logEnd()}`);
  }

  #scheme(name) {
    const isSecure = name === "gateway" && this.#settings.POSTRIDER_INTAKE_TLS_CERTIFICATE;
    return isSecure ? "https" : "http";
  }

  /** What it says about itself. */
  async status() {
    const answer = await fetch(`${this.admin}/api/v1/status`);
    if (!answer.ok) throw new Error(`the status is answered with ${answer.status}`);
    return answer.json();
  }

  #write(workspace) {
    const file = join(this.#directory, "workspaceConfig.json");
    writeFileSync(`${file}.new`, JSON.stringify(workspace));
    renameSync(`${file}.new`, file);
  }

  /** Puts another workspace in the place of the old one; settles when it applies. */
  async follow(workspace) {
    const mark = { id: `mark-${randomUUID()}`, name: "Mark", writeKey: randomUUID() };
    this.#write({ ...workspace, sources: [...workspace.sources, mark] });
    this.#child.kill("SIGHUP");
    const isThere = async () => (await this.status()).sources.some(({ id }) => id === mark.id);
    await polled(isThere, () => `the workspace applies\n${this.logEnd()}`);
  }

  /** Settles when nothing waits for any destination any more. */
  async idle() {
    let last;
    const look = async () => {
      last = await this.status();
      return last.destinations.every((one) => one.waiting === 0 && one.retrying === 0);
    };
    await polled(look, () => `nothing waits; its last status: ${JSON.stringify(last)}`);
  }

  /** Ends it as an operator does; fails where it does not end well. */
  async stop() {
    this.#child.kill("SIGTERM");
    const end = await within(this.#ended, () => `the server ends\n${this.logEnd()}`);
    if (end !== 0) throw new Error(`the server ended with ${end}\n${this.logEnd()}`);
  }

  /** Ends it in the middle of whatever it does. */
  async kill() {
    this.#child?.kill("SIGKILL");
    await within(this.#ended, "the server is gone");
  }

  /** From now on, every write of it fails. */
  failDisk() {
    return promisify(execFile)("prlimit", ["--pid", `${this.#child.pid}`, "--fsize=1:unlimited"]);
  }

  /** Settles when it has ended by itself. */
  ended() {
    return within(this.#ended, () => `the server ends by itself\n${this.logEnd()}`);
  }

  /** The end of what it logged. */
  logEnd() {
    return readFileSync(this.#log, "utf8").split("\n").slice(-LOG_LINES_SHOWN).join("\n");
  }
}

/**
 * A free port that stays free while its server is away: the system gives it to nobody who asks for
 * any port.
 */
export async function portToKeep() {
  for (let tries = 0; tries < FIXED_PORT_TRIES; tries += 1) {
    const port = FIXED_PORTS.from + Math.floor(Math.random() * FIXED_PORTS.count);
    const server = createServer();
    const isFree = await new Promise((settle) => {
      server.once("error", () => settle(false));
      server.listen(port, "127.0.0.1", () => server.close(() => settle(true)));
    });
    if (isFree) return port;
  }
  throw new Error(`no free port in ${FIXED_PORT_TRIES} tries`);
}
