// A wrong write key is told to the application at once, and nothing of it arrives.

import assert from "node:assert/strict";
import { NodeClient } from "./lib/node-client.mjs";
import { sendByPython } from "./lib/python-client.mjs";
import { story } from "./lib/world.mjs";

const WRONG_KEY = "3cXA9UlYrMnO5qStVxZb2dFhIk";

/** Checks that one request was refused, and that only what is sent well arrives. */
async function assertRefused({ receiver, server, wire }) {
  const [refused, ...more] = wire.exchanges;
  assert.deepEqual(more, [], "the SDK does not try again");
  assert.deepEqual([refused.status, refused.answer], [401, "invalid write key\n"]);
  const errors = await new NodeClient(wire.url).send([["track", { userId: "u", event: "Good" }]]);
  assert.deepEqual(errors, [undefined]);
  await receiver.until(() => receiver.arrivals.length > 0, "the good event arrives");
  await server.idle();
  await server.stop();
  assert.deepEqual(
    receiver.arrivals.map((one) => one.event.event),
    ["Good"],
  );
}

story("the Node SDK reports a wrong write key, and nothing arrives", {}, async (world) => {
  const client = new NodeClient(world.wire.url, { writeKey: WRONG_KEY });
  const errors = await client.send([["track", { userId: "u", event: "Bad" }]]);
  assert.deepEqual(
    errors.map((error) => error?.response?.status),
    [401],
  );
  assert.deepEqual(client.failures, errors, "the error handler gets the same");
  await assertRefused(world);
});

story(
  "the Python SDK reports a wrong write key, and nothing arrives",
  { needs: "python" },
  async (world) => {
    const calls = [["track", { user_id: "u", event: "Bad" }]];
    const [failure, ...more] = await sendByPython(world.wire.url, calls, WRONG_KEY);
    assert.deepEqual([failure.status, failure.ids.length, more], [401, 1, []]);
    assert.match(failure.text, /invalid write key/);
    await assertRefused(world);
  },
);
