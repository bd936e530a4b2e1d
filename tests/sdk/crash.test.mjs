// A server that is killed in mid-stream keeps every event that it answered with 200.

import assert from "node:assert/strict";
import { NodeClient } from "./lib/node-client.mjs";
import { assertOrderOfSenders, firstArrivals } from "./lib/order.mjs";
import { portToKeep } from "./lib/server.mjs";
import { Changing } from "./lib/wait.mjs";
import { story, WRITE_KEY } from "./lib/world.mjs";

const KILLS = 3;

/** So many more events are acknowledged before each kill, and after the last. */
const ACKNOWLEDGED_BETWEEN = 150;

const USERS = 4;
const BATCH = 5;
const SENDER_RETRY_MS = 20;

/** What the senders share: what was acknowledged, how often they failed, whether to go on. */
class Progress extends Changing {
  acknowledged = [];
  failures = 0;
  isOver = false;

  acknowledge(ids) {
    this.acknowledged.push(...ids);
    this.changed();
  }

  fail() {
    this.failures += 1;
    this.changed();
  }
}

function batches(sender, userId) {
  let n = 0;
  return () =>
    Array.from({ length: BATCH }, () => {
      n += 1;
      const messageId = `${sender}-${userId}-${n}`;
      return { messageId, userId, event: "Step Taken", properties: { sender, n } };
    });
}

/** Sends one request after the other, each until it is answered 200. */
async function sendPlainly(gateway, userId, progress) {
  const next = batches("plain", userId);
  const authorization = `Basic ${Buffer.from(`${WRITE_KEY}:`).toString("base64")}`;
  const accepted = async (body) => {
    try {
      const answer = await fetch(`${gateway}/v1/batch`, {
        method: "POST",
        headers: { authorization },
        body,
      });
      await answer.arrayBuffer();
      return answer.status === 200;
    } catch {
      return false;
    }
  };
  while (!progress.isOver) {
    const events = next();
    const body = JSON.stringify({ batch: events.map((one) => ({ ...one, type: "track" })) });
    while (!(await accepted(body))) {
      progress.fail();
      await new Promise((settle) => setTimeout(settle, SENDER_RETRY_MS));
    }
    progress.acknowledge(events.map((one) => one.messageId));
  }
}

/** Sends batch after batch by the Node SDK, which retries by itself. */
async function sendBySdk(gateway, userId, progress) {
  const next = batches("node", userId);
  let retries = 0;
  const client = new NodeClient(gateway, {
    retryCount: 500,
    axiosRetryConfig: {
      retryDelay: () => SENDER_RETRY_MS,
      onRetry: () => {
        retries += 1;
      },
    },
  });
  while (!progress.isOver) {
    const events = next();
    const errors = await client.send(events.map((one) => ["track", one]));
    assert.deepEqual(errors.filter(Boolean), []);
    progress.acknowledge(events.map((one) => one.messageId));
  }
  assert.deepEqual(client.failures, []);
  return retries;
}

/** Kills the server again and again, each time amid requests, and starts it where it was. */
async function killAgainAndAgain({ receiver, server, progress }) {
  for (let kill = 0; kill < KILLS; kill += 1) {
    const enough = progress.acknowledged.length + ACKNOWLEDGED_BETWEEN;
    const some = receiver.arrivals.length + 1;
    await progress.until(
      () => progress.acknowledged.length >= enough,
      () => `${progress.acknowledged.length} of ${enough} events are acknowledged`,
    );
    await receiver.until(() => receiver.arrivals.length >= some, "some events arrive");
    await server.kill();
    const failures = progress.failures + 1;
    await progress.until(() => progress.failures >= failures, "a sender finds the server gone");
    await server.start();
  }
  const enough = progress.acknowledged.length + ACKNOWLEDGED_BETWEEN;
  await progress.until(() => progress.acknowledged.length >= enough, "senders go on at the end");
  progress.isOver = true;
}

story(
  "what was answered 200 arrives, in order per user, although the server is killed in mid-stream",
  { port: portToKeep, settings: { POSTRIDER_DELIVERY_RETRY_MIN_BACKOFF: "100ms" } },
  async ({ receiver, server, context }) => {
    const progress = new Progress();
    const users = Array.from({ length: USERS }, (_, at) => `user-${at}`);
    const { gateway } = server;
    const [retries] = await Promise.all([
      Promise.all(users.map((userId) => sendBySdk(gateway, userId, progress))),
      ...users.map((userId) => sendPlainly(gateway, userId, progress)),
      killAgainAndAgain({ receiver, server, progress }),
    ]);
    assert.equal(server.gateway, gateway, "the server came back where it was");
    assert.ok(
      retries.some((count) => count > 0),
      "the Node SDK had to retry",
    );

    const missing = () => {
      const arrived = new Set(receiver.taken.map((one) => one.messageId));
      return progress.acknowledged.filter((id) => !arrived.has(id));
    };
    await server.idle();
    await receiver.until(
      () => missing().length === 0,
      () => `these acknowledged events arrive: ${missing()}`,
    );
    await server.stop();
    const first = firstArrivals(receiver.taken);
    assertOrderOfSenders(first);
    const twice = receiver.taken.length - first.length;
    context.diagnostic(
      `${KILLS} kills, ${progress.acknowledged.length} events acknowledged, ${twice} arrived again, ` +
        `${retries.reduce((sum, one) => sum + one)} retries of the SDK`,
    );
  },
);
