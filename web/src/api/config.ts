// The configuration as one file: read, compared with what runs, and applied as a whole.
import { queryOptions } from "@tanstack/react-query";
import { act, readText } from "./client";

export type ConfigFormat = "yaml" | "json";

export const configUrl = (format: ConfigFormat) => `/api/v1/config?format=${format}`;

export const configQuery = (format: ConfigFormat) =>
  queryOptions({
    queryKey: ["config", format],
    queryFn: async ({ signal }) => await readText(configUrl(format), signal),
    refetchInterval: false,
  });

export interface ConfigChange {
  action: "create" | "change" | "remove";
  kind: string;
  id: string;
  changes: { field: string; before: unknown; after: unknown }[];
}

export interface ConfigOrder {
  workspace: unknown;
  /** Whether what the file does not have is removed. */
  prune: boolean;
}

export const planConfig = async (order: ConfigOrder) =>
  (await act<{ changes: ConfigChange[] }>("/api/v1/config/plan", order)).changes;

export const applyConfig = async (order: ConfigOrder) =>
  (await act<{ changes: ConfigChange[] }>("/api/v1/config/apply", order)).changes;
