// Steps a to d, k and n: how much goes through, and what one event costs.

import { startProxy, startSink } from "./nginx.mjs";
import { nowMs } from "./numbers.mjs";
import { withPostrider } from "./postrider.mjs";
import { bytesWrittenBy, cpuOf, memoryOf, watchMemory, watchOthers } from "./proc.mjs";
import { load } from "./wrk.mjs";

/** Bounds of one load; the data directory of a full one has about 2 GB. */
const PROXY_REQUESTS_MAX = 20_000_000;
const EVENTS_MAX = 2_000_000;

/** Looks at everything a filter can look at, and lets every event of the load pass. */
const FILTER = {
  types: ["track", "identify"],
  events: { deny: ["Product Removed", "Product Viewed"] },
  condition:
    'properties.price >= 10 and properties.currency == "EUR" and ' +
    'context.traits.plan in ["premium", "trial"] and not(context.page.path startsWith "/admin")',
  sample: 100,
};

/** What the letters mean: where to post, events per request (0: bare), destinations, filter. */
const KINDS = {
  b: { path: "/v1/track", batch: 0, destinations: 1 },
  c: { path: "/v1/batch", batch: 20, destinations: 1 },
  d: { path: "/v1/track", batch: 0, destinations: 10 },
  k: { path: "/v1/track", batch: 0, destinations: 1, filter: FILTER },
  n: { path: "/v1/track", batch: 0, destinations: 100 },
};

function perEvent(before, after, events) {
  const part = (name) => (after[name] - before[name]) / events;
  return { cpu_us: part("total"), cpu_user_us: part("user"), cpu_system_us: part("system") };
}

/** Step a: through a plain proxy. */
export async function measureProxy({ connections, seconds }) {
  const sink = await startSink();
  try {
    const proxy = await startProxy(sink);
    try {
      return await loadProxy(proxy, sink, { connections, seconds });
    } finally {
      await proxy.stop();
    }
  } finally {
    await sink.stop();
  }
}

async function loadProxy(proxy, sink, wanted) {
  const others = watchOthers(() => sink.cpu().total + proxy.cpu().total);
  const [cpu, count] = [proxy.cpu(), await sink.count()];
  const requestsMax = PROXY_REQUESTS_MAX;
  const wrk = await load({ port: proxy.port, path: "/hook", batch: 0, requestsMax, ...wanted });
  const passed = (await sink.count()) - count;
  const costs = perEvent(cpu, proxy.cpu(), passed);
  const noise = others.stop();
  if (passed < wrk.requests) {
    throw new Error(`${wrk.requests} requests were answered, ${passed} arrived at the sink`);
  }
  const rate = wrk.requests / (wrk.duration_us / 1e6);
  return { delivered_per_second: rate, ...acks(wrk), ...costs, ...noise };
}

function acks(wrk) {
  return {
    ack_p50_ms: wrk.p50_us / 1e3,
    ack_p99_ms: wrk.p99_us / 1e3,
    ack_max_ms: wrk.max_us / 1e3,
  };
}

/** Steps b to d, k and n: through Postrider, with a fresh data directory. */
export async function measureServer({ kind, connections, seconds, bin, patienceMs, say }) {
  const { path, batch, destinations, filter } = KINDS[kind];
  const sink = await startSink();
  try {
    const url = (_, index) => `http://127.0.0.1:${sink.port}/hook/${index + 1}`;
    const urls = Array.from({ length: destinations }, url);
    return await withPostrider({ bin, urls, filter }, (server) => {
      say(`server process ${server.pid}, ${seconds} s of load`);
      return loadAndDrain(server, sink, {
        load: { path, batch, connections, seconds },
        destinations,
        patienceMs,
      });
    });
  } finally {
    await sink.stop();
  }
}

async function loadAndDrain(server, sink, { load: wanted, destinations, patienceMs }) {
  const events = Math.max(1, wanted.batch);
  const others = watchOthers(() => sink.cpu().total + cpuOf(server.pid).total);
  const memory = watchMemory(server.pid);
  const [cpu, written] = [cpuOf(server.pid), bytesWrittenBy(server.pid)];
  const countBefore = await sink.count();
  await server.countFromHere();
  const since = nowMs();
  const requestsMax = Math.ceil(EVENTS_MAX / events);
  const wrk = await load({ port: server.gatewayPort, requestsMax, ...wanted });
  const loadEnded = nowMs();
  const drained = await server.drained(sink, destinations, countBefore, patienceMs);
  const { status, arrived, arrivedAt } = drained;
  const [cpuAfter, writtenAfter] = [cpuOf(server.pid), bytesWrittenBy(server.pid)];
  const rssMax = memory.stop();
  const noise = others.stop();
  const acknowledged = wrk.requests * events;
  const underWayMax = wanted.connections * events;
  check({ status, arrived, destinations, acknowledged, underWayMax });
  return {
    acknowledged,
    stored: status.stored,
    accepted: status.accepted,
    delivered: status.delivered,
    arrived,
    accepted_per_second: acknowledged / (wrk.duration_us / 1e6),
    delivered_per_second: status.delivered / ((arrivedAt - since) / 1e3),
    drain_seconds: Math.max(0, arrivedAt - loadEnded) / 1e3,
    ...acks(wrk),
    ...perEvent(cpu, cpuAfter, status.delivered),
    rss_max_bytes: rssMax,
    rss_peak_bytes: memoryOf(server.pid).peak,
    written_bytes: written === null ? null : (writtenAfter - written) / status.stored,
    ...noise,
  };
}

/**
 * Everything stored has arrived, and nothing twice; all that was acknowledged was stored, and
 * what was stored without being acknowledged was under way when the load ended.
 */
export function check({ status, arrived, destinations, acknowledged, underWayMax }) {
  const expected = status.stored * destinations;
  const faults = [];
  if (status.accepted < acknowledged) faults.push(`${acknowledged} events were acknowledged`);
  if (status.stored < status.accepted) faults.push(`fewer were stored than accepted`);
  if (status.stored > acknowledged + underWayMax) faults.push(`${acknowledged} were acknowledged`);
  if (status.rejected > 0) faults.push(`${status.rejected} were rejected`);
  if (status.retries > 0) faults.push(`${status.retries} attempts were retried`);
  if (status.delivered !== expected) faults.push(`${expected} had to be delivered`);
  if (arrived !== expected) faults.push(`${expected} had to arrive at the sink, ${arrived} did`);
  if (faults.length === 0) return;
  const { stored, accepted, delivered } = status;
  const seen = `stored ${stored}, accepted ${accepted}, delivered ${delivered}`;
  throw new Error(`the count is wrong: ${seen}; but ${faults.join("; ")}`);
}
