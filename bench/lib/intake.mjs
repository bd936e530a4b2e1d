// Steps h to j: intake alone, without any destination.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { AUTHORIZATION, template } from "./event.mjs";
import { end, freshDirectory, start } from "./ground.mjs";
import { percentile } from "./numbers.mjs";
import { withPostrider } from "./postrider.mjs";
import { cpuOf, watchOthers } from "./proc.mjs";
import { check } from "./throughput.mjs";
import { load, nextRun } from "./wrk.mjs";

/** Connections of each load. */
const SINGLE_CONNECTIONS = 256;
const BATCH_CONNECTIONS = 64;
const REQUESTS_MAX = 2_000_000;
const BATCH_EVENTS = 100;
const SLOW_CONNECTIONS = 2_000;
/** Patience with the programs that pace and hold; what they do takes seconds. */
const PROGRAM_MS_MAX = 30_000;

const median = (values) => percentile(values, 50);

/**
 * Runs `use` with a server that has no destinations; afterwards everything stored is counted.
 *
 * `cutMax` of what it answers is how many requests may have been cut off on purpose.
 */
function withServer(bin, use) {
  return withPostrider({ bin, urls: [] }, async (server) => {
    await server.countFromHere();
    const { acknowledged, underWayMax, cutMax = 0, ...measured } = await use(server);
    const status = await server.status();
    status.rejected = Math.max(0, status.rejected - cutMax);
    check({ status, arrived: 0, destinations: 0, acknowledged, underWayMax });
    return measured;
  });
}

