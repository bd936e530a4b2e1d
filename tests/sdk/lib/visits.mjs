// What visitors of a site do, and what must arrive of it.

import assert from "node:assert/strict";
import { assertWholeEvent } from "./expected.mjs";
import {
  assertExactlyOnce,
  assertOrderOfSenders,
  assertOrderOfWire,
  firstArrivals,
} from "./order.mjs";

const VISITORS = 2;

/**
 * Checks that so many events arrive, each once, whole, and in the order of its user. Answers how
 * many events the SDK sent again.
 */
export async function assertArrivedAsSent({ receiver, server, wire }, count) {
  await receiver.until(
    () => receiver.taken.length >= count,
    () => `${receiver.taken.length} of ${count} events arrive`,
  );
  await server.idle();
  const sent = firstArrivals(wire.events.toReversed()).toReversed();
  assert.equal(sent.length, count, "the SDK sends every event");
  assertExactlyOnce(sent, receiver.taken);
  const byId = new Map(wire.events.toReversed().map((one) => [one.messageId, one]));
  for (const arrival of receiver.arrivals) {
    const span = { after: 0, before: Date.now() };
    assertWholeEvent(arrival, byId.get(arrival.event.messageId), span);
  }
  assertOrderOfWire(wire.exchanges, receiver.taken);
  return wire.events.length - sent.length;
}

const answeredOf = (wire, name) =>
  wire.exchanges
    .filter((one) => one.status === 200)
    .flatMap((one) => one.events)
    .filter((one) => one.userId === name).length;

/** Says who it is and makes the calls, `atOnce` in one go, each go when the one before is answered. */
async function act({ visitor, wire, events, atOnce, options, isLeft }) {
  await visitor.come(wire.url, options);
  await visitor.identify();
  for (let made = 0; made < events; made += atOnce) {
    await visitor.track(Math.min(atOnce, events - made));
    if (isLeft) await visitor.leave();
    const expected = 1 + Math.min(events, made + atOnce);
    await wire.until(
      () => answeredOf(wire, visitor.name) >= expected,
      () => `${answeredOf(wire, visitor.name)} of ${expected} events are answered`,
    );
  }
}

/**
 * Some visitors at once, each of whom says who it is and makes so many calls; checks what arrives.
 *
 * All calls are made in one go unless `atOnce` says less. An SDK that sends several requests at the
 * same time keeps no order among them: then only that of the goes is checked.
 */
export async function visit({ site, world, events, atOnce = events, options, isLeft = false }) {
  const { receiver, wire } = world;
  const names = Array.from({ length: VISITORS }, (_, at) => `user-${at}`);
  const visitors = await Promise.all(names.map((name) => site.visitor(name)));
  try {
    await Promise.all(
      visitors.map((visitor) => act({ visitor, wire, events, atOnce, options, isLeft })),
    );
    await assertArrivedAsSent(world, VISITORS * (1 + events));
    const tracks = receiver.taken.filter((one) => one.type === "track");
    const goes = tracks.map(({ userId, properties: { sender, n } }) => ({
      userId,
      properties: { sender, n: Math.floor(n / atOnce) },
    }));
    assertOrderOfSenders(goes);
  } finally {
    await Promise.all(visitors.map((one) => one.close()));
  }
}
