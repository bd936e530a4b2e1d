// Whether everything arrived that was sent, once, and in the order that was promised.

import assert from "node:assert/strict";

/** What a sender calls its events tells them apart, also where its SDK gives them no ids. */
function idOf({ messageId, userId, properties }) {
  if (properties?.sender === undefined) return messageId;
  return `${properties.sender} ${userId} ${properties.n}`;
}

const ids = (events) => events.map(idOf);

/** Checks that the events that arrived are those that were sent, each once. */
export function assertExactlyOnce(sent, arrived) {
  const counts = new Map(ids(sent).map((id) => [id, 0]));
  assert.equal(counts.size, sent.length, "every event has an id of its own");
  for (const id of ids(arrived)) counts.set(id, (counts.get(id) ?? -1) + 1);
  const wrong = [...counts].filter(([, count]) => count !== 1);
  assert.deepEqual(wrong, [], "events that did not arrive exactly once, and how often they did");
}

function groups(list, key) {
  const found = new Map();
  for (const one of list) found.set(key(one), [...(found.get(key(one)) ?? []), one]);
  return [...found.values()];
}

/** The events in the order of their first arrivals. */
export function firstArrivals(events) {
  // A map keeps a key where it was first put.
  return [...new Map(events.map((one) => [idOf(one), one])).values()];
}

/**
 * Checks that the events of each user arrived in the order in which they were accepted, as far as
 * the wire tells: those of one request by their place in it, those of two requests where the one
 * was answered before the other began. Of an event that was sent again, its first request counts
 * that was answered 200. Answers the number of pairs that were compared.
 */
export function assertOrderOfWire(exchanges, arrived) {
  const places = new Map(ids(arrived).map((id, place) => [id, place]));
  const accepted = exchanges
    .filter((one) => one.status === 200)
    .flatMap((exchange) => exchange.events.map((event) => ({ event, exchange })));
  const first = new Map(accepted.toReversed().map((one) => [idOf(one.event), one]));
  const sent = accepted
    .filter((one) => first.get(idOf(one.event)) === one)
    .map((one) => ({ ...one, place: places.get(idOf(one.event)) }));
  let compared = 0;
  for (const events of groups(sent, (one) => one.event.userId)) {
    for (const [index, later] of events.entries()) {
      for (const earlier of events.slice(0, index)) {
        const isBefore =
          earlier.exchange === later.exchange || earlier.exchange.ended < later.exchange.begun;
        if (!isBefore) continue;
        compared += 1;
        const names = `${idOf(earlier.event)} and ${idOf(later.event)}`;
        assert.ok(
          earlier.place < later.place,
          `${names} of ${later.event.userId} keep their order`,
        );
      }
    }
  }
  return compared;
}

/**
 * Checks that what each sender sent for each user arrived in the order in which it was sent:
 * by `properties.sender`, `userId` and `properties.n`.
 */
export function assertOrderOfSenders(arrived) {
  const lines = groups(arrived, (one) => JSON.stringify([one.properties.sender, one.userId]));
  for (const events of lines) {
    const numbers = events.map((one) => one.properties.n);
    const { sender } = events[0].properties;
    assert.deepEqual(
      numbers,
      numbers.toSorted((a, b) => a - b),
      `what ${sender} sent for ${events[0].userId} keeps its order`,
    );
  }
}
