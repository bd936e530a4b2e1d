// What is asked of the SDK of every language that clients/ has a program for: every call arrives
// whole, many events arrive once and in order, and a wrong write key is told.

import assert from "node:assert/strict";
import { assertWholeEvent } from "./expected.mjs";
import { assertExactlyOnce, assertOrderOfSenders, assertOrderOfWire } from "./order.mjs";
import { story } from "./world.mjs";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const WRONG_KEY = "3cXA9UlYrMnO5qStVxZb2dFhIk";

const USERS = ["user-0", "user-1", "user-2", "ユーザー 🦀"];
const EACH = 30;

const details = { größe: "süß & <b>🎉</b>", total: 9.5, items: [1, { sku: "b-1" }] };

const CALLS = [
  ["identify", { messageId: "c1", userId: "u1", traits: details }],
  ["track", { messageId: "c2", userId: "u1", event: "Größe gewählt 🎉", properties: details }],
  ["page", { messageId: "c3", userId: "u1", name: "Cart", properties: details }],
  ["screen", { messageId: "c4", userId: "u1", name: "Main", properties: details }],
  ["group", { messageId: "c5", userId: "u1", groupId: "g1", traits: details }],
  ["alias", { messageId: "c6", userId: "u2", previousId: "u1" }],
  ["track", { messageId: "c7", anonymousId: "a1", event: "Anonymous", properties: details }],
];

/** What an arrival is checked against: the server gives an event an id where the SDK did not. */
function withId(sent, arrived) {
  if (sent.messageId !== undefined) return sent;
  assert.match(arrived.messageId, UUID);
  return { ...sent, messageId: arrived.messageId };
}

/** `check(wire)` is what is asked besides of what the SDK put on the wire. */
export function everyCallArrivesWhole(sdk, check) {
  const { name, needs, open } = sdk;
  story(`every call of ${name} arrives whole`, { needs }, async ({ receiver, wire }) => {
    const sender = open(wire.url);
    const after = Date.now();
    const outcomes = await sender.call(CALLS);
    const before = Date.now();
    await sender.close();
    assert.deepEqual(
      outcomes,
      CALLS.map(() => null),
    );
    await receiver.until(
      () => receiver.arrivals.length === CALLS.length,
      () => `${receiver.arrivals.length} of ${CALLS.length} arrive`,
    );
    const typeOf = (events) => events.map((one) => one.type).sort();
    const wanted = CALLS.map(([type]) => type).sort();
    assert.deepEqual(typeOf(wire.events), wanted);
    const like = (one) => (other) =>
      other.type === one.type && other.event === one.event && other.name === one.name;
    for (const arrival of receiver.arrivals) {
      const sent = wire.events.find(like(arrival.event));
      assertWholeEvent(arrival, withId(sent, arrival.event), { after, before });
      const { traits, properties, context } = arrival.event;
      if (sent.type === "alias") continue;
      assert.deepEqual(properties ?? traits ?? context.traits, details, sent.type);
    }
    check(wire);
  });
}

export function manyArriveInOrder({ name, needs, open, batch }) {
  const what = `${USERS.length * EACH} events of ${name} arrive exactly once, in order per user`;
  story(what, { needs }, async ({ receiver, server, wire, context }) => {
    const sender = open(wire.url);
    const steps = Array.from({ length: EACH }, (_, n) =>
      USERS.map((userId) => ({ sender: "many", userId, n })),
    ).flat();
    const half = steps.length / 2;
    for (const go of [steps.slice(0, half), steps.slice(half)]) {
      const outcomes = await sender.send(go);
      assert.deepEqual(outcomes.filter(Boolean), []);
    }
    await sender.close();
    await receiver.until(
      () => receiver.taken.length >= steps.length,
      () => `${receiver.taken.length} of ${steps.length} events arrive`,
    );
    await server.idle();
    await server.stop();
    assert.ok(wire.exchanges.every((one) => one.events.length <= batch));
    assert.equal(wire.events.length, steps.length, "the SDK sends nothing twice");
    assertExactlyOnce(wire.events, receiver.taken);
    assertOrderOfSenders(receiver.taken);
    const compared = assertOrderOfWire(wire.exchanges, receiver.taken);
    context.diagnostic(`${wire.exchanges.length} requests, ${compared} pairs compared`);
    assert.ok(compared >= (USERS.length * (EACH * (EACH - 1))) / 4, `${compared} pairs`);
  });
}

/** `attempts` is how often the SDK tries, `told` what it says, `deadlineMs` how long it may take. */
export function aWrongKeyIsTold({ name, needs, open }, { attempts = 1, told, deadlineMs }) {
  story(`a wrong write key is told by ${name}`, { needs }, async ({ receiver, server, wire }) => {
    const wrong = open(wire.url, { writeKey: WRONG_KEY });
    const outcomes = await wrong.call([CALLS[1]], deadlineMs);
    await wrong.close();
    assert.deepEqual(outcomes, [told]);
    assert.deepEqual(
      wire.exchanges.map((one) => [one.status, one.answer]),
      Array.from({ length: attempts }, () => [401, "invalid write key\n"]),
    );
    const right = open(wire.url);
    assert.deepEqual(await right.call([CALLS[1]]), [null]);
    await right.close();
    await receiver.until(() => receiver.arrivals.length > 0, "the good event arrives");
    await server.idle();
    await server.stop();
    assert.equal(receiver.arrivals.length, 1, "nothing of the wrong key arrives");
  });
}
