// Replays in words: what each intent means, what a replay was asked for, how its states look.
import type { Estimate, Intent, KeptScope, ReplayState } from "../../api/replays";
import { counted, exact, fullTime, span, type Zone } from "../../parts/format";
import type { Look } from "../../parts/words";

export const INTENT_WORDS: Record<Intent, { name: string; meaning: string }> = {
  recover_failed: {
    name: "Recover failed",
    meaning: "What was given up and not delivered since. What somebody skipped stays skipped.",
  },
  replay_missing: {
    name: "Replay missing",
    meaning:
      "What it has never got: given up, from before its connection, or from while it was disabled.",
  },
  resend_range: {
    name: "Resend a range",
    meaning: "Everything that fits, also what was delivered: the endpoint gets that once more.",
  },
};

const LOOKS: Record<ReplayState, Look> = {
  running: { word: "Running", shape: "clock", tone: "good" },
  queued: { word: "Queued", shape: "clock", tone: "quiet" },
  waiting: { word: "Waiting", shape: "clock", tone: "warn" },
  paused: { word: "Paused", shape: "pause", tone: "quiet" },
  done: { word: "Done", shape: "tick", tone: "good" },
  cancelled: { word: "Cancelled", shape: "slash", tone: "quiet" },
};

export function replayLook(state: string): Look {
  return Object.hasOwn(LOOKS, state)
    ? LOOKS[state as ReplayState]
    : { word: state, shape: "dot", tone: "quiet" };
}

/** What a state means for somebody who waits for its end. */
export const STATE_MEANS: Partial<Record<ReplayState, string>> = {
  queued: "Another replay of this destination is at work; this one follows.",
  waiting: "Its destination is paused, disabled or gone; it goes on when that is at work again.",
};

/** The bounds of a replay, a line each; nothing where all events were meant. */
export function scopeLines(scope: KeptScope, zone: Zone): string[] {
  const { first, last, events, received_from, received_until, failed_since } = scope;
  const { issue, source, user, filter } = scope;
  const lines: string[] = [];
  const time = (at: string) => fullTime(at, zone);
  if (events && events.length > 0) {
    lines.push(
      events.length === 1
        ? `event ${exact(events[0] as number)}`
        : `${counted(events.length, "event")} by number`,
    );
  } else if (first !== null && last !== null) {
    lines.push(`events ${exact(first)} to ${exact(last)}`);
  }
  if (received_from) lines.push(`received from ${time(received_from)} on`);
  if (received_until) lines.push(`received before ${time(received_until)}`);
  if (failed_since) lines.push(`given up since ${time(failed_since)}`);
  if (issue) lines.push(`given up by issue ${exact(issue)}`);
  if (source) lines.push(`of source ${source}`);
  if (user) lines.push(`of user ${user}`);
  if (filter?.types?.length) lines.push(`only the types ${filter.types.join(", ")}`);
  const { allow = [], deny = [] } = filter?.events ?? {};
  if (allow.length > 0) lines.push(`only the tracked events ${allow.join(", ")}`);
  if (deny.length > 0) lines.push(`not the tracked events ${deny.join(", ")}`);
  if (filter?.condition) lines.push(`only where ${filter.condition}`);
  if (filter?.sample) lines.push(`only of ${filter.sample} % of the users`);
  return lines;
}

/** How an estimate is said in one sentence. */
export function estimateSentence({ events, complete, users, seconds }: Estimate): string {
  if (events === 0 && complete) return "No event would be sent.";
  const about = complete ? "" : "About ";
  const of = users === null ? "of more than 100,000 users" : `of ${counted(users, "user")}`;
  const time = seconds === null ? "" : `, in ${span(Math.max(1, seconds) * 1_000)} or more`;
  return `${about}${counted(events, "event")} ${of} would be sent${time}.`;
}
