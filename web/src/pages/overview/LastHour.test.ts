// Two series stand on one axis, also where one has moments that the other has not.
import { expect, it } from "vitest";
import { merged } from "./LastHour";

it("lines up what was accepted and what became of it", () => {
  const at = (minute: number) => new Date(minute * 60_000).toISOString();
  const { moments, lines } = merged(
    [
      { at: at(1), accepted: 5 },
      { at: at(2), accepted: 7 },
    ],
    [
      { at: at(2), delivered_first_try: 3, delivered_on_retry: 1, gave_up: 2 },
      { at: at(3), gave_up: 1 },
    ],
  );
  expect(moments).toEqual([60_000, 120_000, 180_000]);
  expect(lines.map(({ name, values }) => [name, values])).toEqual([
    ["Accepted", [5, 7, 0]],
    ["Delivered", [0, 4, 0]],
    ["Gave up", [0, 2, 1]],
  ]);
});
