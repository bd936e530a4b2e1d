// Step v: intake and delivery at full load, taking turns without and with ten viewers.

import { startSink } from "./nginx.mjs";
import { nowMs, percentile, sleep } from "./numbers.mjs";
import { withPostrider } from "./postrider.mjs";
import { cpuOf, watchOthers } from "./proc.mjs";
import { check } from "./throughput.mjs";
import { load } from "./wrk.mjs";

const CONNECTIONS = 64;
const REQUESTS_MAX = 1_000_000;
const PATIENCE_MS = 20_000;

/** What ten people may look at: each sees something else, so none shares another's work. */
const VIEWS = [
  "",
  "type=track",
  "source=src",
  "text=product",
  "name=nothing+has+this+name",
  "user=nobody",
  "status=accepted",
  "destination=d1",
  "status=delivered",
  "status=failed",
];

const median = (values) => percentile(values, 50);

/** Opens a stream and counts its rows; `end` closes it. */
function view(port, query) {
  const stop = new AbortController();
  const seen = { rows: 0 };
  const reading = fetch(`http://127.0.0.1:${port}/api/v1/live?${query}`, { signal: stop.signal })
    .then(async ({ ok, status, body }) => {
      if (!ok) throw new Error(`a viewer is answered with ${status}`);
      const text = body.pipeThrough(new TextDecoderStream());
      for await (const part of text) seen.rows += part.split("\nevent: ").length - 1;
    })
    .catch((error) => {
      if (!stop.signal.aborted) seen.error = error;
    });
  const end = async () => {
    stop.abort();
    await reading;
    if (seen.error) throw seen.error;
    return seen.rows;
  };
  return { end };
}

/** What the server has counted since `before`, once every delivery of it is written down. */
async function settled(server, before) {
  const limit = nowMs() + PATIENCE_MS;
  for (;;) {
    const status = await server.status();
    status.accepted -= before.accepted;
    status.delivered -= before.delivered;
    if (status.delivered >= status.stored || nowMs() > limit) return status;
    await sleep(20);
  }
}

/** The load of one turn until everything has arrived, and what it cost the server. */
async function turn({ server, sink, seconds }) {
  await server.countFromHere();
  const countBefore = await sink.count();
  const before = await server.status();
  const cpu = cpuOf(server.pid).total;
  const wrk = await load({
    port: server.gatewayPort,
    path: "/v1/track",
    batch: 0,
    connections: CONNECTIONS,
    seconds,
    requestsMax: REQUESTS_MAX,
  });
  const { arrived } = await server.drained(sink, 1, countBefore, PATIENCE_MS);
  const status = await settled(server, before);
  check({
    status,
    arrived,
    destinations: 1,
    acknowledged: wrk.requests,
    underWayMax: CONNECTIONS,
  });
  return {
    perSecond: wrk.requests / (wrk.duration_us / 1e6),
    cpu_us: (cpuOf(server.pid).total - cpu) / status.delivered,
  };
}

/**
 * Measures with two servers, of which one is never watched: one that was goes on for a minute, for
 * viewers who come back.
 */
export async function measureViewers({ seconds, turns, bin }) {
  const sink = await startSink();
  const urls = [`http://127.0.0.1:${sink.port}/hook/1`];
  try {
    return await withPostrider({ bin, urls }, (alone) =>
      withPostrider({ bin, urls }, async (watched) => {
        const others = watchOthers(
          () => sink.cpu().total + cpuOf(alone.pid).total + cpuOf(watched.pid).total,
        );
        const [without, within, rows] = [[], [], []];
        for (let index = 0; index < turns; index += 1) {
          without.push(await turn({ server: alone, sink, seconds }));
          const viewers = VIEWS.map((query) => view(watched.adminPort, query));
          within.push(await turn({ server: watched, sink, seconds }));
          for (const viewer of viewers) rows.push(await viewer.end());
        }
        const ratios = (name) => within.map((one, index) => one[name] / without[index][name]);
        return {
          alone_per_second: median(without.map((one) => one.perSecond)),
          watched_per_second: median(within.map((one) => one.perSecond)),
          watched_ratio: median(ratios("perSecond")),
          watched_ratios: ratios("perSecond"),
          alone_cpu_us: median(without.map((one) => one.cpu_us)),
          watched_cpu_us: median(within.map((one) => one.cpu_us)),
          watched_cpu_ratio: median(ratios("cpu_us")),
          viewer_rows: rows.reduce((sum, one) => sum + one, 0) / turns / VIEWS.length,
          ...others.stop(),
        };
      }),
    );
  } finally {
    await sink.stop();
  }
}
