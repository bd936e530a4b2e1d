// Deliveries: one event to one destination each, and where it stands.
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import type { Attempt } from "./attempts";
import { act, read } from "./client";
import { POLL_MS } from "./query";

export const DELIVERY_STATUSES = [
  "queued",
  "waiting",
  "scheduled",
  "sending",
  "delivered",
  "gave_up",
  "filtered",
  "expired",
  "skipped",
  "unknown",
] as const;

export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

export interface Delivery {
  destination: string;
  seq: number;
  status: DeliveryStatus;
  /** Why it failed the last time, or is filtered. */
  reason: string | null;
  /** The reason in words. */
  sentence: string | null;
  /** What the event is; null where it cannot be read any more, or has none. */
  type: string | null;
  name: string | null;
  user_id: string | null;
  anonymous_id: string | null;
  source: string | null;
  accepted_at: string | null;
  /** How many were made, as far as is known. */
  attempts: number;
  last: LastAttempt | null;
  next_try_at: string | null;
  /** What keeps it; null where nothing does but its turn or its time. */
  blocked_by: BlockedBy | null;
}

/** The latest attempt, or what was noted in its place. */
export interface LastAttempt {
  at: string;
  number: number;
  /** The endpoint's HTTP status; 0 where no answer came. */
  status: number;
  reason: string;
  sentence: string;
  detail: string;
  duration_us: number;
  replay: number | null;
}

export interface BlockedBy {
  cause: "event" | "paused" | "disabled" | "removed" | "holding" | "stopped";
  /** The event that comes first. */
  seq: number | null;
  sentence: string;
}

/** Which deliveries to list; times with their zone. */
export interface DeliveryFilter {
  destination?: string | undefined;
  status?: DeliveryStatus | undefined;
  source?: string | undefined;
  type?: string | undefined;
  name?: string | undefined;
  user?: string | undefined;
  event?: number | undefined;
  reason?: string | undefined;
  /** The HTTP status of the latest attempt, and its class. */
  code?: number | undefined;
  class?: string | undefined;
  issue?: number | undefined;
  from?: string | undefined;
  to?: string | undefined;
  attempts_min?: number | undefined;
}

export interface DeliveryPage {
  /** The newest first; may be few or none where much was searched for little. */
  deliveries: Delivery[];
  /** Where to go on; null where there are no more. */
  older_than: number | null;
}

const PAGE_ROWS = 100;

export const deliveriesQuery = (filter: DeliveryFilter) =>
  infiniteQueryOptions({
    queryKey: ["deliveries", filter],
    queryFn: async ({ pageParam, signal }) =>
      await read<DeliveryPage>(
        "/api/v1/deliveries",
        { ...filter, limit: PAGE_ROWS, older_than: pageParam ?? undefined },
        signal,
      ),
    initialPageParam: undefined as DeliveryPage["older_than"] | undefined,
    getNextPageParam: (page: DeliveryPage) => page.older_than ?? undefined,
    // Whoever has gone back through the list does not want it to move.
    refetchInterval: ({ state }) => ((state.data?.pages.length ?? 1) > 1 ? false : POLL_MS),
  });

const at = (destination: string, seq: number | string) =>
  `${encodeURIComponent(destination)}/${encodeURIComponent(seq)}`;

/** A delivery with its attempts, the newest first, and what the endpoint answered to each. */
export const deliveryQuery = (destination: string, seq: string) =>
  queryOptions({
    queryKey: ["delivery", destination, seq],
    queryFn: async ({ signal }) =>
      await read<{ delivery: Delivery; attempts: Attempt[] }>(
        `/api/v1/deliveries/${at(destination, seq)}`,
        {},
        signal,
      ),
  });

/** Where the same list is, for a file of it. */
export function exportUrl(filter: DeliveryFilter, format: "csv" | "ndjson"): string {
  const search = new URLSearchParams({ format });
  for (const [name, value] of Object.entries(filter)) {
    if (value !== undefined) search.set(name, String(value));
  }
  return `/api/v1/deliveries?${search}`;
}

/** Tries a delivery that waits for its time now. */
export const retryDelivery = async (destination: string, seq: number) =>
  await act<unknown>(`/api/v1/deliveries/${at(destination, seq)}/retry`);

/** Gives up a delivery that is not under way. */
export const skipDelivery = async (destination: string, seq: number) =>
  await act<unknown>(
    `/api/v1/destinations/${encodeURIComponent(destination)}/deliveries/${seq}/skip`,
  );

/** Sends an event again, whether it was delivered or not. */
export const resendDelivery = async (destination: string, seq: number) =>
  await act<{ id: number }>(
    `/api/v1/destinations/${encodeURIComponent(destination)}/deliveries/${seq}/resend`,
  );
