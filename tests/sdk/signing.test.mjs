// What the server signs, Standard Webhooks' own libraries for Node and Python take: the exact bytes,
// also on a retry, and while one key takes the place of another.

import assert from "node:assert/strict";
import { NodeClient } from "./lib/node-client.mjs";
import { check, NEW_SECRET, OLD_SECRET, signing } from "./lib/signatures.mjs";
import { GET_PATH, POST_PATH, story, workspace } from "./lib/world.mjs";

const NEEDS = { needs: "python" };

const GENUINE = [[null], [null]];

async function send(wire, messageId, properties = {}) {
  const call = ["track", { messageId, userId: "u", event: "Größe gewählt 🎉", properties }];
  assert.deepEqual(await new NodeClient(wire.url).send([call]), [undefined]);
}

/** Asserts that both libraries say why they do not take the request. */
async function assertRefused(secret, request, pattern) {
  for (const [said] of await check(secret, [request])) assert.match(said, pattern);
}

story(
  "a signed request is taken as it came, and not when anything of it is changed",
  { ...NEEDS, own: signing({ secret: NEW_SECRET }) },
  async ({ receiver, wire }) => {
    await send(wire, "m-1", { text: "süß & <b>🎉</b>", big: 1e21, nothing: null });
    await receiver.until(() => receiver.arrivals.length > 0, "the event arrives");
    const [{ headers, body }] = receiver.arrivals;
    assert.equal(headers["webhook-id"], "m-1");
    assert.equal(headers["webhook-attempt"], "1");
    assert.deepEqual(await check(NEW_SECRET, [{ headers, body }]), GENUINE);
    const changed = Buffer.from(body.toString().replace("Größe", "Grösse"));
    const noMatch = /no matching signature/i;
    await assertRefused(NEW_SECRET, { headers, body: changed }, noMatch);
    await assertRefused(OLD_SECRET, { headers, body }, noMatch);
    const renamed = { ...headers, "webhook-id": "m-2" };
    await assertRefused(NEW_SECRET, { headers: renamed, body }, noMatch);
    const old = { ...headers, "webhook-timestamp": `${headers["webhook-timestamp"] - 301}` };
    await assertRefused(NEW_SECRET, { headers: old, body }, /too old/i);
  },
);

story(
  "a retry has the same id and the time of its own",
  {
    ...NEEDS,
    own: signing({ secret: NEW_SECRET }),
    answer: (() => {
      let turn = 0;
      return () => (turn++ === 0 ? 503 : 200);
    })(),
    settings: { POSTRIDER_DELIVERY_RETRY_MIN_BACKOFF: "1s" },
  },
  async ({ receiver, wire }) => {
    await send(wire, "m-1");
    await receiver.until(() => receiver.arrivals.length === 2, "the event arrives again");
    const [first, second] = receiver.arrivals.map(({ headers }) => headers);
    assert.equal(second["webhook-id"], first["webhook-id"]);
    assert.ok(Number(second["webhook-timestamp"]) > Number(first["webhook-timestamp"]));
    assert.deepEqual(
      [first, second].map((one) => one["webhook-attempt"]),
      ["1", "2"],
    );
    const answers = await check(NEW_SECRET, receiver.arrivals);
    assert.deepEqual(answers, [
      [null, null],
      [null, null],
    ]);
  },
);

story(
  "while one key takes the place of another, receivers may have either",
  { ...NEEDS, own: signing({ secret: OLD_SECRET }) },
  async ({ receiver, server, wire }) => {
    const arrival = async (id) => {
      await send(wire, id);
      const isThere = () => receiver.arrivals.find((one) => one.event.messageId === id);
      return receiver.until(isThere, `${id} arrives`);
    };
    const change = (...keys) => server.follow(workspace(receiver.url, ["POST"], signing(...keys)));
    assert.deepEqual(await check(OLD_SECRET, [await arrival("m-1")]), GENUINE);
    const later = { secret: OLD_SECRET, validUntil: "2999-01-01T00:00:00Z" };
    await change(later, { secret: NEW_SECRET });
    const both = await arrival("m-2");
    assert.deepEqual(await check(OLD_SECRET, [both]), GENUINE);
    assert.deepEqual(await check(NEW_SECRET, [both]), GENUINE);
    await change({ ...later, validUntil: "2020-01-01T00:00:00Z" }, { secret: NEW_SECRET });
    const one = await arrival("m-3");
    assert.deepEqual(await check(NEW_SECRET, [one]), GENUINE);
    await assertRefused(OLD_SECRET, one, /no matching signature/i);
  },
);

story(
  "of a query the empty body is signed, under the id that the body has elsewhere",
  { ...NEEDS, methods: ["POST", "GET"], own: signing({ secret: NEW_SECRET }) },
  async ({ receiver, wire }) => {
    await send(wire, "m.1", { a: 1 });
    await receiver.until(() => receiver.arrivals.length === 2, "the event arrives by POST and GET");
    const [[post], [get]] = [receiver.at(POST_PATH), receiver.at(GET_PATH)];
    assert.match(get.headers["webhook-id"], /^sha256-[0-9a-f]{64}$/, "an id has no dot");
    assert.equal(get.headers["webhook-id"], post.headers["webhook-id"]);
    assert.deepEqual(await check(NEW_SECRET, [post]), GENUINE);
    assert.deepEqual(await check(NEW_SECRET, [get]), GENUINE);
  },
);
