// Rejections: what was refused at intake, counted and with the latest of it.
import { queryOptions } from "@tanstack/react-query";
import { read } from "./client";
import { ROWS } from "./query";

export interface Rejection {
  at: string;
  source: string | null;
  reason: string;
  detail: string;
  sample: string;
}

/** How often something was rejected since the server started. */
export interface RejectionCount {
  source: string | null;
  reason: string;
  /** The reason in words. */
  sentence: string;
  /** What tells it from others of that reason, such as the ending of a key, as far as there is room
   * to tell them apart; mostly empty. */
  about: string;
  count: number;
  last_at: string;
}

export interface Rejections {
  /** The latest first. */
  counts: RejectionCount[];
  /** The latest first: as many as asked for of sources, and as many without a known source. */
  rejections: Rejection[];
}

/** Of one source, or of all and of those that are not known. */
export const rejectionsQuery = (filter: { source?: string } = {}) =>
  queryOptions({
    queryKey: ["rejections", filter.source ?? ""],
    queryFn: async ({ signal }) =>
      await read<Rejections>("/api/v1/rejections", { ...filter, limit: ROWS }, signal),
  });
