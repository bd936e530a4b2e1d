// Step f: what an idle server costs, and how fast it starts.

import { AUTHORIZATION, fill, template } from "./event.mjs";
import { freshDirectory, removeDirectory } from "./ground.mjs";
import { startSink } from "./nginx.mjs";
import { nowMs, percentile, sleep } from "./numbers.mjs";
import { startPostrider } from "./postrider.mjs";
import { cpuOf, fineCpuOf, memoryOf } from "./proc.mjs";
import { check } from "./throughput.mjs";
import { nextRun } from "./wrk.mjs";

/** What the existing data directory holds. */
const BATCHES = 500;
const BATCH_EVENTS = 20;
const SENDERS = 8;

/** Quiet time before the idle measurement, so that the start itself is over. */
const SETTLE_MS = 500;

/** Measures both, with `starts` starts of each kind. */
export async function measureIdle({ idleSeconds, starts, bin }) {
  const sink = await startSink();
  const urls = [`http://127.0.0.1:${sink.port}/hook`];
  const used = freshDirectory("data");
  try {
    const fresh = [];
    for (let index = 0; index < starts; index += 1) {
      const dataDirectory = freshDirectory("data");
      fresh.push((await startAndStop({ bin, dataDirectory, urls })).readyMs);
      removeDirectory(dataDirectory);
    }
    const idle = await idleCost({ bin, dataDirectory: used, urls }, idleSeconds);
    await use({ bin, dataDirectory: used, urls }, sink);
    const existing = [];
    for (let index = 0; index < starts; index += 1) {
      existing.push((await startAndStop({ bin, dataDirectory: used, urls })).readyMs);
    }
    return {
      ...idle,
      starts,
      existing_events: BATCHES * BATCH_EVENTS,
      ready_fresh_ms: percentile(fresh, 50),
      ready_existing_ms: percentile(existing, 50),
    };
  } finally {
    await sink.stop();
    removeDirectory(used);
  }
}

async function startAndStop(settings) {
  const server = await startPostrider(settings);
  await server.stop();
  return server;
}

async function idleCost(settings, seconds) {
  const server = await startPostrider(settings);
  const memory = memoryOf(server.pid);
  await sleep(SETTLE_MS);
  const cpu = () => fineCpuOf(server.pid) ?? cpuOf(server.pid).total;
  const [before, since] = [cpu(), nowMs()];
  await sleep(seconds * 1e3);
  const percent = (100 * (cpu() - before)) / ((nowMs() - since) * 1e3);
  const after = memoryOf(server.pid);
  await server.stop();
  return { cpu_percent: percent, rss_bytes: memory.now, rss_later_bytes: after.now };
}

/** Gives a data directory a past: some thousand events, all delivered. */
async function use(settings, sink) {
  const server = await startPostrider(settings);
  await server.countFromHere();
  const [text, run, countBefore] = [template(), nextRun(), await sink.count()];
  let next = 0;
  const send = async () => {
    while (next < BATCHES) {
      const first = next * BATCH_EVENTS;
      next += 1;
      const events = Array.from({ length: BATCH_EVENTS }, (_, i) => fill(text, run, first + i));
      const answer = await fetch(`http://127.0.0.1:${server.gatewayPort}/v1/batch`, {
        method: "POST",
        headers: { Authorization: AUTHORIZATION, "Content-Type": "application/json" },
        body: `{"batch":[${events.join(",")}]}`,
      });
      await answer.text();
      if (answer.status !== 200) throw new Error(`a batch was answered with ${answer.status}`);
    }
  };
  await Promise.all(Array.from({ length: SENDERS }, send));
  const { status, arrived } = await server.drained(sink, 1, countBefore, 20_000);
  const acknowledged = BATCHES * BATCH_EVENTS;
  check({ status, arrived, destinations: 1, acknowledged, underWayMax: 0 });
  await server.stop();
}