/** Starts one of the small programs beside the server; `line` settles with its next line. */
function startProgram(programs, name, words = []) {
  const child = start(join(programs, name), words.map(String), {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async () => {
    const timer = setTimeout(() => child.kill("SIGKILL"), PROGRAM_MS_MAX);
    const { value, done } = await lines.next();
    clearTimeout(timer);
    if (done) throw new Error(`${name} ended without a result`);
    return value;
  };
  return { child, line };
}

/** The load of one turn, and what it cost the process that took it. */
async function turn({ pid, port, path, batch, connections, seconds }) {
  const cpu = cpuOf(pid).total;
  const wrk = await load({ port, path, batch, connections, seconds, requestsMax: REQUESTS_MAX });
  const events = wrk.requests * Math.max(1, batch);
  return {
    events,
    perSecond: events / (wrk.duration_us / 1e6),
    cpu_us: (cpuOf(pid).total - cpu) / events,
    p99_ms: wrk.p99_us / 1e3,
  };
}

/** Step h: single events, taking turns with a server that reads bodies and does nothing with them. */
export async function measureIntake({ seconds, turns, bin, programs }) {
  const bare = startProgram(programs, "bare_server");
  try {
    const barePort = Number(/:(\d+)$/.exec(await bare.line())[1]);
    return await withServer(bin, async (server) => {
      const others = watchOthers(() => cpuOf(server.pid).total + cpuOf(bare.child.pid).total);
      const wanted = { path: "/v1/track", batch: 0, connections: SINGLE_CONNECTIONS, seconds };
      const [raw, own] = [[], []];
      for (let index = 0; index < turns; index += 1) {
        raw.push(await turn({ ...wanted, pid: bare.child.pid, port: barePort }));
        own.push(await turn({ ...wanted, pid: server.pid, port: server.gatewayPort }));
      }
      const acknowledged = own.reduce((sum, one) => sum + one.events, 0);
      const ratios = own.map((one, index) => one.perSecond / raw[index].perSecond);
      return {
        acknowledged,
        underWayMax: SINGLE_CONNECTIONS * turns,
        turns,
        bare_per_second: median(raw.map((one) => one.perSecond)),
        accepted_per_second: median(own.map((one) => one.perSecond)),
        bare_ratio: median(ratios),
        bare_ratios: ratios,
        bare_cpu_us: median(raw.map((one) => one.cpu_us)),
        intake_cpu_us: median(own.map((one) => one.cpu_us)),
        ...others.stop(),
      };
    });
  } finally {
    await end(bare.child);
  }
}

/** Step i: batches. */
export function measureBatches({ seconds, turns, bin }) {
  return withServer(bin, async (server) => {
    const others = watchOthers(() => cpuOf(server.pid).total);
    const { pid, gatewayPort: port } = server;
    const wanted = {
      path: "/v1/batch",
      batch: BATCH_EVENTS,
      connections: BATCH_CONNECTIONS,
      seconds,
    };
    const all = [];
    for (let index = 0; index < turns; index += 1) all.push(await turn({ ...wanted, pid, port }));
    return {
      acknowledged: all.reduce((sum, one) => sum + one.events, 0),
      underWayMax: BATCH_CONNECTIONS * BATCH_EVENTS * turns,
      accepted_per_second: median(all.map((one) => one.perSecond)),
      batch_cpu_us: median(all.map((one) => one.cpu_us)),
      ...others.stop(),
    };
  });
}

/** Step j: half of the full load, paced; in turns without and with slow connections beside it. */
export function measurePaced({ seconds, turns, bin, programs }) {
  return withServer(bin, async (server) => {
    const { pid, gatewayPort: port } = server;
    const files = writeRequest(port);
    const wanted = { path: "/v1/track", batch: 0, connections: SINGLE_CONNECTIONS, seconds };
    const full = await turn({ ...wanted, pid, port });
    const rate = Math.round(full.perSecond / 2);
    const others = watchOthers(() => cpuOf(pid).total);
    const pace = () => {
      const words = [port, rate, seconds, files.head, files.event, nextRun()];
      return report(startProgram(programs, "paced_load", words));
    };
    const [calm, slow, held] = [[], [], []];
    for (let index = 0; index < turns; index += 1) {
      calm.push(await pace());
      const holder = startProgram(programs, "slow_connections", [
        port,
        SLOW_CONNECTIONS,
        files.head,
      ]);
      try {
        await holder.line();
        slow.push(await pace());
        holder.child.stdin.end();
        held.push(Number(/^held (\d+)$/.exec(await holder.line())[1]));
      } finally {
        await end(holder.child);
      }
    }
    const paced = [...calm, ...slow].reduce((sum, one) => sum + one.acknowledged, 0);
    const ratios = slow.map((one, index) => one.ack_p99_ms / calm[index].ack_p99_ms);
    const middle = (rows, name) => median(rows.map((row) => row[name]));
    return {
      acknowledged: full.events + paced,
      cutMax: SLOW_CONNECTIONS * turns,
      underWayMax: SINGLE_CONNECTIONS,
      full_per_second: full.perSecond,
      paced_per_second: rate,
      paced_p50_ms: middle(calm, "ack_p50_ms"),
      paced_p99_ms: middle(calm, "ack_p99_ms"),
      paced_late_p99_ms: middle(calm, "late_p99_ms"),
      slow_held: Math.min(...held),
      slow_p99_ms: middle(slow, "ack_p99_ms"),
      slow_ratio: median(ratios),
      slow_ratios: ratios,
      ...others.stop(),
    };
  });
}

/** The files that the programs make their requests of. */
function writeRequest(port) {
  const directory = freshDirectory("request");
  const [head, event] = [join(directory, "head"), join(directory, "event.json")];
  const lines = [
    "POST /v1/track HTTP/1.1",
    `Host: 127.0.0.1:${port}`,
    `Authorization: ${AUTHORIZATION}`,
    "Content-Type: application/json",
  ];
  writeFileSync(head, `${lines.join("\r\n")}\r\n`);
  writeFileSync(event, template());
  return { head, event };
}

async function report({ child, line }) {
  try {
    return JSON.parse(await line());
  } finally {
    await end(child);
  }
}
