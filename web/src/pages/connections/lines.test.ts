// The lines of the picture join the middles of rows, and only of rows that are there.
import { expect, it } from "vitest";
import { curve, linesOf } from "./lines";

const connection = (id: string, source: string, destination: string, enabled = true) => ({
  id,
  source,
  destination,
  enabled,
});

it("joins what is there", () => {
  const all = [
    connection("1", "a", "y"),
    connection("2", "b", "x", false),
    connection("3", "b", "gone"),
  ];
  expect(linesOf(all, ["a", "b"], ["x", "y"])).toEqual([
    { id: "1", enabled: true, from: 20, to: 60 },
    { id: "2", enabled: false, from: 60, to: 20 },
  ]);
  expect(curve({ from: 20, to: 60 }, 100)).toBe("M0 20C50 20 50 60 100 60");
});
