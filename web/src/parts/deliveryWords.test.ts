// A delivery's line says what was answered, what comes next, and what it waits for.
import { expect, it } from "vitest";
import type { Delivery } from "../api/deliveries";
import { deliveryWords } from "./deliveryWords";

const base: Delivery = {
  destination: "acme",
  seq: 7,
  status: "delivered",
  type: "track",
  name: "Order",
  user_id: "u",
  source: "app",
  attempts: 1,
  last: { at: "", status: 200, reason: "", sentence: "", duration_us: 84_200 },
  next_try_at: null,
  blocked_by: null,
  accepted_at: "",
};
const failed = {
  at: "",
  status: 503,
  reason: "server_error",
  sentence: "It failed.",
  duration_us: 9,
};

it.each<[Partial<Delivery>, string]>([
  [{}, "200 in 84 ms, first try"],
  [{ attempts: 3 }, "200 in 84 ms, on attempt 3"],
  [
    { status: "scheduled", attempts: 2, last: failed, next_try_at: "1970-01-01T00:00:52Z" },
    "Attempt 2 failed: 503. Next try in 42 s.",
  ],
  [
    { status: "scheduled", attempts: 2, last: failed, next_try_at: "1970-01-01T00:00:09Z" },
    "Attempt 2 failed: 503. Next try is due now.",
  ],
  [
    { status: "scheduled", attempts: 0, last: null, next_try_at: "1970-01-01T00:00:11Z" },
    "Next try in 1 s.",
  ],
  [
    { status: "waiting", attempts: 0, last: null, blocked_by: 1234 },
    "Waits for event 1,234 of the same user.",
  ],
  [{ status: "gave_up", attempts: 12, last: failed }, "12 attempts. Last: 503. It failed."],
  [
    { status: "gave_up", attempts: 1, last: { ...failed, status: 0, reason: "refused" } },
    "1 attempt. Last: refused. It failed.",
  ],
  [
    { status: "filtered", attempts: 0, last: { ...failed, status: null, sentence: "Only track." } },
    "Only track.",
  ],
])("says of %o: %s", (change, wanted) => {
  expect(deliveryWords({ ...base, ...change }, 10_000)).toBe(wanted);
});
