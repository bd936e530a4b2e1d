// Three situations that every SDK must come through: an outage of the gateway, a restart of it in
// mid-stream, and an endpoint behind it that hangs. What the SDK was told is delivered arrives once
// and in order per user; the rest never arrives twice.

import assert from "node:assert/strict";
import { assertOrderOfSenders, assertOrderOfWire } from "./order.mjs";
import { portToKeep } from "./server.mjs";
import { Changing } from "./wait.mjs";
import { story } from "./world.mjs";

/** The header of the gateway's own 503. */
const RETRY_AFTER = "1";

/** Three seconds, but for what clocks differ by: some SDKs make their last try after three of them. */
const OUTAGE_MS = 2_900;

const USERS = ["user-0", "user-1"];

/** So many events of each user make a go. */
const EACH = 4;

/** So many goes are delivered before something happens, and after it. */
const GOES_BEFORE = 2;
const GOES_AFTER = 3;

const keyOf = ({ sender, userId, n }) => `${sender} ${userId} ${n}`;
const stepOf = ({ userId, properties: { sender, n } }) => ({ sender, userId, n });

/** An SDK that is sent go after go, each when it has told what became of the one before. */
class Stream extends Changing {
  /** Every step, with what the SDK said of it: null where it was delivered. */
  told = [];
  goes = 0;
  #sdk;
  #sender;
  #n = 0;

  static async open(sdk, wire) {
    const stream = new Stream();
    stream.#sdk = sdk;
    stream.#sender = await sdk.open(wire.url, { wire });
    return stream;
  }

  /** Answers what the SDK said of each step. */
  async go() {
    const { users = USERS, deadlineMs } = this.#sdk;
    const steps = Array.from({ length: EACH }, () => {
      const n = this.#n++;
      return users.map((userId) => ({ sender: "stream", userId, n }));
    }).flat();
    const outcomes = await this.#sender.send(steps, deadlineMs);
    this.told.push(...steps.map((step, at) => ({ step, said: outcomes[at] })));
    this.goes += 1;
    this.changed();
    return outcomes;
  }

  async goTimes(count) {
    for (let made = 0; made < count; made += 1) {
      const failed = (await this.go()).filter((said) => said !== null);
      assert.deepEqual(failed, [], "all is delivered where nothing is wrong");
    }
  }

  close() {
    return this.#sender.close();
  }

  get delivered() {
    return this.told.filter(({ said }) => said === null).map(({ step }) => step);
  }

  get failures() {
    return this.told.flatMap(({ said }) => (said === null ? [] : [said]));
  }
}

/** Waits for what was delivered, and checks all that arrives. */
async function settle(stream, { receiver, server, wire }) {
  const arrived = () =>
    receiver.taken.filter((one) => one.type === "track").map((one) => keyOf(stepOf(one)));
  const missing = () => {
    const there = new Set(arrived());
    return stream.delivered.map(keyOf).filter((key) => !there.has(key));
  };
  await receiver.until(
    () => missing().length === 0,
    () => `what was told to be delivered arrives: ${missing()}`,
  );
  await server.idle();
  await server.stop();
  const counts = new Map();
  for (const key of arrived()) counts.set(key, (counts.get(key) ?? 0) + 1);
  const twice = [...counts].filter(([, count]) => count > 1);
  assert.deepEqual(twice, [], "nothing arrives twice");
  const sent = new Set(stream.told.map(({ step }) => keyOf(step)));
  assert.ok([...counts.keys()].every((key) => sent.has(key)));
  assertOrderOfWire(wire.exchanges, receiver.taken);
  return arrived();
}

/** Checks the order of goes, and within each where the SDK sends it as one request. */
function assertOrder(sdk, taken) {
  const tracks = taken.filter((one) => one.type === "track");
  if (sdk.keepsOrder) return assertOrderOfSenders(tracks);
  const goes = tracks.map(({ userId, properties: { sender, n } }) => ({
    userId,
    properties: { sender, n: Math.floor(n / EACH) },
  }));
  return assertOrderOfSenders(goes);
}

/**
 * The gateway has no room for 3 s, and says so. `check(failures, wire)` says what the SDK tells
 * where it gives up.
 */
