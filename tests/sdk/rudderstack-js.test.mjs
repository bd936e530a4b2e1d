// RudderStack's JavaScript SDK in a browser: every event arrives exactly once and in order, however
// the SDK sends it.

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { Site } from "./lib/browser.mjs";
import { visit } from "./lib/visits.mjs";
import { story } from "./lib/world.mjs";

let site;
before(async () => {
  site = await Site.open("rudderstack");
});
after(() => site?.close());

const EVENTS = 40;

const posts = (wire) => wire.exchanges.filter((one) => one.method === "POST");
const paths = (wire) => [...new Set(posts(wire).map((one) => one.path.split("?")[0]))].sort();

story("the JavaScript SDK in its default mode, all calls at once", {}, async (world) => {
  await visit({ site, world, events: EVENTS });
  assert.deepEqual(paths(world.wire), ["/v1/identify", "/v1/track"]);
});

story("the JavaScript SDK in its default mode, call after call", {}, async (world) => {
  await visit({ site, world, events: 10, atOnce: 1 });
  assert.deepEqual(paths(world.wire), ["/v1/identify", "/v1/track"]);
});

story("the JavaScript SDK in batch mode", {}, async (world) => {
  const batch = { enabled: true, maxItems: 15, flushInterval: 300 };
  await visit({ site, world, events: EVENTS, atOnce: 10, options: { queueOptions: { batch } } });
  assert.deepEqual(paths(world.wire), ["/v1/batch"]);
  assert.ok(
    posts(world.wire).some((one) => one.events.length > 1),
    "several events share a request",
  );
});

story("the JavaScript SDK with beacons", {}, async (world) => {
  const options = {
    useBeacon: true,
    beaconQueueOptions: { maxItems: 15, flushQueueInterval: 300 },
  };
  await visit({ site, world, events: EVENTS, atOnce: 10, options });
  assert.deepEqual(paths(world.wire), ["/beacon/v1/batch"]);
});

story("the JavaScript SDK with beacons that only leaving sends", {}, async (world) => {
  await visit({ site, world, events: 5, options: { useBeacon: true }, isLeft: true });
  assert.deepEqual(paths(world.wire), ["/beacon/v1/batch"]);
});
