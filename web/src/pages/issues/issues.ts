// Which issue is worst, and how its numbers are said.
import type { Issue } from "../../api/issues";
import { counted, exact } from "../../parts/format";

const lost = (issue: Issue) => issue.gave_up + issue.expired;

/** Open ones first; of those, what was lost before what waits, and then what came last. */
export function worstFirst(issues: Issue[]): Issue[] {
  const open = (issue: Issue) => (issue.state === "open" ? 1 : 0);
  return [...issues].sort(
    (a, b) =>
      open(b) - open(a) ||
      (open(a) === 1 ? lost(b) - lost(a) || b.waiting - a.waiting : 0) ||
      Date.parse(b.last_at) - Date.parse(a.last_at) ||
      b.id - a.id,
  );
}

/** `503`, or what stands in its place. */
export function statusWords({ status, reason }: Issue): string {
  if (status !== 0) return String(status);
  return MIXED.has(reason) ? "various" : "no answer";
}

/** Reasons that an answer is the cause of: without a status, several are told together. */
const MIXED = new Set(["client_error", "server_error", "bad_status", "redirect", "throttled"]);

export function usersWords({ count, or_more }: Issue["users"]): string {
  return or_more ? `${exact(count)} or more` : exact(count);
}

/** One sentence for the top of the page. */
export function summary(issues: Issue[]): string {
  const open = issues.filter((issue) => issue.state === "open");
  if (open.length === 0) return "No issue is open";
  const sum = (of: (issue: Issue) => number) => open.reduce((all, issue) => all + of(issue), 0);
  const parts = [`${counted(open.length, "issue")} open`];
  const gone = sum(lost);
  if (gone > 0) parts.push(`${counted(gone, "delivery", "deliveries")} lost`);
  parts.push(
    `${counted(
      sum((issue) => issue.waiting),
      "delivery",
      "deliveries",
    )} waiting`,
  );
  return parts.join(", ");
}
