// The Rust SDK where the gateway or its endpoint is in trouble. It tries four times, within a second
// where nobody asks it to wait longer; what was cut off it does not send again, and says so.

import assert from "node:assert/strict";
import { RUST } from "./lib/clients.mjs";
import { hungEndpoint, outage, outageWithoutEnd, restarted } from "./lib/situations.mjs";

outage(RUST, "waits as it is asked to, and delivers all");

outageWithoutEnd(RUST, {
  attempts: 4,
  told: 'InvalidRequest("status code: 503 Service Unavailable, attempts: 4, message: retries exhausted")',
});

restarted(RUST, "gives up what was cut off, and says so", (failures, { exchanges }) => {
  const cut = exchanges.filter((one) => one.isCut);
  assert.equal(failures.length, cut.length, "each request that was cut off is a failure");
  for (const one of failures) assert.match(one, /^SendRequestError\(.*IncompleteMessage/);
});

hungEndpoint(RUST);
