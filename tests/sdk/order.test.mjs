// Every event arrives exactly once and in the order of its user, at an endpoint in good health and
// at one that fails.

import assert from "node:assert/strict";
import { NodeClient } from "./lib/node-client.mjs";
import { assertExactlyOnce, assertOrderOfSenders, assertOrderOfWire } from "./lib/order.mjs";
import { sendByPython } from "./lib/python-client.mjs";
import { story } from "./lib/world.mjs";

/** The Node SDK sends this many at most as one request. */
const BATCH = 20;

const FAST_RETRIES = { POSTRIDER_DELIVERY_RETRY_MIN_BACKOFF: "100ms" };

/** What a sender sends: `each` events for each user, the users mixed. */
function plan(sender, users, each) {
  const events = [];
  for (let n = 0; n < each; n += 1) {
    for (const userId of users) {
      const id = `${sender}-${userId}-${n}`;
      events.push({ id, userId, name: "Step Taken", properties: { sender, n } });
    }
  }
  return events;
}

const userNames = (count, from = 0) =>
  Array.from({ length: count }, (_, at) => `user-${from + at}`);

const nodeCalls = (events) =>
  events.map(({ id, userId, name, properties }) => [
    "track",
    { messageId: id, userId, event: name, properties },
  ]);

const pythonCalls = (events) =>
  events.map(({ id, userId, name, properties }) => [
    "track",
    { message_id: id, user_id: userId, event: name, properties },
  ]);

/** Sends batch after batch, each when the one before is answered, and expects success. */
async function sendInOrder(client, events) {
  for (let at = 0; at < events.length; at += BATCH) {
    const errors = await client.send(nodeCalls(events.slice(at, at + BATCH)));
    assert.deepEqual(errors.filter(Boolean), []);
  }
  assert.deepEqual(client.failures, []);
}

const sendAllByPython = async (url, events) =>
  assert.deepEqual(await sendByPython(url, pythonCalls(events)), []);

/** An endpoint's time for an answer, different for each request. */
function unevenly() {
  let turn = 0;
  return async (status) => {
    turn += 1;
    await new Promise((settle) => setTimeout(settle, (turn * 7) % 12));
    return status;
  };
}

/** Waits for all events, ends the server, and checks that each arrived once. */
async function settle({ receiver, server, wire }, count) {
  await receiver.until(
    () => receiver.taken.length >= count,
    () => `${receiver.taken.length} of ${count} events arrive`,
  );
  await server.idle();
  await server.stop();
  assert.equal(wire.events.length, count, "no SDK sent anything twice");
  assert.deepEqual(new Set(wire.exchanges.map((one) => one.status)), new Set([200]));
  assert.ok(wire.exchanges.every((one) => one.isGzip));
  assertExactlyOnce(wire.events, receiver.taken);
}

const inTime = unevenly();

story(
  "500 events of 20 users from each SDK at once arrive exactly once, in order per user",
  { answer: () => inTime(200), needs: "python" },
  async (world) => {
    const { receiver, wire, context } = world;
    const clients = [0, 5, 10, 15].map((from) => ({
      client: new NodeClient(wire.url),
      events: plan("node", userNames(5, from), 25),
    }));
    await Promise.all([
      ...clients.map(({ client, events }) => sendInOrder(client, events)),
      sendAllByPython(wire.url, plan("python", userNames(20), 25)),
    ]);
    await settle(world, 1000);
    assertOrderOfSenders(receiver.taken);
    const compared = assertOrderOfWire(wire.exchanges, receiver.taken);
    context.diagnostic(`${wire.exchanges.length} requests, ${compared} pairs compared`);
    // Within each SDK alone the order is total: 20 users × 25 events × 24 / 2, twice.
    assert.ok(compared >= 2 * 20 * ((25 * 24) / 2), `${compared} pairs`);
  },
);

story(
  "500 events handed to the Node SDK at once arrive exactly once, in order per user and request",
  { answer: () => inTime(200) },
  async (world) => {
    const { receiver, wire, context } = world;
    const client = new NodeClient(wire.url);
    // One user after the other, so that each request holds many events of one.
    const events = userNames(20).flatMap((userId) => plan("node", [userId], 25));
    const errors = await client.send(nodeCalls(events));
    assert.deepEqual([errors.filter(Boolean), client.failures], [[], []]);
    await settle(world, 500);
    const overlapping = wire.exchanges.filter((one, at) =>
      wire.exchanges.some((other, place) => place < at && other.ended > one.begun),
    );
    assert.ok(overlapping.length > 0, "some requests were under way at the same time");
    const compared = assertOrderOfWire(wire.exchanges, receiver.taken);
    context.diagnostic(`${wire.exchanges.length} requests, ${compared} pairs compared`);
  },
);

story(
  "a request that holds many events of one user keeps their order",
  { answer: () => inTime(200), needs: "python" },
  async (world) => {
    const { receiver, wire } = world;
    await sendAllByPython(wire.url, plan("python", userNames(2), 50));
    await settle(world, 100);
    assertOrderOfSenders(receiver.taken);
    assertOrderOfWire(wire.exchanges, receiver.taken);
  },
);

/** Answers 503 to the first attempt of each event. */
function firstFails() {
  const seen = new Set();
  return ({ event }) => {
    if (seen.has(event.messageId)) return 200;
    seen.add(event.messageId);
    return 503;
  };
}

story(
  "events whose first attempt fails arrive in order, and no SDK hears of it",
  { answer: firstFails(), settings: FAST_RETRIES, needs: "python" },
  async (world) => {
    const { receiver, wire } = world;
    await Promise.all([
      sendInOrder(new NodeClient(wire.url), plan("node", userNames(10), 10)),
      sendAllByPython(wire.url, plan("python", userNames(10, 10), 10)),
    ]);
    await settle(world, 200);
    assertOrderOfSenders(receiver.taken);
    assertOrderOfWire(wire.exchanges, receiver.taken);
    for (const userId of userNames(20)) {
      const attempts = receiver.arrivals
        .filter(({ event }) => event.userId === userId)
        .map(({ event, status }) => [event.properties.n, status]);
      const inTurn = Array.from({ length: 10 }, (_, n) => [
        [n, 503],
        [n, 200],
      ]).flat();
      assert.deepEqual(attempts, inTurn, `${userId}: the next event waits for the one before`);
    }
  },
);

story(
  "a login does not break the order, although every first attempt fails",
  { answer: firstFails(), settings: FAST_RETRIES },
  async (world) => {
    const { receiver, wire } = world;
    const step = (identity, at) => ["track", { ...identity, event: `Step ${at}` }];
    const visitor = { anonymousId: "visitor-1" };
    const user = { userId: "user-1" };
    await new NodeClient(wire.url).send([
      ...[1, 2, 3].map((at) => step(visitor, at)),
      ["identify", { ...visitor, ...user }],
      ...[4, 5, 6].map((at) => step(user, at)),
    ]);
    await settle(world, 7);
    const names = receiver.taken.map((one) => one.event ?? one.type);
    assert.deepEqual(names, [
      "Step 1",
      "Step 2",
      "Step 3",
      "identify",
      "Step 4",
      "Step 5",
      "Step 6",
    ]);
  },
);
