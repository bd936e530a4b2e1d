// The status of the server: everything of now that it counts, with its sources and destinations.
import { queryOptions } from "@tanstack/react-query";
import { read } from "./client";

/** One answer of `GET /api/v1/status`: everything the overview needs, counted by the server. */
export interface Status {
  version: string;
  started_at: string;
  now: string;
  gateway_url: string;
  /** `head` is the sequence number that the next event gets: 1 in an empty journal. */
  journal: { head: number };
  /** Events accepted since the server started. */
  accepted: number;
  /** Requests and events refused since the server started. */
  rejected: number;
  /** Whether no events are taken as the disk is nearly full. */
  is_disk_low: boolean;
  storage: {
    /** Null before it was looked at. */
    disk_free_bytes: number | null;
    /** 99 of 100 batches since the start were on disk within so many ms; null where there were none. */
    store_p99_ms: number | null;
  };
  sources: Source[];
  destinations: Destination[];
  /** Destinations that may be put back. */
  removed: Removed[];
  connections: Connection[];
}

export interface Source {
  id: string;
  name: string;
  enabled: boolean;
  /** The keys that are valid now. */
  write_keys: string[];
  /** All keys by their last characters, also those that have ended. */
  keys: { ending: string; valid_until: string | null }[];
  /** The pages that may send; any where it is empty. */
  allowed_origins: string[];
  rate_limit: { events_per_second: number; burst: number } | null;
}

export type DestinationState =
  | "active"
  | "retrying"
  | "holding"
  | "stopped"
  | "paused"
  | "disabled";

/** How much goes to a destination, and why it is no more. */
export interface Flow {
  /** Attempts that may be under way at a time. */
  limit: number;
  /** Since when the endpoint takes nothing, and why. */
  failing_since: string | null;
  reason: string | null;
  sentence: string | null;
  next_probe_at: string | null;
  /** Before this the endpoint does not want to be asked. */
  asked_to_wait_until: string | null;
}

export interface Destination {
  id: string;
  name: string;
  type: string;
  enabled: boolean;
  method: string;
  /** Scheme and host of the endpoint, or "playground". */
  target: string;
  /** The playground that receives these deliveries, if it is one of ours. */
  playground: string | null;
  requests: Requests;
  state: DestinationState;
  /** Whether what comes now is kept for it. */
  queues: boolean;
  /** None where nobody is at work. */
  flow: Flow | null;
  waiting: number;
  retrying: number;
  next_retry_at: string | null;
  /** When the oldest event was accepted that it has looked at and not delivered. */
  oldest_waiting_at: string | null;
  delivered_first_try: number;
  delivered_on_retry: number;
  retries: number;
  gave_up: number;
  expired: number;
  /** Events that it did not get because of their own word, of consent, or of a filter. */
  filtered: FilteredCounts;
}

/** How a destination makes its requests; no secret is in it. */
export interface Requests {
  /** Null where nothing is signed. */
  signing: {
    /** `v1` with a shared secret, `v1a` with a public key. */
    schemes: string[];
    keys: { valid_until: string | null; signs: boolean }[];
  } | null;
  /** How far events may choose where they go: off, same_origin or hosts. */
  dynamic: string;
  hosts: string[];
  /** Names only. */
  headers: string[];
  /** Settings that are looked up in each event, and where in it. */
  templates: { setting: string; path: string }[];
  get_extras: string[];
  /** Whose certificates it uses; null where TLS is as the machine has it. */
  tls: { authorities: Holder[]; client: Holder | null } | null;
}

/** Whose a certificate is, and until when. */
export interface Holder {
  subject: string;
  valid_until: string;
}

/** A destination that was removed; put back in time, it goes on with what waits. */
export interface Removed {
  id: string;
  name: string;
  target: string;
  removed_at: string;
  kept_until: string;
  waiting: number;
}

export interface FilteredCounts {
  total: number;
  /** The most frequent first. */
  by_reason: {
    reason: string;
    /** The reason in words. */
    sentence: string;
    count: number;
  }[];
}

export interface Connection {
  id: string;
  source: string;
  destination: string;
  enabled: boolean;
  filter: Filter;
  consent: Record<string, unknown>;
}

/** What a connection lets pass; everything where nothing is set. */
export interface Filter {
  types?: string[];
  events?: { allow?: string[]; deny?: string[] };
  condition?: string;
  /** Only the events of so many users, in percent. */
  sample?: number;
}

/** A status together with the browser's clock at its arrival, so that its age can be told. */
export type StatusSeen = Status & { seenAtMs: number };

export const statusQuery = () =>
  queryOptions({
    queryKey: ["status"],
    queryFn: async ({ signal }): Promise<StatusSeen> => ({
      ...(await read<Status>("/api/v1/status", {}, signal)),
      seenAtMs: Date.now(),
    }),
  });
