// Sources as people edit them, in the members of a workspace file.
import { queryOptions } from "@tanstack/react-query";
import { act, read } from "./client";

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
    rateLimit?: { eventsPerSecond: number; burst?: number };
  };
  /** Changes with every edit. */
  version: number;
  /** "file" where a workspace file decides, and nothing can be edited here. */
  managedBy?: string | null;
}

const pathOf = (id: string) => `/api/v1/sources/${encodeURIComponent(id)}`;

/** How often something came, and when. */
export interface Seen {
  events: number;
  first_at: string;
  last_at: string;
}

/** Events of one type and name; without a name it is null. */
export interface NameSeen extends Seen {
  type: string;
  name: string | null;
}

/** Events of one SDK in one version, as they say themselves. */
export interface SdkSeen extends Seen {
  name: string | null;
  version: string | null;
}

export const namesQuery = (id: string) =>
  queryOptions({
    queryKey: ["source-names", id],
    queryFn: async ({ signal }) =>
      await read<{ names: NameSeen[]; other: Seen | null }>(`${pathOf(id)}/names`, {}, signal),
  });

export const sdksQuery = (id: string) =>
  queryOptions({
    queryKey: ["source-sdks", id],
    queryFn: async ({ signal }) =>
      await read<{ sdks: SdkSeen[]; other: Seen | null }>(`${pathOf(id)}/sdks`, {}, signal),
  });

export const addSource = async (name: string) =>
  await act<SourceObject>("/api/v1/sources", { name });

/** Gives the source a new key; the old one counts for a while, as in "7d". */
export const rotateKey = async (id: string, keepOldFor: string) =>
  await act<SourceObject>(`${pathOf(id)}/keys`, { keepOldFor });
