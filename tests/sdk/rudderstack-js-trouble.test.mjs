// RudderStack's JavaScript SDK where the gateway or its endpoint is in trouble. It tries eleven times,
// 2, 4, 8 s apart and so on, whatever Retry-After says; only what beacons carry is lost, as no SDK
// ever hears the answer to one.

import assert from "node:assert/strict";
import { siteOf } from "./lib/browser.mjs";
import { beaconClient, pageClient } from "./lib/page-client.mjs";
import { hungEndpoint, outage, restarted } from "./lib/situations.mjs";

const site = siteOf("rudderstack");

const ONE_BY_ONE = pageClient("the JavaScript SDK in its default mode", site);

const BATCHES = pageClient("the JavaScript SDK in batch mode", site, {
  queueOptions: { batch: { enabled: true, maxItems: 15, flushInterval: 300 } },
});

const BEACONS = beaconClient("the JavaScript SDK with beacons", site, {
  useBeacon: true,
  beaconQueueOptions: { maxItems: 15, flushQueueInterval: 300 },
});

for (const sdk of [ONE_BY_ONE, BATCHES]) {
  outage(sdk, "tries again, and delivers all");
  restarted(sdk, "tries again, and delivers all");
  hungEndpoint(sdk);
}

outage(BEACONS, "loses what is refused, and nobody is told", (failures) => {
  assert.deepEqual(new Set(failures), new Set([503]));
});

restarted(BEACONS, "loses what is cut off, and nobody is told", (failures) => {
  assert.ok(failures.every((one) => one === "cut"));
});

hungEndpoint(BEACONS);
