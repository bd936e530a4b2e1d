// The worst issue comes first, and its numbers say no more than is known.
import { expect, it } from "vitest";
import type { Issue } from "../../api/issues";
import { issueLook } from "../../parts/words";
import { statusWords, summary, usersWords, worstFirst } from "./issues";

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
  ];
  expect(worstFirst(issues).map((each) => each.id)).toEqual([4, 3, 2, 5, 6, 7, 1]);
});

it("looks as bad as it is", () => {
  const tone = (change: Partial<Issue>) => issueLook(issue(1, change)).tone;
  expect(tone({ gave_up: 1 })).toBe("bad");
  expect(tone({ expired: 1 })).toBe("bad");
  expect(tone({ waiting: 9 })).toBe("warn");
  expect(tone({ state: "resolved", gave_up: 1 })).toBe("quiet");
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
});
