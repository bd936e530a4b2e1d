// Events: what was accepted, each with its deliveries and, for those who may see it, its payload.
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { read, readText } from "./client";
import type { Delivery } from "./deliveries";
import { ROWS } from "./query";

/** What is known of an event without its payload; every text in it is a stranger's. */
export interface EventRow {
  seq: number;
  source: string;
  type: string;
  name: string | null;
  user_id: string | null;
  anonymous_id: string | null;
  message_id: string | null;
  accepted_at: string;
  bytes: number;
}

/** An event and what became of it. */
export interface EventSeen {
  seq: number;
  /** Null where it cannot be read any more. */
  event: EventRow | null;
  /** Why it cannot be read any more. */
  expired: { reason: string; sentence: string } | null;
  /** One per destination that it is for, or was sent to. */
  deliveries: Delivery[];
  /** The neighbours among the events of the same user or device. */
  before: EventRow | null;
  after: EventRow | null;
}

export interface EventFilter {
  older_than?: string | undefined;
  source?: string | undefined;
  type?: string | undefined;
  name?: string | undefined;
  user?: string | undefined;
  message_id?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
}

export interface EventPage {
  events: EventRow[];
  older_than: number | null;
}

export const eventsQuery = (filter: EventFilter, limit = ROWS) =>
  queryOptions({
    queryKey: ["events", filter, limit],
    queryFn: async ({ signal }) =>
      await read<EventPage>("/api/v1/events", { ...filter, limit }, signal),
    placeholderData: keepPreviousData,
  });

export const eventPath = (id: string | number) => `/api/v1/events/${encodeURIComponent(id)}`;

/** An event by its place in the journal or by its message id. */
export const eventQuery = (id: string | number) =>
  queryOptions({
    queryKey: ["event", String(id)],
    queryFn: async ({ signal }) => await read<EventSeen>(eventPath(id), {}, signal),
  });

/** The exact bytes as text. Each look is written to the audit log, so it is asked for once. */
export const payloadQuery = (id: string | number) =>
  queryOptions({
    queryKey: ["payload", String(id)],
    queryFn: async ({ signal }) => await readText(`${eventPath(id)}/payload`, signal),
    refetchInterval: false,
    staleTime: Number.POSITIVE_INFINITY,
  });

export interface LaneEvent {
  event: EventRow;
  deliveries: Delivery[];
}

export interface Lane {
  events: LaneEvent[];
  older_than: number | null;
}

export const lanePath = (user: string) => `/api/v1/users/${encodeURIComponent(user)}/lane`;

/** A user's events with what became of each at every destination. */
export const laneQuery = (user: string, destination: string | undefined) =>
  queryOptions({
    queryKey: ["lane", user, destination ?? ""],
    queryFn: async ({ signal }) => await read<Lane>(lanePath(user), { destination }, signal),
    placeholderData: keepPreviousData,
  });
