// Which issue is worst, how its numbers are said, and what people may say of it.
import type { Issue, IssueState, Ruling } from "../../api/issues";
import { sum } from "../../parts/chart/series";
import { counted, exact, hourTime, type Zone } from "../../parts/format";

export const STATE_WORDS: Record<IssueState, string> = {
  open: "Open",
  acknowledged: "Acknowledged",
  resolved: "Resolved",
  ignored: "Ignored",
};

/** What may be said of an issue, and what follows of it. */
export const RULINGS: Record<Ruling, { act: string; title: string; follows: string }> = {
  acknowledged: {
    act: "Acknowledge",
    title: "Acknowledge this issue?",
    follows:
      "It counts as known, and not as open, while it goes on. When it comes again after it was resolved, it is open again.",
  },
  resolved: {
    act: "Resolve",
    title: "Resolve this issue?",
    follows: "It counts as over. With its next failure it is open again.",
  },
  ignored: {
    act: "Ignore",
    title: "Ignore this issue?",
    follows:
      "It is not listed by itself and counts as no open one, however often it comes, until somebody reopens it.",
  },
};

export function rulingsFor({ state }: Issue): Ruling[] {
  if (state === "open") return ["acknowledged", "resolved", "ignored"];
  if (state === "acknowledged") return ["resolved", "ignored"];
  return state === "resolved" ? ["ignored"] : [];
}

/** What nobody has said cannot be taken back. */
export const canReopen = ({ state, mark }: Issue) =>
  state === "acknowledged" || state === "ignored" || mark?.ruling === "resolved";

/** `12 since 14:00, 3 in the hour before`. */
export function trendWords({ since, failed }: Issue["trend"], zone: Zone): string {
  if (sum(failed) === 0) return `none in the last ${failed.length} hours`;
  const hour = Date.parse(since) + (failed.length - 1) * 3_600_000;
  const [before = 0, now = 0] = failed.slice(-2);
  return `${exact(now)} since ${hourTime(hour, zone)}, ${exact(before)} in the hour before`;
}

const lost = (issue: Issue) => issue.gave_up + issue.expired;

/** Whether it goes on, for all that is known. */
export const goesOn = ({ state }: Issue) => state === "open" || state === "acknowledged";

/** When an issue that goes on is over without anybody saying so. */
export const endWords = (issue: Issue) =>
  lost(issue) > 0
    ? "once nothing waits, and the endpoint takes an event ten minutes after the last failure"
    : "once nothing waits, and the endpoint takes an event";

/** Open ones first, then known ones; of those, what was lost before what waits, and then what came last. */
export function worstFirst(issues: Issue[]): Issue[] {
  const rank = (issue: Issue) => Number(goesOn(issue)) + Number(issue.state === "open");
  return [...issues].sort(
    (a, b) =>
      rank(b) - rank(a) ||
      (goesOn(a) ? lost(b) - lost(a) || b.waiting - a.waiting : 0) ||
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
  const known = issues.filter((issue) => issue.state === "acknowledged").length;
  const parts = open.length === 0 ? ["No issue is open"] : costs(open);
  if (known > 0) parts.push(`${exact(known)} acknowledged`);
  return parts.join(", ");
}

function costs(open: Issue[]): string[] {
  const parts = [`${counted(open.length, "issue")} open`];
  const gone = sum(open.map(lost));
  if (gone > 0) parts.push(`${counted(gone, "delivery", "deliveries")} lost`);
  const waiting = sum(open.map((issue) => issue.waiting));
  return [...parts, `${counted(waiting, "delivery", "deliveries")} waiting`];
}
