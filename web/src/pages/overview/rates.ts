// How fast counters grow between two statuses.
import type { Status } from "../../api/status";

export interface Totals {
  /** The server's clock, in ms since 1970. */
  at: number;
  accepted: number;
  delivered: number;
}

export function totalsOf({ now, accepted, destinations }: Status): Totals {
  const delivered = destinations.reduce(
    (sum, each) => sum + each.delivered_first_try + each.delivered_on_retry,
    0,
  );
  return { at: Date.parse(now), accepted, delivered };
}

export interface Rates {
  accepted: number;
  delivered: number;
}

/** Per second; null where nothing can be told, as after a restart or when a destination went away. */
export function ratesOf(before: Totals, after: Totals): Rates | null {
  const seconds = (after.at - before.at) / 1_000;
  if (seconds <= 0 || after.accepted < before.accepted || after.delivered < before.delivered) {
    return null;
  }
  return {
    accepted: (after.accepted - before.accepted) / seconds,
    delivered: (after.delivered - before.delivered) / seconds,
  };
}

/** `0`, `0.4`, `7.5`, `1,204`: small rates with a digit, so that few are not none. */
export function perSecond(rate: number): string {
  if (rate === 0) return "0";
  if (rate < 0.1) return "< 0.1";
  return rate < 10 ? rate.toFixed(1) : Math.round(rate).toLocaleString("en");
}
