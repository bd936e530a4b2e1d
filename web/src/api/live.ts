// Where the live stream is, and what it may be asked to show.
import type { DeliveryStatus } from "./deliveries";

export const LIVE_STATUSES = [
  "accepted",
  "rejected",
  "failed",
  "delivered",
  "scheduled",
  "gave_up",
  "filtered",
  "expired",
  "skipped",
] as const satisfies readonly (DeliveryStatus | "accepted" | "rejected" | "failed")[];

export type LiveStatus = (typeof LIVE_STATUSES)[number];

export const EVENT_TYPES = [
  "identify",
  "track",
  "page",
  "screen",
  "group",
  "alias",
  "merge",
] as const;

export type EventType = (typeof EVENT_TYPES)[number];

export interface LiveFilter {
  source?: string | undefined;
  destination?: string | undefined;
  type?: EventType | undefined;
  name?: string | undefined;
  user?: string | undefined;
  status?: LiveStatus | undefined;
  /** Anywhere in the name. */
  text?: string | undefined;
}

/** `last` is the id of the row that was seen last. */
export function liveStreamUrl(filter: LiveFilter, last: string): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(filter)) if (value) search.set(name, value);
  if (last !== "") search.set("last_event_id", last);
  return `/api/v1/live${search.size > 0 ? `?${search}` : ""}`;
}
