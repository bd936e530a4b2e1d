// The ring keeps the newest rows once each, and starts anew when the server did.
import { expect, it } from "vitest";
import { merged, RING_ROWS_MAX, refilled } from "./ring";
import { summary } from "./summary";

const row = (number: number, at = `t${number}`) => ({ number, at });
const numbers = (rows: readonly { number: number }[]) => rows.map((each) => each.number);

it("puts new rows first and no row twice", () => {
  expect(numbers(merged([row(2), row(1)], [row(3), row(2), row(4)]))).toEqual([4, 3, 2, 1]);
});

it("answers the same list when nothing is new", () => {
  const rows = [row(2), row(1)];
  expect(merged(rows, [row(2)])).toBe(rows);
  expect(merged(rows, [])).toBe(rows);
});

it("drops the oldest beyond its bound", () => {
  const many = Array.from({ length: RING_ROWS_MAX + 20 }, (_, index) => row(index + 1));
  const kept = merged([], many);
  expect(kept).toHaveLength(RING_ROWS_MAX);
  expect(kept[0]?.number).toBe(RING_ROWS_MAX + 20);
});

it("starts anew when a number comes back with another time", () => {
  expect(numbers(merged([row(2), row(1)], [row(1, "later")]))).toEqual([1]);
});

it("starts anew when the listing ends below what is known", () => {
  expect(numbers(refilled([row(9), row(8)], [row(2), row(1)]))).toEqual([2, 1]);
  expect(numbers(refilled([row(9)], []))).toEqual([]);
  expect(numbers(refilled([row(2)], [row(3), row(2)]))).toEqual([3, 2]);
});

it.each([
  [
    '{"type":"track","event":"Order Completed","userId":"u1","anonymousId":"a1"}',
    { kind: "track", title: "Order Completed", user: "u1", anonymous: false },
  ],
  [
    '{"type":"page","name":"Home","anonymousId":"a1"}',
    { kind: "page", title: "Home", user: "a1", anonymous: true },
  ],
  [
    '{"type":"group","groupId":"g","userId":""}',
    { kind: "group", title: "g", user: "", anonymous: false },
  ],
  ["", { kind: "", title: "", user: "", anonymous: false }],
])("sums up %s", (body, wanted) => expect(summary({ body })).toEqual(wanted));