export function outage(sdk, what, check = assertNothingFails) {
  story(`an outage of 3 s: ${sdk.name} ${what}`, { needs: sdk.needs }, async (world) => {
    const { wire, receiver, context } = world;
    const stream = await Stream.open(sdk, wire);
    await stream.goTimes(GOES_BEFORE);
    wire.beginOutage({ lastsMs: OUTAGE_MS, retryAfter: RETRY_AFTER });
    await stream.go();
    const refused = wire.exchanges.filter((one) => one.status === 503);
    assert.ok(refused.length > 0, "the SDK meets the outage");
    wire.recover();
    await stream.goTimes(GOES_AFTER);
    await stream.close();
    check(stream.failures, wire);
    const arrived = await settle(stream, world);
    assert.equal(arrived.length, stream.delivered.length, "what failed for good never arrives");
    assertOrder(sdk, receiver.taken);
    context.diagnostic(`${refused.length} requests refused, ${arrived.length} events arrived`);
  });
}

function assertNothingFails(failures) {
  assert.deepEqual(failures, [], "the SDK comes through");
}

/** Nobody says when to come again, until the SDK gives up: `told` is what it says of each event. */
export function outageWithoutEnd(sdk, { attempts, told }) {
  const what = `${sdk.name} gives up after ${attempts} attempts, and says so`;
  story(`an outage that outlasts an SDK: ${what}`, { needs: sdk.needs }, async (world) => {
    const { wire, receiver } = world;
    const stream = await Stream.open(sdk, wire);
    await stream.goTimes(GOES_BEFORE);
    wire.beginOutage();
    const outcomes = await stream.go();
    assert.deepEqual(
      outcomes,
      outcomes.map(() => told),
    );
    const tries = new Map();
    for (const { events } of wire.exchanges.filter((one) => one.status === 503)) {
      for (const one of events) {
        const key = keyOf(stepOf(one));
        tries.set(key, (tries.get(key) ?? 0) + 1);
      }
    }
    assert.deepEqual(new Set(tries.values()), new Set([attempts]));
    wire.recover();
    await stream.goTimes(GOES_AFTER);
    await stream.close();
    const arrived = await settle(stream, world);
    assert.equal(arrived.length, stream.delivered.length, "what failed for good never arrives");
    assertOrder(sdk, receiver.taken);
  });
}

/** Ends the gateway amid goes, waits until the SDK knocks in vain, and starts it where it was. */
async function restart(stream, { server, wire }, deadlineMs) {
  let isOver = false;
  let isBack;
  const back = new Promise((settled) => {
    isBack = settled;
  });
  const going = (async () => {
    while (!isOver) {
      const failed = (await stream.go()).some((said) => said !== null);
      // An application that is told of a failure goes on when all is well again.
      if (failed) await back;
    }
  })();
  const cut = () => wire.exchanges.filter((one) => one.isCut).length;
  const before = cut();
  await server.stop();
  await wire.until(() => cut() > before, "the SDK finds the gateway gone");
  await server.start();
  isBack();
  const enough = stream.goes + GOES_AFTER;
  await stream.until(() => stream.goes >= enough, "the SDK goes on", deadlineMs);
  isOver = true;
  await going;
}

/** The gateway ends as an operator ends it, and is started again on the same port and data. */
export function restarted(sdk, what, check = assertNothingFails) {
  const options = { needs: sdk.needs, port: portToKeep };
  story(`a restart in mid-stream: ${sdk.name} ${what}`, options, async (world) => {
    const { wire, receiver, context } = world;
    const stream = await Stream.open(sdk, wire);
    await stream.goTimes(GOES_BEFORE);
    await restart(stream, world, sdk.deadlineMs);
    await stream.close();
    check(stream.failures, wire);
    const arrived = await settle(stream, world);
    assertOrder(sdk, receiver.taken);
    const cut = wire.exchanges.filter((one) => one.isCut).length;
    context.diagnostic(`${cut} requests cut, ${arrived.length} events arrived`);
  });
}

/** An endpoint that answers nothing until it is told to. */
function hanging() {
  let release;
  const released = new Promise((settled) => {
    release = settled;
  });
  return { answer: () => released.then(() => 200), release };
}

/** The endpoint hangs while the SDK sends, which gets its answers all the same. */
export function hungEndpoint(sdk) {
  const { answer, release } = hanging();
  const options = { needs: sdk.needs, answer };
  const what = `${sdk.name} is answered while the endpoint hangs`;
  story(`a hung endpoint: ${what}`, options, async (world) => {
    const { receiver } = world;
    const stream = await Stream.open(sdk, world.wire);
    await stream.goTimes(GOES_BEFORE + GOES_AFTER);
    await stream.close();
    await receiver.until(() => receiver.arrivals.length > 0, "something reaches the endpoint");
    assert.deepEqual(receiver.taken, [], "the endpoint has answered nothing");
    release();
    const arrived = await settle(stream, world);
    assert.equal(arrived.length, stream.delivered.length);
    assertOrder(sdk, receiver.taken);
  });
}
