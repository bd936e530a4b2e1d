// The documented sample events, sent by each SDK, arrive whole by POST and flat by GET.

import assert from "node:assert/strict";
import { assertQuery, assertWholeEvent } from "./lib/expected.mjs";
import { NodeClient } from "./lib/node-client.mjs";
import { sendByPython } from "./lib/python-client.mjs";
import { SAMPLES } from "./lib/samples.mjs";
import { GET_PATH, POST_PATH, story } from "./lib/world.mjs";

const BOTH = { methods: ["POST", "GET"] };

/** What the query of an event is made of. */
const flatPart = (event) =>
  event.type === "identify" ? (event.traits ?? event.context.traits) : event.properties;

const nodeCall = ({ type, ...event }) => [type, event];

function pythonCall({ type, context, ...event }) {
  const given = {
    user_id: event.userId,
    anonymous_id: event.anonymousId,
    message_id: event.messageId,
    integrations: event.integrations,
    // The same time as people in Mumbai would write it, and more exact than what is delivered.
    timestamp: event.originalTimestamp
      .replace("T08:06", "T13:36")
      .replace(/(\.\d{3})Z$/, "$1456+05:30"),
  };
  const { traits, ...rest } = context;
  if (type === "identify") return [type, { ...given, context: rest, traits }];
  if (type === "track") given.event = event.event;
  return [type, { ...given, context, properties: event.properties }];
}

/** Sends the samples and checks what arrives against what was put on the wire. */
async function check({ receiver, wire }, send) {
  const after = Date.now();
  await send();
  const before = Date.now();
  await receiver.until(
    () => receiver.arrivals.length === 2 * SAMPLES.length,
    () => `${receiver.arrivals.length} of ${2 * SAMPLES.length} arrive`,
  );
  assert.deepEqual(
    wire.exchanges.map((one) => [one.status, one.answer.trim(), one.isGzip]),
    wire.exchanges.map(() => [200, "ok", true]),
  );
  const posted = new Map(receiver.at(POST_PATH).map((one) => [one.event.messageId, one]));
  assert.equal(posted.size, SAMPLES.length);
  for (const sample of SAMPLES) {
    const sent = wire.events.find((one) => one.messageId === sample.messageId);
    assertWholeEvent(posted.get(sample.messageId), sent, { after, before });
    const { event } = posted.get(sample.messageId);
    assert.equal(event.type, sample.type);
    assert.equal(event.userId, sample.userId);
    assert.equal(event.anonymousId, sample.anonymousId);
    assert.deepEqual(flatPart(event), flatPart(sample));
  }
  const looked = (text) => receiver.at(GET_PATH).find((one) => one.query.includes(text));
  const [identify, page, track] = SAMPLES;
  assertQuery(looked("company.id=company-A"), flatPart(identify));
  assertQuery(looked("experiment.variant=old"), flatPart(page));
  assertQuery(looked("product_name=new_boots"), flatPart(track));
  return posted;
}

story(
  "the samples sent by the Node SDK arrive whole by POST and flat by GET",
  BOTH,
  async (world) => {
    const client = new NodeClient(world.wire.url);
    const posted = await check(world, async () => {
      const errors = await client.send(SAMPLES.map(nodeCall));
      assert.deepEqual([errors, client.failures], [SAMPLES.map(() => undefined), []]);
    });
    for (const { messageId, originalTimestamp } of SAMPLES) {
      assert.equal(posted.get(messageId).event.originalTimestamp, originalTimestamp);
    }
  },
);

story(
  "the samples sent by the Python SDK arrive whole by POST and flat by GET",
  { ...BOTH, needs: "python" },
  async (world) => {
    const posted = await check(world, async () => {
      assert.deepEqual(await sendByPython(world.wire.url, SAMPLES.map(pythonCall)), []);
    });
    const { event } = posted.get(SAMPLES[2].messageId);
    assert.equal(event.timestamp, "2020-04-22T13:36:20.338+05:30");
  },
);

story(
  "traits of an identify are preferred to those of its context",
  BOTH,
  async ({ receiver, wire }) => {
    const client = new NodeClient(wire.url);
    const traits = { company: { id: "company-B" }, seats: [3, { row: "c" }], none: {}, gone: null };
    await client.send([["identify", { userId: "u", traits }]]);
    await receiver.until(() => receiver.arrivals.length === 2, "both arrive");
    const [{ event }] = receiver.at(POST_PATH);
    assert.deepEqual([event.traits, event.context.traits], [traits, traits]);
    const [look] = receiver.at(GET_PATH);
    assertQuery(look, traits);
    const own = new URLSearchParams(look.query);
    assert.equal(own.get("company.id"), "company-B");
    assert.equal(own.get("seats[1].row"), "c");
    assert.equal(own.get("none"), "{}");
    assert.equal(own.has("gone"), false);
  },
);
