// The server under measurement: started on ports of its own, asked for its status, ended.

import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { WRITE_KEY } from "./event.mjs";
import { end, freshDirectory, removeDirectory, start } from "./ground.mjs";
import { nowMs, sleep } from "./numbers.mjs";

const READY_MS_MAX = 15_000;

/** A workspace of one source whose events go to each of the URLs, through a filter where given. */
export function workspace(urls, filter) {
  const destination = (webhookUrl, index) => ({
    id: `d${index + 1}`,
    name: `Hook ${index + 1}`,
    enabled: true,
    isProcessorEnabled: true,
    config: { webhookUrl, webhookMethod: "POST", headers: [] },
    destinationDefinition: { name: "WEBHOOK" },
    ...(filter && { postrider: { filter } }),
  });
  const destinations = urls.map(destination);
  const source = { id: "src", name: "App", writeKey: WRITE_KEY, enabled: true, destinations };
  return { sources: [source] };
}

/** The environment without what would change the server's settings; nobody logs in here. */
function plainEnvironment() {
  const entries = Object.entries(process.env).filter(([name]) => !name.startsWith("POSTRIDER_"));
  return { ...Object.fromEntries(entries), POSTRIDER_ADMIN_AUTH: "off" };
}

/** A running server. */
export class Postrider {
  #child;
  #log;
  #headAtStart = 0;

  constructor(child, log) {
    this.#child = child;
    this.#log = log;
    this.pid = child.pid;
  }

  /** Takes the ports from the lines it writes; settles when it is ready. */
  async readLines(since) {
    const lines = createInterface({ input: this.#child.stdout });
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), READY_MS_MAX);
    const ready = new Promise((settle) => {
      lines.on("line", (line) => {
        const listening = /^(gateway|admin) listening on .*:(\d+)$/.exec(line);
        if (listening) this[`${listening[1]}Port`] = Number(listening[2]);
        if (line !== "ready") return;
        this.readyMs = nowMs() - since;
        settle(true);
      });
    });
    const isReady = await Promise.race([ready, this.#child.ended.then(() => false)]);
    clearTimeout(timer);
    if (!isReady) throw new Error(`the server did not become ready:\n${this.logEnd()}`);
  }

  /** Takes what is stored now as the beginning of `stored`. */
  async countFromHere() {
    this.#headAtStart += (await this.status()).stored;
  }

  /**
   * What it says about itself, in sum over its destinations.
   *
   * `stored` is what the journal got; `accepted` leaves out requests whose caller went away
   * before the answer, as wrk does with those under way at its end.
   */
  async status() {
    const answer = await fetch(`http://127.0.0.1:${this.adminPort}/api/v1/status`);
    if (!answer.ok) throw new Error(`the status is answered with ${answer.status}`);
    const status = await answer.json();
    const sum = (...names) =>
      status.destinations.reduce(
        (total, one) => names.reduce((inner, name) => inner + one[name], total),
        0,
      );
    return {
      stored: status.journal.head - this.#headAtStart,
      accepted: status.accepted,
      rejected: status.rejected,
      waiting: sum("waiting"),
      delivered: sum("delivered_first_try", "delivered_on_retry"),
      retries: sum("retries"),
      lost: sum("gave_up", "expired"),
    };
  }

  /**
   * Waits until every stored event has arrived at the sink and the server knows it.
   *
   * Answers the last status, and when the sink had everything; throws where that does not happen.
   */
  async drained(sink, destinations, countBefore, patienceMs) {
    const limit = nowMs() + patienceMs;
    let status = await this.status();
    let arrived = 0;
    let arrivedAt;
    for (;;) {
      arrived = (await sink.count()) - countBefore;
      if (arrived >= status.stored * destinations) {
        // What wrk left under way may have been stored after the last look.
        arrivedAt ??= nowMs();
        status = await this.status();
        const expected = status.stored * destinations;
        if (arrived < expected) arrivedAt = undefined;
        const isSettled = status.waiting === 0 && status.delivered + status.lost >= expected;
        if (arrived >= expected && isSettled) break;
      }
      if (nowMs() > limit) {
        const seen = JSON.stringify({ ...status, arrived_at_sink: arrived });
        throw new Error(`not drained after ${Math.round(patienceMs / 1e3)} s: ${seen}`);
      }
      await sleep(20);
    }
    arrived = (await sink.count()) - countBefore;
    return { status, arrived, arrivedAt };
  }

  /** The end of what it logged. */
  logEnd() {
    return readFileSync(this.#log, "utf8").split("\n").slice(-20).join("\n");
  }

  /** Ends it; throws where it does not end well. */
  async stop() {
    const { code, signal } = await end(this.#child);
    if (code !== 0) throw new Error(`the server ended with ${signal ?? code}:\n${this.logEnd()}`);
  }

  /** Ends it without a word; does nothing where it has ended. */
  async abandon() {
    await end(this.#child);
  }
}

/** Runs `use` with a server on a fresh data directory, ends it well, and shows its log if not. */
export async function withPostrider({ bin, urls, filter }, use) {
  const dataDirectory = freshDirectory("data");
  let server;
  try {
    server = await startPostrider({ bin, dataDirectory, urls, filter });
    const measured = await use(server);
    await server.stop();
    return measured;
  } catch (error) {
    if (server) error.message += `\nlog of the server:\n${server.logEnd()}`;
    throw error;
  } finally {
    await server?.abandon();
    removeDirectory(dataDirectory);
  }
}

/** Starts a server on a data directory. */
export async function startPostrider({ bin, dataDirectory, urls, filter }) {
  const own = freshDirectory("server");
  const file = join(own, "workspaceConfig.json");
  writeFileSync(file, JSON.stringify(workspace(urls, filter)));
  const log = join(own, "stderr.log");
  const stderr = openSync(log, "w");
  const words = ["serve", "--data-dir", dataDirectory, "--workspace", file];
  words.push("--gateway", "127.0.0.1:0", "--admin", "127.0.0.1:0");
  words.push("--egress-allow", "127.0.0.0/8");
  const since = nowMs();
  const stdio = ["ignore", "pipe", stderr];
  const child = start(bin, words, { cwd: own, env: plainEnvironment(), stdio });
  closeSync(stderr);
  const server = new Postrider(child, log);
  await server.readLines(since);
  return server;
}
