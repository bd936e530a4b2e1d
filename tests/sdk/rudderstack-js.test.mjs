// RudderStack's JavaScript SDK in a browser: every event arrives exactly once and in order, however
// the SDK sends it.

import assert from "node:assert/strict";
import { siteOf } from "./lib/browser.mjs";
import { visit } from "./lib/visits.mjs";
import { story } from "./lib/world.mjs";

const site = siteOf("rudderstack");
const BROWSER = { needs: "browser" };

const EVENTS = 40;

const posts = (wire) => wire.exchanges.filter((one) => one.method === "POST");
const paths = (wire) => [...new Set(posts(wire).map((one) => one.path.split("?")[0]))].sort();

story("the JavaScript SDK in its default mode, all calls at once", BROWSER, async (world) => {
  await visit({ site, world, events: EVENTS });
  assert.deepEqual(paths(world.wire), ["/v1/identify", "/v1/track"]);
});

story("the JavaScript SDK in its default mode, call after call", BROWSER, async (world) => {
  await visit({ site, world, events: 10, atOnce: 1 });
  assert.deepEqual(paths(world.wire), ["/v1/identify", "/v1/track"]);
});

story("the JavaScript SDK in batch mode", BROWSER, async (world) => {
  const batch = { enabled: true, maxItems: 15, flushInterval: 300 };
  await visit({ site, world, events: EVENTS, atOnce: 10, options: { queueOptions: { batch } } });
  assert.deepEqual(paths(world.wire), ["/v1/batch"]);
  assert.ok(
    posts(world.wire).some((one) => one.events.length > 1),
    "several events share a request",
  );
});

story("the JavaScript SDK with beacons", BROWSER, async (world) => {
  const options = {
    useBeacon: true,
    beaconQueueOptions: { maxItems: 15, flushQueueInterval: 300 },
  };
  await visit({ site, world, events: EVENTS, atOnce: 10, options });
  assert.deepEqual(paths(world.wire), ["/beacon/v1/batch"]);
});

story("the JavaScript SDK with beacons that only leaving sends", BROWSER, async (world) => {
  await visit({ site, world, events: 5, options: { useBeacon: true }, isLeft: true });
  assert.deepEqual(paths(world.wire), ["/beacon/v1/batch"]);
});
