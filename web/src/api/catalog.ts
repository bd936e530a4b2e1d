// What people edit: sources, destinations and connections, each with its version.
import { queryOptions } from "@tanstack/react-query";
import { act, change, read } from "./client";
import type { SourceObject } from "./sources";
import type { Filter } from "./status";

export const KINDS = ["sources", "destinations", "connections"] as const;
export type Kind = (typeof KINDS)[number];

/** What says how an object was read; not edited. */
export interface Versioned {
  version: number;
  /** `file` where a workspace file decides. */
  managedBy?: string | null;
}

export interface DestinationObject extends Versioned {
  id: string;
  name: string;
  enabled: boolean;
  type: string;
  config: Record<string, unknown>;
  postrider?: Record<string, unknown>;
}

export interface ConnectionObject extends Versioned {
  id: string;
  source: string;
  destination: string;
  enabled: boolean;
  filter?: Filter;
  consent?: Record<string, unknown>;
}

export interface Objects {
  sources: SourceObject;
  destinations: DestinationObject;
  connections: ConnectionObject;
}

const path = (kind: Kind, id: string) => `/api/v1/${kind}/${encodeURIComponent(id)}`;

export const objectsQuery = <K extends Kind>(kind: K) =>
  queryOptions({
    queryKey: ["catalog", kind],
    queryFn: async ({ signal }) =>
      (await read<Record<K, Objects[K][]>>(`/api/v1/${kind}`, {}, signal))[kind],
  });

export const objectQuery = <K extends Kind>(kind: K, id: string) =>
  queryOptions({
    queryKey: ["catalog", kind, id],
    queryFn: async ({ signal }) => await read<Objects[K]>(path(kind, id), {}, signal),
  });

/** What is asked of a new object: the server makes the rest. */
export type Made<K extends Kind> = Partial<Objects[K]>;

export const makeObject = async <K extends Kind>(kind: K, object: Made<K>) =>
  await act<Objects[K]>(`/api/v1/${kind}`, object);

export const replaceObject = async <K extends Kind>(kind: K, object: Objects[K], version: number) =>
  await change<Objects[K]>("PUT", path(kind, object.id), { body: object, version });

/** Changes some members, whatever the others are. */
export const patchObject = async <K extends Kind>(kind: K, id: string, patch: unknown) =>
  await change<Objects[K]>("PATCH", path(kind, id), { body: patch });

export const removeObject = async (kind: Kind, id: string) =>
  await change<void>("DELETE", path(kind, id));

export const restoreDestination = async (id: string) =>
  await act<DestinationObject>(`${path("destinations", id)}/restore`);

export interface Version {
  version: number;
  at: string;
  by: string;
  action: string;
  changes: { field: string; before: unknown; after: unknown }[];
}

export const versionsQuery = (kind: Kind, id: string) =>
  queryOptions({
    queryKey: ["versions", kind, id],
    queryFn: async ({ signal }) =>
      (await read<{ versions: Version[] }>(`${path(kind, id)}/versions`, {}, signal)).versions,
  });

/** The part of JSON Schema that settings are described in. */
export interface Schema {
  type?: "object" | "array" | "string" | "integer" | "number" | "boolean";
  title?: string;
  description?: string;
  default?: unknown;
  enum?: string[];
  /** What a value looks like, shown where there is none. */
  examples?: unknown[];
  minimum?: number;
  maximum?: number;
  /** A secret: never shown, kept where it is not typed anew. */
  writeOnly?: boolean;
  /** `multiline` for long texts, `date-time` for moments. */
  format?: string;
  required?: string[];
  properties?: Record<string, Schema>;
  items?: Schema;
  /** Of an object whose members have no fixed names; `propertyNames` may tell them all the same. */
  additionalProperties?: Schema | boolean;
  propertyNames?: { enum?: string[] };
}

/** The settings of a type of destinations, as a schema of what stands in `config` and `postrider`. */
export interface DestinationType {
  type: string;
  title: string;
  schema: Schema;
}

export const destinationTypesQuery = () =>
  queryOptions({
    queryKey: ["destination-types"],
    queryFn: async ({ signal }) =>
      (await read<{ types: DestinationType[] }>("/api/v1/destination-types", {}, signal)).types,
    staleTime: Number.POSITIVE_INFINITY,
    refetchInterval: false,
  });
