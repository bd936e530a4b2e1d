// What takes how much of the disk, and what is kept how long.
import { queryOptions } from "@tanstack/react-query";
import { read } from "./client";

export interface PartRoom {
  part: "journal" | "state" | "index" | "catalog";
  bytes: number;
}

export interface Storage {
  disk: {
    free_bytes: number | null;
    free_min_bytes: number;
    is_low: boolean;
    store_p99_ms: number | null;
  };
  parts: PartRoom[];
  journal: {
    used_bytes: number;
    bytes_max: number | null;
    age_max_s: number;
    oldest_seq: number;
    oldest_at: string | null;
    head: number;
    trimmed_at: string | null;
  };
  ledger: { attempts_max: number };
  audit: { records_max: number; age_max_s: number };
}

const RHYTHM_MS = 5_000;

export const storageQuery = () =>
  queryOptions({
    queryKey: ["storage"],
    queryFn: async ({ signal }) => await read<Storage>("/api/v1/storage", {}, signal),
    refetchInterval: RHYTHM_MS,
  });
