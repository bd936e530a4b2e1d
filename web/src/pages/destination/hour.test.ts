// What a destination's last hour draws, and where its failures lead.
import { expect, it } from "vitest";
import { endedLines, failedIn, latencyLines, momentsOf } from "./hour";

const points = [
  { at: "2026-01-31T09:30:00.000Z", delivered_first_try: 3, delivered_on_retry: 1, gave_up: 0 },
  { at: "2026-01-31T09:31:00.000Z", gave_up: 2, expired: 1, p50_ms: 4, p95_ms: 9, p99_ms: null },
  { at: "2026-01-31T09:32:00.000Z", gave_up: 0, expired: 1 },
];

it("tells first tries, retries and what failed apart", () => {
  expect(endedLines(points).map(({ name, values }) => [name, values])).toEqual([
    ["First try", [3, 0, 0]],
    ["On retry", [1, 0, 0]],
    ["Failed", [0, 3, 1]],
  ]);
  expect(momentsOf(points)[0]).toBe(Date.parse("2026-01-31T09:30:00Z"));
});

it("knows nothing of how long it took where nothing was delivered", () => {
  expect(latencyLines(points).map(({ values }) => values)).toEqual([
    [null, 4, null],
    [null, 9, null],
    [null, null, null],
  ]);
});

it("finds what failed in a minute, and what only expired", () => {
  const at = (index: number) => momentsOf(points)[index] ?? 0;
  expect(failedIn("hooks", points, at(1))).toEqual({
    destination: "hooks",
    status: "gave_up",
    from: "2026-01-31T09:30:00.000Z",
    to: "2026-01-31T09:32:00.000Z",
  });
  expect(failedIn("hooks", points, at(2)).status).toBe("expired");
});
