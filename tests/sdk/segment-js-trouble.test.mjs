// Segment's analytics.js where the gateway or its endpoint is in trouble. It tries ten times, half a
// second and more apart.

import { siteOf } from "./lib/browser.mjs";
import { pageClient } from "./lib/page-client.mjs";
import { hungEndpoint, outage, restarted } from "./lib/situations.mjs";

const SITE = siteOf("segment");

const BATCHES = { strategy: "batching", config: { size: 15, timeout: 300 } };

for (const sdk of [
  pageClient("Segment's analytics.js", SITE),
  pageClient("Segment's analytics.js in batches", SITE, { deliveryStrategy: BATCHES }),
]) {
  outage(sdk, "tries again, and delivers all");
  restarted(sdk, "tries again, and delivers all");
  hungEndpoint(sdk);
}
