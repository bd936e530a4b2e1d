// Shares of deliveries never say more than is known.
import { expect, it } from "vitest";
import { arrived, ended, firstTry } from "./numbers";

const counts = {
  delivered_first_try: 0,
  delivered_on_retry: 0,
  gave_up: 0,
  expired: 0,
  waiting: 9,
};

it("counts what has ended, and nothing that waits", () => {
  expect([ended(counts), firstTry(counts), arrived(counts)]).toEqual([0, "–", "–"]);
  const some = { ...counts, delivered_first_try: 90, delivered_on_retry: 9, expired: 1 };
  expect([ended(some), firstTry(some), arrived(some)]).toEqual([100, "90.0 %", "99.0 %"]);
  const most = { ...counts, delivered_first_try: 999_999, gave_up: 1 };
  expect(arrived(most)).toBe("> 99.99 %");
});
