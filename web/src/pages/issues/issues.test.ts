// The worst issue comes first, and its numbers say no more than is known.
import { expect, it } from "vitest";
import type { Issue } from "../../api/issues";
import { issueLook } from "../../parts/words";
import {
  canReopen,
  endWords,
  rulingsFor,
  statusWords,
  summary,
  trendWords,
  usersWords,
  worstFirst,
} from "./issues";

function issue(id: number, change: Partial<Issue> = {}): Issue {
  return {
    id,
    destination: "a",
    reason: "server_error",
    sentence: "The endpoint failed.",
    advice: "See the endpoint's log.",
    status: 503,
    state: "open",
    first_at: "2026-11-25T09:00:00Z",
    last_at: "2026-11-25T10:00:00Z",
    resolved_at: null,
    reopened: 0,
    failed: 1,
    gave_up: 0,
    expired: 0,
    waiting: 0,
    users: { count: 1, or_more: false },
    sample: 1,
    detail: "status 503",
    trend: { since: "2026-11-24T11:00:00Z", failed: [0] },
    mark: null,
    ...change,
  };
}

it("puts what is open and lost first, then what waits, then what came last", () => {
  const issues = [
    issue(1, { state: "resolved", gave_up: 99, last_at: "2026-11-25T11:00:00Z" }),
    issue(2, { waiting: 50 }),
    issue(3, { gave_up: 1 }),
    issue(4, { gave_up: 1, expired: 1 }),
    issue(5, { last_at: "2026-11-25T10:30:00Z" }),
    issue(6),
    issue(7, { state: "resolved", last_at: "2026-11-25T11:30:00Z" }),
    issue(8, { state: "acknowledged" }),
    issue(9, { state: "acknowledged", gave_up: 5 }),
    issue(10, { state: "ignored", gave_up: 5 }),
  ];
  expect(worstFirst(issues).map((each) => each.id)).toEqual([4, 3, 2, 5, 6, 9, 8, 7, 1, 10]);
});

it("looks as bad as it is", () => {
  const tone = (change: Partial<Issue>) => issueLook(issue(1, change)).tone;
  expect(tone({ gave_up: 1 })).toBe("bad");
  expect(tone({ expired: 1 })).toBe("bad");
  expect(tone({ waiting: 9 })).toBe("warn");
  expect(tone({ state: "resolved", gave_up: 1 })).toBe("quiet");
  expect(tone({ state: "acknowledged", gave_up: 1 })).toBe("busy");
  expect(tone({ state: "ignored", gave_up: 1 })).toBe("quiet");
});

it("says statuses and users in words where numbers would mislead", () => {
  expect(statusWords(issue(1))).toBe("503");
  expect(statusWords(issue(1, { status: 0 }))).toBe("various");
  expect(statusWords(issue(1, { status: 0, reason: "timeout" }))).toBe("no answer");
  expect(usersWords({ count: 999, or_more: false })).toBe("999");
  expect(usersWords({ count: 1000, or_more: true })).toBe("1,000 or more");
});

it("sums up what is open", () => {
  expect(summary([])).toBe("No issue is open");
  expect(summary([issue(1, { state: "resolved", gave_up: 3 })])).toBe("No issue is open");
  const open = [issue(1, { waiting: 2 }), issue(2, { gave_up: 1, expired: 1 })];
  expect(summary(open)).toBe("2 issues open, 2 deliveries lost, 2 deliveries waiting");
  expect(summary([issue(1, { waiting: 1 })])).toBe("1 issue open, 1 delivery waiting");
  const known = issue(3, { state: "acknowledged", gave_up: 7 });
  expect(summary([known])).toBe("No issue is open, 1 acknowledged");
  expect(summary([issue(1, { waiting: 1 }), known])).toBe(
    "1 issue open, 1 delivery waiting, 1 acknowledged",
  );
});

it("says how often it came in this hour and the one before", () => {
  const trend = (...last: number[]) => ({
    since: "2026-11-24T11:00:00Z",
    failed: [...Array(24 - last.length).fill(0), ...last],
  });
  expect(trendWords(trend(3, 1200), "utc")).toBe("1,200 since 10:00, 3 in the hour before");
  expect(trendWords(trend(5, 0, 0), "utc")).toBe("0 since 10:00, 0 in the hour before");
  expect(trendWords(trend(), "utc")).toBe("none in the last 24 hours");
});

it("offers what may be said, and taken back", () => {
  const mark = { at: "2026-11-25T10:00:00Z", by: "ada", note: "" };
  const offers = (change: Partial<Issue>) => {
    const one = issue(1, change);
    return [...rulingsFor(one), ...(canReopen(one) ? ["reopen"] : [])];
  };
  expect(offers({})).toEqual(["acknowledged", "resolved", "ignored"]);
  expect(offers({ state: "acknowledged", mark: { ...mark, ruling: "acknowledged" } })).toEqual([
    "resolved",
    "ignored",
    "reopen",
  ]);
  expect(offers({ state: "resolved" })).toEqual(["ignored"]);
  expect(offers({ state: "resolved", mark: { ...mark, ruling: "acknowledged" } })).toEqual([
    "ignored",
  ]);
  expect(offers({ state: "resolved", mark: { ...mark, ruling: "resolved" } })).toEqual([
    "ignored",
    "reopen",
  ]);
  expect(offers({ state: "ignored", mark: { ...mark, ruling: "ignored" } })).toEqual(["reopen"]);
});

it("says when it is over: what lost events has to be quiet first", () => {
  expect(endWords(issue(1, { waiting: 3, gave_up: 0, expired: 0 }))).not.toContain("ten minutes");
  expect(endWords(issue(1, { gave_up: 1 }))).toContain("ten minutes");
  expect(endWords(issue(1, { expired: 1 }))).toContain("ten minutes");
});
