// Filters of deliveries: read from the address, said in words, and turned into the same replay.
import { expect, it } from "vitest";
import type { Delivery, DeliveryStatus } from "../../api/deliveries";
import { orderOf } from "../replays/search";
import {
  byDestination,
  canResend,
  canSkip,
  canTryNow,
  chips,
  readFilter,
  replayHindrance,
  replayOf,
} from "./list";

it("reads what makes sense, and ids as texts", () => {
  const search = {
    destination: 12,
    status: "gave_up",
    event: 7,
    code: "x",
    class: "5xx",
    user: "u-1",
    from: "2026-11-25T00:00:00Z",
    other: 1,
  };
  expect(readFilter(search)).toEqual({
    destination: "12",
    status: "gave_up",
    event: 7,
    class: "5xx",
    user: "u-1",
    from: "2026-11-25T00:00:00Z",
  });
  expect(readFilter({ status: "odd", class: "9xx", destination: "" })).toEqual({});
});

it("says each filter in words, with the names of things", () => {
  const names = new Map([["acme", "Hooks of acme"]]);
  const words = chips(
    {
      destination: "acme",
      source: "app",
      status: "waiting",
      code: 0,
      class: "4xx",
      from: "2026-11-25T00:00:00Z",
      attempts_min: 3,
    },
    names,
    "utc",
  ).map(({ word, value }) => `${word} ${value}`);
  expect(words).toEqual([
    "to Hooks of acme",
    "source app",
    "state Waiting for earlier event",
    "HTTP status none",
    "class of answers 4xx",
    "from 25 Nov 2026, 00:00:00 UTC",
    "attempts, at least 3",
  ]);
  expect(chips({}, names, "utc")).toEqual([]);
});

it("is replayed with the intent that its state asks for", () => {
  const from = "2026-11-25T00:00:00Z";
  expect(replayHindrance({})).toMatch(/Choose a destination/);
  expect(replayHindrance({ destination: "a", code: 503 })).toMatch(/choose an issue/);
  expect(replayHindrance({ destination: "a", status: "gave_up" })).toBeNull();
  expect(orderOf(replayOf({ destination: "a", status: "gave_up", from, issue: 3 }))).toEqual({
    destination: "a",
    intent: "recover_failed",
    failed_since: from,
    issue: 3,
  });
  expect(orderOf(replayOf({ destination: "a", from, to: from, name: "A", event: 7 }))).toEqual({
    destination: "a",
    intent: "resend_range",
    received_from: from,
    received_until: from,
    events: [7],
    filter: { events: { allow: ["A"] } },
  });
});

const of = (status: DeliveryStatus, seq = 1, destination = "a") =>
  ({ status, seq, destination }) as Delivery;

it("offers only what a state allows", () => {
  const those = (may: (delivery: Delivery) => boolean) =>
    (["queued", "waiting", "scheduled", "sending", "delivered", "gave_up", "expired"] as const)
      .filter((status) => may(of(status)))
      .join(" ");
  expect(those(canTryNow)).toBe("scheduled");
  expect(those(canSkip)).toBe("queued waiting scheduled");
  expect(those(canResend)).toBe("delivered gave_up");
});

it("puts deliveries together by their destination", () => {
  const found = byDestination([of("gave_up", 9), of("gave_up", 8, "b"), of("gave_up", 7)]);
  expect([...found]).toEqual([
    ["a", [9, 7]],
    ["b", [8]],
  ]);
});
