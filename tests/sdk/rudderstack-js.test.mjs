// RudderStack's JavaScript SDK in a browser: every event arrives exactly once and in order, however
// the SDK sends it, and although the page is left amid sending.

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { Site } from "./lib/browser.mjs";
import { assertArrivedAsSent, visit } from "./lib/visits.mjs";
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
  await visit({ site, world, events: EVENTS, atOnce: 1 });
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

story(
  "a page of the JavaScript SDK that is left in batch mode before it was answered",
  {},
  async (world) => {
    const { wire, context } = world;
    const batch = { enabled: true, maxItems: 10, flushInterval: 300 };
    const options = { queueOptions: { batch } };
    const visitor = await site.visitor("user-1");
    try {
      let release;
      const isLeft = new Promise((settle) => {
        release = settle;
      });
      wire.beforeAnswer = ({ method, events }) =>
        method === "POST" && events.length > 0 ? isLeft : undefined;
      await visitor.come(wire.url, options);
      await visitor.identify();
      await visitor.track(24);
      await wire.until(
        () => posts(wire).some((one) => one.status === 200),
        "the gateway has taken a request",
      );
      await visitor.leave();
      release();
      wire.beforeAnswer = async () => {};
      await visitor.come(wire.url, options);
      await visitor.track(5);
      const again = await assertArrivedAsSent(world, 30);
      context.diagnostic(`${again} events were sent again by the next page`);
      assert.ok(again > 0, "the next page sends again what it knows no answer of");
    } finally {
      await visitor.close();
    }
  },
);
