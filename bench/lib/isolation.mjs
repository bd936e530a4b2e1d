// Steps l and m: what bad endpoints cost the good ones, and the server.

import { fork } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { template } from "./event.mjs";
import { adopt, end, freshDirectory, removeDirectory, start } from "./ground.mjs";
import { said } from "./latency.mjs";
import { percentile, sleep } from "./numbers.mjs";
import { startPostrider } from "./postrider.mjs";
import { memoryOf, watchMemory } from "./proc.mjs";
import { nextRun } from "./wrk.mjs";

/** Good destinations; each event goes to all of them. */
const GOOD = 62;
/** Bad endpoints whose answers have a body of a gigabyte: the last ones of the program. */
const GIGABYTES = 10;
/** Events a second; each is 62 deliveries. */
const RATE = 20;
const WARM_UP = 20;
const ARRIVE_MS_MAX = 20_000;

const child = (name) => adopt(fork(join(import.meta.dirname, name), { stdio: "inherit" }));

/** Starts the bad endpoints, asks `use` with their URLs, and ends them. */
async function withBad(programs, use) {
  const bad = start(join(programs, "bad_endpoints"), [], { stdio: ["pipe", "pipe", "inherit"] });
  try {
    const lines = createInterface({ input: bad.stdout })[Symbol.asyncIterator]();
    const ports = JSON.parse((await lines.next()).value);
    return await use(ports.map((port) => `http://127.0.0.1:${port}/hook`));
  } finally {
    await end(bad);
  }
}

/** One load: events to the good destinations and to `others`. */
async function turn({ bin, seconds, good, others }) {
  const dataDirectory = freshDirectory("data");
  const sink = child("latency-sink.mjs");
  const source = child("latency-source.mjs");
  let server;
  try {
    const { port: sinkPort } = await said(sink);
    const urls = Array.from({ length: good }, () => `http://127.0.0.1:${sinkPort}/hook`);
    server = await startPostrider({ bin, dataDirectory, urls: [...urls, ...others] });
    const rssBefore = memoryOf(server.pid).now;
    const memory = watchMemory(server.pid);
    const count = WARM_UP + RATE * seconds;
    const order = { port: server.gatewayPort, text: template(), rate: RATE, count, run: nextRun() };
    const { times } = await said(source, order);
    await arrived(sink, count * good);
    const { arrivals } = await said(sink, "arrivals");
    const rssMax = memory.stop();
    const waits = arrivals
      .filter(([index]) => index >= WARM_UP)
      .map(([index, at]) => (at - times[index].began) / 1e6);
    return { p99_ms: percentile(waits, 99), grown_bytes: rssMax - rssBefore };
  } finally {
    await Promise.all([end(source), server?.abandon(), end(sink)]);
    removeDirectory(dataDirectory);
  }
}

async function arrived(sink, count) {
  for (const limit = Date.now() + ARRIVE_MS_MAX; ; ) {
    const seen = await said(sink, "count");
    if (seen.count === count) return;
    if (seen.count > count || Date.now() > limit) {
      throw new Error(`${count} deliveries were due, ${seen.count} arrived`);
    }
    await sleep(20);
  }
}

/** Step l: good destinations alone, and beside 38 bad ones, in turns. */
export function measureIsolation({ seconds, turns, bin, programs }) {
  return withBad(programs, async (others) => {
    const [alone, beside] = [[], []];
    for (let index = 0; index < turns; index += 1) {
      alone.push((await turn({ bin, seconds, good: GOOD, others: [] })).p99_ms);
      beside.push((await turn({ bin, seconds, good: GOOD, others })).p99_ms);
    }
    const ratios = beside.map((one, index) => one / alone[index]);
    return {
      turns,
      good_alone_p99_ms: percentile(alone, 50),
      good_beside_p99_ms: percentile(beside, 50),
      good_ratio: percentile(ratios, 50),
    };
  });
}

/** Step m: how much memory ten endpoints take whose answers have a body of a gigabyte. */
export function measureGigabytes({ seconds, bin, programs }) {
  return withBad(programs, async (others) => {
    const { grown_bytes } = await turn({ bin, seconds, good: 1, others: others.slice(-GIGABYTES) });
    const { grown_bytes: alone } = await turn({ bin, seconds, good: 1 + GIGABYTES, others: [] });
    return { gigabyte_bytes: grown_bytes, gigabyte_alone_bytes: alone };
  });
}
