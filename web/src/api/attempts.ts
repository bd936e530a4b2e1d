// Attempts: the requests of deliveries, how they ended, and what endpoints answered.
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { read } from "./client";
import { ROWS } from "./query";
import type { ShownRequest } from "./testEvents";

export const FATES = ["delivered", "retry", "gave_up", "expired"] as const;

export type Fate = (typeof FATES)[number];

export interface Attempt {
  destination: string;
  seq: number;
  kind: string;
  /** 1 for the first attempt of a delivery. */
  number: number;
  at: string;
  duration_us: number;
  /** The endpoint's HTTP status; 0 where no answer came. */
  status: number;
  fate: Fate;
  reason: string;
  detail: string;
  phases: Phases;
  /** Address and port; null when no connection came about. */
  remote: string | null;
  /** The replay that it was made for. */
  replay?: number | null;
  /** What the endpoint answered: only with details, and null where that is not kept. */
  answer?: Answer | null;
}

/** How long the steps of an attempt took; null where one was not needed or not reached. */
export interface Phases {
  resolve_us: number | null;
  connect_us: number | null;
  tls_us: number | null;
  first_byte_us: number | null;
}

/** The beginning of an answer, without what is secret in it; every text in it is a stranger's. */
export interface Answer {
  headers: [string, string][];
  body: string;
}

export interface AttemptFilter {
  destination?: string | undefined;
  fate?: Fate | undefined;
}

export const attemptsQuery = (filter: AttemptFilter) =>
  queryOptions({
    queryKey: ["attempts", filter.destination ?? "", filter.fate ?? ""],
    queryFn: async ({ signal }) =>
      (await read<{ attempts: Attempt[] }>("/api/v1/attempts", { ...filter, limit: ROWS }, signal))
        .attempts,
    placeholderData: keepPreviousData,
  });

/** The request of an attempt, made again from its event and the settings of its time. */
export interface Rebuilt {
  /** The destination's version; null where its number is not kept any more. */
  version: number | null;
  /** Whether it is the one that holds now. */
  current: boolean;
  /** Null where there could be no request for the event. */
  request: ShownRequest | null;
  reason: string | null;
  sentence: string;
  detail: string;
}

/** Each look is written to the audit log, so it is asked for once. */
export const requestQuery = ({ destination, seq, number, replay }: Attempt) =>
  queryOptions({
    queryKey: ["request", destination, seq, number, replay ?? 0],
    queryFn: async ({ signal }) =>
      await read<Rebuilt>(
        `/api/v1/deliveries/${encodeURIComponent(destination)}/${seq}/attempts/${number}/request`,
        { replay: replay ?? undefined },
        signal,
      ),
    refetchInterval: false,
    staleTime: Number.POSITIVE_INFINITY,
  });
