// Replays: deliveries that are made again, their estimates, and what changes their state.
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { act, read } from "./client";
import type { Filter, Flow } from "./status";

export const INTENTS = ["recover_failed", "replay_missing", "resend_range"] as const;
export type Intent = (typeof INTENTS)[number];

/** Which events, as the API is asked for them; times with their zone. */
export interface Scope {
  first?: number | undefined;
  last?: number | undefined;
  events?: number[] | undefined;
  received_from?: string | undefined;
  received_until?: string | undefined;
  failed_since?: string | undefined;
  issue?: number | undefined;
  source?: string | undefined;
  user?: string | undefined;
  filter?: Filter | undefined;
}

export interface ReplayOrder extends Scope {
  destination: string;
  intent: Intent;
  rate?: number | undefined;
  concurrency?: number | undefined;
}

export interface Passed {
  reason: string;
  /** The reason in words. */
  sentence: string;
  count: number;
}

export interface Estimate {
  /** Events that would be sent. */
  events: number;
  /** Whether all of the range was looked at. */
  complete: boolean;
  oldest: { seq: number; received_at: string } | null;
  newest: { seq: number; received_at: string } | null;
  /** Null where they are too many to be told apart. */
  users: number | null;
  passed: Passed[];
  /** Null where nothing was delivered lately. */
  seconds: number | null;
  rate: number | null;
  concurrency: number;
}

export type ReplayState = "running" | "queued" | "waiting" | "paused" | "done" | "cancelled";

/** A scope as it is kept: a bound that was not asked for is null. */
export type KeptScope = {
  [Name in keyof Scope]-?: Exclude<Scope[Name], undefined> | null;
};

export interface Replay {
  id: number;
  destination: string;
  intent: Intent;
  cause: "asked" | "recovered";
  state: ReplayState;
  scope: KeptScope;
  rate: number | null;
  concurrency: number | null;
  made_at: string;
  ended_at: string | null;
  expected: number | null;
  /** Every event before this place is finished, or among its open deliveries. */
  cursor: number;
  delivered: number;
  retries: number;
  gave_up: number;
  expired: number;
  passed: Passed[];
  flow: Flow | null;
}

export const replaysQuery = () =>
  queryOptions({
    queryKey: ["replays"],
    queryFn: async ({ signal }) =>
      (await read<{ replays: Replay[] }>("/api/v1/replays", {}, signal)).replays,
  });

/** A replay together with the browser's clock, for its pace. */
export type ReplaySeen = Replay & { seenAtMs: number };

export const replayQuery = (id: string) =>
  queryOptions({
    queryKey: ["replay", id],
    queryFn: async ({ signal }): Promise<ReplaySeen> => ({
      ...(await read<Replay>(`/api/v1/replays/${encodeURIComponent(id)}`, {}, signal)),
      seenAtMs: Date.now(),
    }),
    refetchInterval: 1_000,
  });

/** What a replay would do; asked once for each order, as it reads much of the journal. */
export const estimateQuery = (order: ReplayOrder) =>
  queryOptions({
    queryKey: ["estimate", order],
    queryFn: async ({ signal }) => await act<Estimate>("/api/v1/replays/estimate", order, signal),
    refetchInterval: false,
    refetchOnWindowFocus: false,
    staleTime: 60_000,
    placeholderData: keepPreviousData,
  });

export const makeReplay = async (order: ReplayOrder) => await act<Replay>("/api/v1/replays", order);

export type Turn = "pause" | "resume" | "cancel";

export const turnReplay = async (id: number, turn: Turn) =>
  await act<Replay>(`/api/v1/replays/${id}/${turn}`);
