// Live's rows: one line per event, its deliveries on it, bounded, and unchanged lines kept as they are.
import { expect, it } from "vitest";
import {
  type DeliveryNotice,
  type EventLine,
  LIVE_ROWS_MAX,
  type LiveRows,
  NO_ROWS,
  type Notice,
  taken,
} from "./rows";

const event = (seq: number): Notice => ({
  kind: "event",
  notice: {
    seq,
    at: `t${seq}`,
    source: "app",
    type: "track",
    name: `n${seq}`,
    user_id: "u",
    anonymous_id: null,
    message_id: `m${seq}`,
  },
});

const delivery = (seq: number, destination: string, status: DeliveryNotice["status"]): Notice => ({
  kind: "delivery",
  notice: {
    seq,
    destination,
    status,
    http_status: 200,
    reason: "",
    sentence: "",
    attempt: 1,
    at: `d${seq}`,
    duration_us: 1,
    next_try_at: null,
  },
});

const rejected: Notice = {
  kind: "rejected",
  notice: { at: "r", source: null, reason: "bad_key", sentence: "", detail: "" },
};

const told = ({ lines }: LiveRows) =>
  lines.map((line) =>
    line.kind === "rejected"
      ? line.key
      : `${line.seq} ${line.deliveries.map((each) => `${each.destination}:${each.status}`)}`,
  );

it("puts the newest first, and news of a delivery on the line of its event", () => {
  const first = taken(NO_ROWS, [event(1), delivery(1, "a", "scheduled"), event(2), rejected]);
  expect(told(first)).toEqual(["r1", "2 ", "1 a:scheduled"]);
  const next = taken(first, [
    delivery(1, "b", "delivered"),
    delivery(1, "a", "delivered"),
    event(3),
  ]);
  expect(told(next)).toEqual(["3 ", "r1", "2 ", "1 a:delivered,b:delivered"]);
  expect(next.received).toBe(4);
  expect(next.lines[2]).toBe(first.lines[1]);
});

it("shows a delivery whose event was not told, and learns of the event from it", () => {
  const bare = taken(NO_ROWS, [delivery(7, "a", "gave_up")]);
  expect(told(bare)).toEqual(["7 a:gave_up"]);
  expect((bare.lines[0] as EventLine).face).toBeNull();
  const faced = taken(NO_ROWS, [
    {
      kind: "delivery",
      notice: {
        ...delivery(8, "a", "gave_up").notice,
        source: "s",
        type: "page",
      } as DeliveryNotice,
    },
  ]);
  expect((faced.lines[0] as EventLine).face).toMatchObject({
    source: "s",
    type: "page",
    name: null,
  });
});

it("takes an event that is told again once, as after coming back", () => {
  const again = taken(taken(NO_ROWS, [event(1), event(2)]), [event(2)]);
  expect(told(again)).toEqual(["2 ", "1 "]);
  expect(again.received).toBe(2);
});

it("lets the oldest go beyond its bound", () => {
  const many = Array.from({ length: LIVE_ROWS_MAX + 3 }, (_, index) => event(index + 1));
  const { lines, received } = taken(NO_ROWS, many);
  expect(lines).toHaveLength(LIVE_ROWS_MAX);
  expect((lines[0] as EventLine).seq).toBe(LIVE_ROWS_MAX + 3);
  expect(received).toBe(LIVE_ROWS_MAX + 3);
});
