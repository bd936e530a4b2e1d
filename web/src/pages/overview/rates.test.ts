// Rates come from two statuses, and from no two that do not belong together.
import { expect, it } from "vitest";
import { perSecond, ratesOf } from "./rates";

const before = { at: 1_000, accepted: 10, delivered: 8 };

it("tells how many came in a second", () => {
  expect(ratesOf(before, { at: 3_000, accepted: 14, delivered: 8 })).toEqual({
    accepted: 2,
    delivered: 0,
  });
});

it("tells nothing after a restart, or of the same moment", () => {
  expect(ratesOf(before, { at: 3_000, accepted: 0, delivered: 9 })).toBeNull();
  expect(ratesOf(before, { at: 3_000, accepted: 11, delivered: 0 })).toBeNull();
  expect(ratesOf(before, before)).toBeNull();
});

it.each([
  [0, "0"],
  [0.04, "< 0.1"],
  [0.44, "0.4"],
  [9.96, "10.0"],
  [1234.6, "1,235"],
])("shows %s as %s", (rate, wanted) => expect(perSecond(rate)).toBe(wanted));
