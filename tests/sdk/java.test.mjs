// RudderStack's Java SDK: gzip in chunks, without a Content-Length.

import assert from "node:assert/strict";
import { JAVA } from "./lib/clients.mjs";
import { aWrongKeyIsTold, everyCallArrivesWhole, manyArriveInOrder } from "./lib/languages.mjs";

everyCallArrivesWhole(JAVA, ({ exchanges: [exchange, ...more], events }) => {
  assert.deepEqual([exchange.path, exchange.isGzip, more], ["/v1/batch", true, []]);
  assert.equal(exchange.headers["transfer-encoding"], "chunked");
  assert.equal(exchange.headers["content-length"], undefined);
  for (const { timestamp, originalTimestamp } of events) {
    assert.match(timestamp, /\.\d{3}Z$/);
    assert.equal(originalTimestamp, undefined);
  }
});

manyArriveInOrder(JAVA);

aWrongKeyIsTold(JAVA, { told: "invalid write key\n" });
