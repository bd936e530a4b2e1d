// Segment's SDKs for servers: every event arrives exactly once and in order.

import assert from "node:assert/strict";
import { assertOrderOfSenders } from "./lib/order.mjs";
import { sendBySegmentPython } from "./lib/python-client.mjs";
import { SegmentClient } from "./lib/segment-client.mjs";
import { assertArrivedAsSent } from "./lib/visits.mjs";
import { story } from "./lib/world.mjs";

const USERS = ["user-0", "user-1", "user-2", "ユーザー 🦀"];
const EACH = 25;

/** The Node SDK sends this many at most as one request. */
const BATCH = 15;

/** What a sender sends after it said who each user is, the users mixed. */
const steps = (sender) =>
  Array.from({ length: EACH }, (_, n) =>
    USERS.map((userId) => ({ userId, properties: { sender, n, text: "süß & <b>🎉</b>" } })),
  ).flat();

/** Checks all that arrives, and that it was asked for at this path. */
async function check(world) {
  const { receiver, wire } = world;
  assert.equal(await assertArrivedAsSent(world, USERS.length * (1 + EACH)), 0);
  assertOrderOfSenders(receiver.taken.filter((one) => one.type === "track"));
  const firsts = USERS.map((name) => receiver.taken.find((one) => one.userId === name).type);
  assert.deepEqual(
    firsts,
    USERS.map(() => "identify"),
  );
  assert.deepEqual([...new Set(wire.exchanges.map((one) => one.path))], ["/v1/batch"]);
}

story("Segment's Node SDK", {}, async (world) => {
  const client = new SegmentClient(world.wire.url);
  const calls = [
    ...USERS.map((userId) => ["identify", { userId, traits: { plan: "größte" } }]),
    ...steps("node").map((one) => ["track", { ...one, event: "Step Taken" }]),
  ];
  for (let at = 0; at < calls.length; at += BATCH) {
    const errors = await client.send(calls.slice(at, at + BATCH));
    assert.deepEqual(errors.filter(Boolean), []);
  }
  await client.close();
  assert.deepEqual(client.failures, []);
  await check(world);
});

story("Segment's Python SDK", { needs: "python" }, async (world) => {
  const calls = [
    ...USERS.map((userId) => ["identify", { user_id: userId, traits: { plan: "größte" } }]),
    ...steps("python").map(({ userId, properties }) => [
      "track",
      { user_id: userId, event: "Step Taken", properties },
    ]),
  ];
  assert.deepEqual(await sendBySegmentPython(world.wire.url, calls), []);
  await check(world);
});
