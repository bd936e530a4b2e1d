// RudderStack's Rust SDK: one request for each call, and no ids of its own.

import assert from "node:assert/strict";
import { RUST } from "./lib/clients.mjs";
import { aWrongKeyIsTold, everyCallArrivesWhole, manyArriveInOrder } from "./lib/languages.mjs";

everyCallArrivesWhole(RUST, ({ exchanges, events }) => {
  const paths = ["identify", "track", "page", "screen", "group", "alias", "track"];
  assert.deepEqual(
    exchanges.map((one) => one.path),
    paths.map((name) => `/v1/${name}`),
  );
  assert.ok(events.every((one) => one.messageId === undefined));
  const isFine = ({ originalTimestamp }) => /\.\d{9}Z$/.test(originalTimestamp);
  assert.ok(events.some(isFine), "times in nanoseconds");
});

manyArriveInOrder(RUST);

aWrongKeyIsTold(RUST, {
  told: 'InvalidRequest("status code: 401 Unauthorized, attempts: 1, message: Invalid request")',
});
