// Small arithmetic and waiting.

import { createServer } from "node:net";

/** The value below which `share` percent lie. */
export function percentile(values, share) {
  if (values.length === 0) return Number.NaN;
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.max(0, Math.ceil((share / 100) * sorted.length) - 1)];
}

/** Waits. */
export function sleep(ms) {
  return new Promise((settle) => setTimeout(settle, ms));
}

/** Now, in milliseconds of the machine's monotonic clock. */
export function nowMs() {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** A port of the loopback that was free a moment ago. */
export function freePort() {
  return new Promise((settle, fail) => {
    const server = createServer();
    server.once("error", fail);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => settle(port));
    });
  });
}
