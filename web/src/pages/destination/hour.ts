// The lines of a destination's last hour: how its deliveries ended, and how long events took.
import type { DeliveryFilter } from "../../api/deliveries";
import type { Point } from "../../api/series";
import type { Line } from "../../parts/chart/series";

export const FAILED = "Failed";

const MINUTE_MS = 60_000;

export const momentsOf = (points: readonly Point[]) => points.map(({ at }) => Date.parse(at));

const failed = ({ gave_up = 0, expired = 0 }: Point) => gave_up + expired;

export function endedLines(points: readonly Point[]): Line[] {
  const line = (name: string, tone: Line["tone"], value: (point: Point) => number): Line => ({
    name,
    tone,
    values: points.map(value),
  });
  return [
    line("First try", "good", (point) => point.delivered_first_try ?? 0),
    line("On retry", "warn", (point) => point.delivered_on_retry ?? 0),
    line(FAILED, "bad", failed),
  ];
}

/** Nothing is known of a minute in which nothing was delivered. */
export function latencyLines(points: readonly Point[]): Line[] {
  return [
    { name: "p50", tone: "accent", values: points.map(({ p50_ms }) => p50_ms ?? null) },
    { name: "p95", tone: "warn", values: points.map(({ p95_ms }) => p95_ms ?? null), dash: [6, 3] },
    { name: "p99", tone: "bad", values: points.map(({ p99_ms }) => p99_ms ?? null), dash: [2, 2] },
  ];
}

/** The deliveries that failed in a minute: they are found by their last attempt, which began before. */
export function failedIn(destination: string, points: readonly Point[], moment: number) {
  const point = points.find(({ at }) => Date.parse(at) === moment);
  const time = (ms: number) => new Date(ms).toISOString();
  return {
    destination,
    status: point?.gave_up || !point?.expired ? "gave_up" : "expired",
    from: time(moment - MINUTE_MS),
    to: time(moment + MINUTE_MS),
  } satisfies DeliveryFilter;
}
