// Counts over time: what was accepted, how deliveries ended, and how long they took.
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { read } from "./client";

export type SeriesOf = "accepted" | "deliveries" | "latency" | "attempts";
export type Bucket = "1s" | "1m" | "5m" | "15m" | "1h" | "1d";

/** What one bucket counts; which of it depends on what was asked for. */
export interface Point {
  /** When the bucket begins. */
  at: string;
  accepted?: number;
  rejected?: number;
  delivered_first_try?: number;
  delivered_on_retry?: number;
  gave_up?: number;
  expired?: number;
  attempts?: number;
  failed_attempts?: number;
  p50_ms?: number | null;
  p95_ms?: number | null;
  p99_ms?: number | null;
}

export interface Series {
  bucket_ms: number;
  points: Point[];
}

export interface SeriesWish {
  of: SeriesOf;
  bucket: Bucket;
  source?: string | undefined;
  destination?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
}

const RHYTHM_MS: Record<Bucket, number> = {
  "1s": 2_000,
  "1m": 10_000,
  "5m": 30_000,
  "15m": 60_000,
  "1h": 60_000,
  "1d": 60_000,
};

export const seriesQuery = (wish: SeriesWish) =>
  queryOptions({
    queryKey: ["series", wish],
    queryFn: async ({ signal }) => await read<Series>("/api/v1/series", { ...wish }, signal),
    placeholderData: keepPreviousData,
    refetchInterval: RHYTHM_MS[wish.bucket],
    staleTime: RHYTHM_MS[wish.bucket] / 2,
  });

/** How a destination has fared in the last hour. */
export interface Fared {
  destination: string;
  /** What happened in all. */
  sum: Point;
  /** Deliveries that succeeded, minute by minute. */
  delivered: number[];
}

/** How each destination has fared in the last hour, by id: one question for a whole table. */
export const faredQuery = () =>
  queryOptions({
    queryKey: ["series", "destinations"],
    queryFn: async ({ signal }) => {
      const path = "/api/v1/series/destinations";
      const { destinations } = await read<{ destinations: Fared[] }>(path, {}, signal);
      return new Map(destinations.map((each) => [each.destination, each]));
    },
    refetchInterval: RHYTHM_MS["1m"],
    staleTime: RHYTHM_MS["1m"] / 2,
  });
