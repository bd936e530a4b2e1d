// Step e: how long an event takes at a modest, steady pace: until it is acknowledged, and until it
// arrives at its destination. Sender, server and receiver share one monotonic clock.

import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { template } from "./event.mjs";
import { adopt, end, freshDirectory, removeDirectory } from "./ground.mjs";
import { percentile, sleep } from "./numbers.mjs";
import { startPostrider } from "./postrider.mjs";
import { nextRun } from "./wrk.mjs";

const RATE = 500;
/** Events at the beginning that are sent but not timed: connections open, programs get warm. */
const WARM_UP = 500;
const ARRIVE_MS_MAX = 5_000;

function child(name) {
  return adopt(fork(join(import.meta.dirname, name), { stdio: "inherit" }));
}

/** The next message of a child process, which is asked for it where there is something to ask. */
export async function said(process, ask) {
  const answer = once(process, "message").then(([message]) => message);
  if (ask !== undefined) process.send(ask);
  const gone = process.ended.then(() => ({ error: "a process of the measurement ended early" }));
  const message = await Promise.race([answer, gone]);
  if (message.error) throw new Error(message.error);
  return message;
}

/** Sends for `seconds`, after a second of warm-up. */
export async function measureLatency({ seconds, bin }) {
  const dataDirectory = freshDirectory("data");
  const sink = child("latency-sink.mjs");
  const source = child("latency-source.mjs");
  let server;
  try {
    const { port: sinkPort } = await said(sink);
    const urls = [`http://127.0.0.1:${sinkPort}/hook`];
    server = await startPostrider({ bin, dataDirectory, urls });
    const count = WARM_UP + RATE * seconds;
    const order = { port: server.gatewayPort, text: template(), rate: RATE, count, run: nextRun() };
    const { times } = await said(source, order);
    await waitFor(sink, count);
    const { arrivals } = await said(sink, "arrivals");
    const { accepted } = await server.status();
    await server.stop();
    return { count: count - WARM_UP, rate: RATE, ...figures(times, arrivals, accepted) };
  } finally {
    await Promise.all([end(source), server?.abandon(), end(sink)]);
    removeDirectory(dataDirectory);
  }
}

async function waitFor(sink, count) {
  for (const limit = Date.now() + ARRIVE_MS_MAX; ; ) {
    const seen = await said(sink, "count");
    if (seen.count >= count) return;
    if (Date.now() > limit) {
      throw new Error(`${count} events were acknowledged, ${seen.count} arrived`);
    }
    await sleep(20);
  }
}

function figures(times, arrivals, accepted) {
  const arrived = new Map(arrivals);
  if (arrivals.length !== times.length || arrived.size !== times.length) {
    const seen = `${arrivals.length} arrivals of ${arrived.size} events`;
    throw new Error(`the count is wrong: ${times.length} acknowledged, ${seen}`);
  }
  if (accepted !== times.length) {
    throw new Error(`${times.length} acknowledged, ${accepted} accepted`);
  }
  const timed = times.map((one, index) => ({ ...one, arrived: arrived.get(index) }));
  const rows = timed.slice(WARM_UP);
  const both = (name, from, to) => {
    const values = rows.map((row) => (row[to] - row[from]) / 1e6);
    return {
      [`${name}_p50_ms`]: percentile(values, 50),
      [`${name}_p99_ms`]: percentile(values, 99),
    };
  };
  return {
    ...both("ack", "began", "answered"),
    ...both("arrive", "began", "arrived"),
    ...both("arrive_after_ack", "answered", "arrived"),
    // How late the generator was itself; the others count from when sending really began.
    ...both("late", "due", "began"),
  };
}
