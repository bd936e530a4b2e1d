// A delivery's line says what was answered, what comes next, and what it waits for.
import { expect, it } from "vitest";
import type { Delivery } from "../api/deliveries";
import { deliveryWords } from "./deliveryWords";

const base: Delivery = {
  destination: "acme",
  seq: 7,
  status: "delivered",
  reason: null,
  sentence: null,
  type: "track",
  name: "Order",
  user_id: "u",
  anonymous_id: null,
  source: "app",
  attempts: 1,
  last: {
    at: "",
    number: 1,
    status: 200,
    reason: "",
    sentence: "",
    detail: "",
    duration_us: 84_200,
    replay: null,
  },
  next_try_at: null,
  blocked_by: null,
  accepted_at: "",
};
const failed = { ...(base.last as NonNullable<Delivery["last"]>), status: 503 };
const sentence = "It failed.";
const event = { cause: "event", seq: 9, sentence: "Event 9 comes first." } as const;

it.each<[Partial<Delivery>, string]>([
  [{}, "200 in 84 ms, first try"],
  [{ attempts: 3 }, "200 in 84 ms, on attempt 3"],
  [
    {
      status: "scheduled",
      attempts: 2,
      last: failed,
      next_try_at: "1970-01-01T00:00:52Z",
      sentence,
    },
    "Attempt 2 failed: 503. Next try in 42 s. It failed.",
  ],
  [
    { status: "scheduled", attempts: 2, last: failed, next_try_at: "1970-01-01T00:00:09Z" },
    "Attempt 2 failed: 503. Next try is due now.",
  ],
  [
    { status: "scheduled", attempts: 0, last: null, next_try_at: "1970-01-01T00:00:11Z" },
    "Next try in 1 s.",
  ],
  [{ status: "waiting", attempts: 0, last: null, blocked_by: event }, "Event 9 comes first."],
  [
    { status: "gave_up", attempts: 12, last: failed, sentence },
    "12 attempts. Last: 503. It failed.",
  ],
  [
    { status: "gave_up", last: { ...failed, status: 0 }, sentence },
    "1 attempt. Last: no answer. It failed.",
  ],
  [{ status: "filtered", attempts: 0, last: null, sentence: "Only track." }, "Only track."],
  [{ status: "queued", attempts: 0, last: null }, "The destination has not come to it yet."],
])("says of %o: %s", (change, wanted) => {
  expect(deliveryWords({ ...base, ...change }, 10_000)).toBe(wanted);
});
