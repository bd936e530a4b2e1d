// Mobile SDKs: what they put on the wire, replayed from recordings, arrives whole; and of all that
// the server answers, each SDK makes what is best for its events.

import assert from "node:assert/strict";
import { assertWholeEvent } from "./lib/expected.mjs";
import { RULES } from "./lib/mobile-rules.mjs";
import { recording } from "./lib/recording.mjs";
import { noRoom } from "./lib/wire.mjs";
import { DISABLED_KEY, story, WRITE_KEY } from "./lib/world.mjs";

const WRONG_KEY = "3cXA9UlYrMnO5qStVxZb2dFhIk";

const SDKS = Object.keys(RULES);

const base64 = (text) => Buffer.from(text).toString("base64");

/** How each SDK of RudderStack spells the header AnonymousId; Segment's have none. */
const SPELLED = {
  "android-v1": base64,
  "ios-v1": (id) => base64(`${id}:`),
  kotlin: base64,
  swift: (id) => id,
};

/** What a recording asks of its source, and all that it sends. */
function partsOf(name) {
  const { config, settings, ...posts } = recording(name);
  return { asks: config ?? settings, posts: Object.values(posts) };
}

for (const name of SDKS) {
  story(`what ${name} sends arrives whole, once, and in order`, {}, async (world) => {
    const { receiver, server } = world;
    const { asks, posts } = partsOf(name);
    const config = await asks.replay(server.gateway, WRITE_KEY);
    assert.equal(RULES[name].config(config.status, config.text), "enabled");
    const after = Date.now();
    // The second time as after an answer that was lost.
    for (const post of [...posts, ...posts]) {
      const { status, text } = await post.replay(server.gateway, WRITE_KEY);
      assert.equal(RULES[name].events(status, text), "delivered", text);
      const [{ anonymousId }] = post.events;
      assert.equal(post.header("AnonymousId"), SPELLED[name]?.(anonymousId));
    }
    const before = Date.now();
    const sent = posts.flatMap((post) => post.events);
    await receiver.until(
      () => receiver.arrivals.length >= sent.length,
      () => `${receiver.arrivals.length} of ${sent.length} arrive`,
    );
    await server.idle();
    await server.stop();
    assert.deepEqual(
      receiver.taken.map((one) => one.messageId),
      sent.map((one) => one.messageId),
    );
    for (const [at, arrival] of receiver.arrivals.entries()) {
      assertWholeEvent(arrival, sent[at], { after, before });
    }
    const bodies = posts.map((post) => post.text(WRITE_KEY)).join();
    for (const { text } of receiver.arrivals) {
      for (const number of text.matchAll(/"(?:price|big|id)":(\d[\d.]*)/g)) {
        assert.ok(bodies.includes(number[0]), `${number[0]} keeps its spelling`);
      }
    }
  });
}

/** What each SDK makes of the same answer, in the order of `SDKS`. */
const assertMade = (made, ...wanted) =>
  assert.deepEqual(made, Object.fromEntries(SDKS.map((name, at) => [name, wanted[at]])));

/** Sends what `change` makes of the batch of each SDK; answers what each makes of the answer. */
async function madeOf(gateway, expected, { writeKey = WRITE_KEY, change = (events) => events }) {
  const made = {};
  for (const name of SDKS) {
    const { batch } = recording(name);
    const answer = await batch.with(change(batch.events)).replay(gateway, writeKey);
    assert.deepEqual([answer.status, answer.text], expected, name);
    made[name] = RULES[name].events(answer.status, answer.text);
  }
  return made;
}

const ALL = (what) => SDKS.map(() => what);

const withoutIds = ({ anonymousId: _, userId: __, ...event }) => event;

const SMALL = {
  settings: {
    POSTRIDER_INTAKE_REQUEST_BYTES_MAX: "64KiB",
    POSTRIDER_INTAKE_EVENT_BYTES_MAX: "64KiB",
  },
};

story("what mobile SDKs make of a refusal", SMALL, async ({ receiver, server }) => {
  const { gateway } = server;
  const unknown = [401, "invalid write key\n"];
  assertMade(
    await madeOf(gateway, unknown, { writeKey: WRONG_KEY }),
    ...["stop", "stop", "wipe", "wipe", "drop", "retry", "retry"],
  );
  const disabled = [404, "source is disabled\n"];
  assertMade(
    await madeOf(gateway, disabled, { writeKey: DISABLED_KEY }),
    ...["hammer", "hammer", "stop", "stop", "drop", "retry", "retry"],
  );
  const nobody = [400, "request neither has anonymousId nor userId\n"];
  assertMade(
    await madeOf(gateway, nobody, { change: (events) => events.map(withoutIds) }),
    ...["drop culprits", "hammer", "drop", "drop", "drop", "drop", "retry"],
  );
  const tooLarge = [413, "request size exceeds max limit\n"];
  const swollen = ([event]) => [{ ...event, properties: { blob: "x".repeat(80_000) } }];
  assertMade(
    await madeOf(gateway, tooLarge, { change: swollen }),
    ...["retry", "retry", "drop", "drop", "drop", "retry", "retry"],
  );
  await server.idle();
  assert.deepEqual(receiver.arrivals, [], "nothing of it arrives");
});

story("a bad event costs no SDK the good ones of its batch", {}, async ({ receiver, server }) => {
  const change = ([event, ...more]) => [withoutIds(event), ...more];
  assertMade(await madeOf(server.gateway, [200, "ok"], { change }), ...ALL("delivered"));
  const good = SDKS.flatMap((name) => recording(name).batch.events.slice(1));
  await receiver.until(
    () => receiver.arrivals.length >= good.length,
    () => `${receiver.arrivals.length} of ${good.length} arrive`,
  );
  await server.idle();
  assert.equal(receiver.arrivals.length, good.length);
});

story("events that storage has failed for stay on the device", {}, async ({ receiver, server }) => {
  await server.failDisk();
  const { batch } = recording("android-v1");
  const { status, headers, text } = await batch.replay(server.gateway, WRITE_KEY);
  const made = SDKS.map((name) => [name, RULES[name].events(status, text)]);
  assertMade(Object.fromEntries(made), ...ALL("retry"));
  // It is the answer that an outage of lib/wire.mjs imitates, but for the reason.
  const wanted = noRoom({}, "1");
  assert.deepEqual([status, text], [wanted.status, wanted.body.toString()]);
  for (const [name, value] of Object.entries(wanted.headers)) {
    if (name === "postrider-reason") assert.equal(headers[name], "storage_failed");
    else assert.equal(headers[name].toLowerCase(), value.toLowerCase(), name);
  }
  await server.ended();
  await server.start();
  assert.equal((await batch.replay(server.gateway, WRITE_KEY)).status, 200);
  await receiver.until(() => receiver.arrivals.length >= batch.events.length, "all arrive");
  await server.idle();
  assert.equal(receiver.arrivals.length, batch.events.length);
});

story("what SDKs make of what they are told of their source", {}, async ({ server }) => {
  const { gateway } = server;
  const told = async (writeKey) => {
    const made = {};
    for (const name of SDKS) {
      const { status, text } = await partsOf(name).asks.replay(gateway, writeKey);
      made[name] = RULES[name].config(status, text);
    }
    return made;
  };
  assertMade(await told(WRITE_KEY), ...ALL("enabled"));
  assertMade(
    await told(DISABLED_KEY),
    ...["disabled", "disabled", "disabled", "disabled", "enabled", "enabled", "enabled"],
  );
  assertMade(await told(WRONG_KEY), ...["stop", "stop", "wipe", "wipe", "retry", "retry", "retry"]);
});
