// Segment's analytics.js in a browser: every event arrives exactly once and in order, one by one and
// in batches.

import assert from "node:assert/strict";
import { siteOf } from "./lib/browser.mjs";
import { visit } from "./lib/visits.mjs";
import { story } from "./lib/world.mjs";

const site = siteOf("segment");
const BROWSER = { needs: "browser" };

const paths = (wire) => {
  const posts = wire.exchanges.filter((one) => one.method === "POST");
  return [...new Set(posts.map((one) => one.path))].sort();
};

story("Segment's analytics.js, all calls at once", BROWSER, async (world) => {
  await visit({ site, world, events: 20 });
  assert.deepEqual(paths(world.wire), ["/v1/i", "/v1/t"]);
});

story("Segment's analytics.js, call after call", BROWSER, async (world) => {
  await visit({ site, world, events: 10, atOnce: 1 });
  assert.deepEqual(paths(world.wire), ["/v1/i", "/v1/t"]);
});

story("Segment's analytics.js in batches", BROWSER, async (world) => {
  const deliveryStrategy = { strategy: "batching", config: { size: 15, timeout: 300 } };
  await visit({ site, world, events: 30, atOnce: 10, options: { deliveryStrategy } });
  assert.deepEqual(paths(world.wire), ["/v1/b"]);
});
