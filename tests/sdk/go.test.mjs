// RudderStack's Go SDK: gzip, times in nanoseconds, and an anonymousId invented for each event.

import assert from "node:assert/strict";
import { GO } from "./lib/clients.mjs";
import { aWrongKeyIsTold, everyCallArrivesWhole, manyArriveInOrder } from "./lib/languages.mjs";

everyCallArrivesWhole(GO, ({ exchanges: [exchange, ...more], events }) => {
  assert.deepEqual([exchange.path, exchange.isGzip, more], ["/v1/batch", true, []]);
  assert.equal(exchange.headers["rs-nodecount"], "1");
  assert.match(events[1].anonymousId, /^[0-9a-f-]{36}$/);
  const isFine = ({ originalTimestamp }) => /\.\d{9}Z$/.test(originalTimestamp);
  assert.ok(events.some(isFine), "times in nanoseconds");
});

manyArriveInOrder(GO);

// It tries again whatever it is answered, which takes it most of a minute.
aWrongKeyIsTold(GO, {
  attempts: 10,
  told: "401 401 Unauthorized",
  deadlineMs: 120_000,
});
