// Charts say what they draw: stacks, sums and peaks.
import { expect, it } from "vitest";
import { type Line, shown, sparkPath, stacked, summary } from "./series";

const lines: Line[] = [
  { name: "First try", tone: "good", values: [1, null, 3] },
  { name: "Gave up", tone: "bad", values: [2, 5, null] },
];

it("stacks each line on those before it, and leaves gaps", () => {
  expect(stacked(lines)).toEqual([
    [1, null, 3],
    [3, 5, null],
  ]);
});

it("sums what is counted and takes the peak of what is measured", () => {
  expect(summary(lines, "count")).toBe("First try 4, Gave up 7");
  expect(summary(lines, "ms")).toBe("First try at most 3 ms, Gave up at most 5 ms");
  expect(shown(null, "ms")).toBe("–");
});

it("draws a sparkline from the bottom for nothing to the top for the most", () => {
  expect(sparkPath([0, 4, 2], 10, 8)).toBe("M0 8L5 0L10 4");
  expect(sparkPath([0, 0], 10, 8)).toBe("M0 8L10 8");
  expect(sparkPath([3], 10, 8)).toBe("");
});
