// How far a replay is and how long it still takes, judged by what was seen of it.
import type { Replay, ReplaySeen } from "../../api/replays";

export interface Progress {
  done: number;
  /** Null where it is not known how many there will be. */
  left: number | null;
  /** From 0 to 1; never 1 before its end, and always 1 after it. */
  share: number;
}

type Counted = Pick<Replay, "delivered" | "gave_up" | "expired" | "expected" | "state">;

/** An expectation is a guess: what is already done may be more. */
export function progress(replay: Counted): Progress {
  const { delivered, gave_up, expired, expected, state } = replay;
  const done = delivered + gave_up + expired;
  if (state === "done") return { done, left: 0, share: 1 };
  if (expected === null) return { done, left: null, share: 0 };
  const left = Math.max(0, expected - done);
  const share = expected === 0 ? 0 : done / expected;
  return { done, left, share: state === "cancelled" ? Math.min(1, share) : Math.min(0.99, share) };
}

/** What was done by when. */
export interface Seen {
  atMs: number;
  done: number;
}

const WINDOW_MS = 15_000;

/** Keeps what was seen lately, with the newest at the end; while it stands still there is no pace. */
export function remember(seen: Seen[], replay: ReplaySeen): Seen[] {
  if (replay.state !== "running") return [];
  const atMs = replay.seenAtMs;
  if (seen.at(-1)?.atMs === atMs) return seen;
  return [
    ...seen.filter((one) => one.atMs > atMs - WINDOW_MS),
    { atMs, done: progress(replay).done },
  ];
}

/** Deliveries that end in a second; null until two looks tell. */
export function pace(seen: Seen[]): number | null {
  const [first, last] = [seen[0], seen.at(-1)];
  if (!first || !last || last.atMs <= first.atMs) return null;
  return ((last.done - first.done) * 1_000) / (last.atMs - first.atMs);
}

/** How long what is left takes at this pace, in ms; null where it stands still or nobody knows. */
export function timeLeft({ left }: Progress, perSecond: number | null): number | null {
  if (left === null || perSecond === null || perSecond <= 0) return null;
  return (left / perSecond) * 1_000;
}
