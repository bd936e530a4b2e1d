// Sources as people edit them, in the members of a workspace file.
import { queryOptions } from "@tanstack/react-query";
import { act, change, read } from "./client";

export interface SourceObject {
  id: string;
  name: string;
  enabled: boolean;
  writeKey: string;
  postrider?: {
    /** Further keys, each until it ends. */
    writeKeys?: { key: string; validUntil?: string }[];
    /** The pages that may send; any where there are none. */
    allowedOrigins?: string[];
    rateLimit?: { eventsPerSecond: number; burst: number };
  };
  /** Changes with every edit. */
  version: number;
  /** "file" where a workspace file decides, and nothing can be edited here. */
  managedBy?: string | null;
}

/** What an edit changes: what is null goes back to what it is by default. */
export interface SourceChange {
  name?: string;
  enabled?: boolean;
  postrider?: {
    allowedOrigins?: string[] | null;
    rateLimit?: { eventsPerSecond: number; burst: number } | null;
  };
}

const pathOf = (id: string) => `/api/v1/sources/${encodeURIComponent(id)}`;

export const sourceQuery = (id: string) =>
  queryOptions({
    queryKey: ["source", id],
    queryFn: async ({ signal }) => await read<SourceObject>(pathOf(id), {}, signal),
  });

export const addSource = async (name: string) =>
  await act<SourceObject>("/api/v1/sources", { name });

export const changeSource = async (id: string, body: SourceChange, version: number) =>
  await change<SourceObject>("PATCH", pathOf(id), { body, version });

export const removeSource = async (id: string, version: number) =>
  await change<void>("DELETE", pathOf(id), { version });

/** Gives the source a new key; the old one counts for a while, as in "7d". */
export const rotateKey = async (id: string, keepOldFor: string) =>
  await act<SourceObject>(`${pathOf(id)}/keys`, { keepOldFor });
