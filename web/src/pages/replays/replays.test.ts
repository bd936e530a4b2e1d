// How far a replay is, how fast, what it was asked for: no number says more than is known.
import { expect, it } from "vitest";
import type { Estimate, KeptScope, ReplaySeen } from "../../api/replays";
import { pace, progress, remember, timeLeft } from "./progress";
import { orderOf, readSearch } from "./search";
import { estimateSentence, scopeLines } from "./words";

const counts = { delivered: 0, gave_up: 0, expired: 0, expected: 100, state: "running" as const };

it("is done only at its end", () => {
  expect(progress(counts)).toEqual({ done: 0, left: 100, share: 0 });
  expect(progress({ ...counts, delivered: 40, gave_up: 9, expired: 1 })).toEqual({
    done: 50,
    left: 50,
    share: 0.5,
  });
  expect(progress({ ...counts, delivered: 120 })).toEqual({ done: 120, left: 0, share: 0.99 });
  expect(progress({ ...counts, delivered: 90, state: "done" }).share).toBe(1);
  expect(progress({ ...counts, delivered: 40, state: "cancelled" }).share).toBe(0.4);
  expect(progress({ ...counts, delivered: 7, expected: null })).toEqual({
    done: 7,
    left: null,
    share: 0,
  });
});

const seenAt = (seenAtMs: number, delivered: number, state = "running") =>
  ({ ...counts, delivered, seenAtMs, state }) as ReplaySeen;

it("has a pace from what was seen lately, and none while it stands still", () => {
  let seen = remember([], seenAt(0, 0));
  expect(pace(seen)).toBeNull();
  seen = remember(seen, seenAt(1_000, 20));
  seen = remember(seen, seenAt(1_000, 20));
  expect(seen).toHaveLength(2);
  expect(pace(seen)).toBe(20);
  expect(timeLeft(progress(seenAt(1_000, 20)), 20)).toBe(4_000);
  seen = remember(seen, seenAt(30_000, 50));
  expect(seen).toHaveLength(1);
  expect(remember(seen, seenAt(31_000, 50, "paused"))).toEqual([]);
  expect(timeLeft(progress(counts), 0)).toBeNull();
  expect(timeLeft(progress({ ...counts, expected: null }), 5)).toBeNull();
});

it("asks the API for what the address says, as far as it makes sense", () => {
  const search = readSearch({
    destination: 12,
    intent: "recover_failed",
    issue: 3,
    events: [7, "x", 5],
    type: "track",
    name: "Order Completed",
    condition: "exists(userId)",
    rate: "fast",
    other: 1,
  });
  expect(orderOf(search)).toEqual({
    destination: "12",
    intent: "recover_failed",
    issue: 3,
    events: [7, 5],
    filter: {
      types: ["track"],
      events: { allow: ["Order Completed"] },
      condition: "exists(userId)",
    },
  });
  expect(orderOf({ destination: "a" })).toBeNull();
  expect(readSearch({ intent: "all", events: ["x"], destination: "" })).toEqual({});
});

it("asks for an issue only where that is understood", () => {
  const order = orderOf({
    destination: "a",
    intent: "resend_range",
    issue: 3,
    failed_since: "2026-11-25T00:00:00Z",
  });
  expect(order).toEqual({ destination: "a", intent: "resend_range" });
});

const all: KeptScope = {
  first: 1,
  last: 2_000,
  events: [],
  received_from: null,
  received_until: null,
  failed_since: null,
  issue: null,
  source: null,
  user: null,
  filter: {},
};

it("says each bound of a replay in a line", () => {
  expect(scopeLines(all, "utc")).toEqual(["events 1 to 2,000"]);
  expect(scopeLines({ ...all, events: [7] }, "utc")).toEqual(["event 7"]);
  const lines = scopeLines(
    {
      ...all,
      events: [7, 9],
      received_from: "2026-11-25T00:00:00Z",
      failed_since: "2026-11-25T01:00:00Z",
      issue: 4,
      user: "u-1",
      filter: { types: ["track"], condition: "exists(userId)" },
    },
    "utc",
  );
  expect(lines).toEqual([
    "2 events by number",
    "received from 25 Nov 2026, 00:00:00 UTC on",
    "given up since 25 Nov 2026, 01:00:00 UTC",
    "given up by issue 4",
    "of user u-1",
    "only the types track",
    "only where exists(userId)",
  ]);
});

const estimate: Estimate = {
  events: 2_000,
  complete: true,
  oldest: null,
  newest: null,
  users: 90,
  passed: [],
  seconds: 75.2,
  rate: null,
  concurrency: 16,
};

it("says what an estimate knows, and where it guesses", () => {
  const say = (change: Partial<Estimate>) => estimateSentence({ ...estimate, ...change });
  expect(say({})).toBe("2,000 events of 90 users would be sent, in 1 min 15 s or more.");
  expect(say({ events: 0 })).toBe("No event would be sent.");
  expect(say({ complete: false, users: null, seconds: null })).toBe(
    "About 2,000 events of more than 100,000 users would be sent.",
  );
});
