// The polled questions of the dashboard, each with its key and rhythm, for TanStack Query.
import { keepPreviousData, QueryClient, queryOptions } from "@tanstack/react-query";
import { act, read } from "./client";
import type {
  Attempt,
  Fate,
  Issue,
  IssueState,
  PlaygroundRequest,
  Rejections,
  Status,
} from "./types";

const POLL_MS = 2_000;
const ROWS = 50;

/** A status together with the browser's clock at its arrival, so that its age can be told. */
export type StatusSeen = Status & { seenAtMs: number };

export interface AttemptFilter {
  destination?: string | undefined;
  fate?: Fate | undefined;
}

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        // A laptop without internet still reaches the server on its own loopback address.
        networkMode: "always",
        // The next poll is the retry.
        retry: false,
        refetchInterval: POLL_MS,
        staleTime: POLL_MS / 2,
      },
    },
  });
}

export const statusQuery = () =>
  queryOptions({
    queryKey: ["status"],
    queryFn: async ({ signal }): Promise<StatusSeen> => ({
      ...(await read<Status>("/api/v1/status", {}, signal)),
      seenAtMs: Date.now(),
    }),
  });

export const attemptsQuery = (filter: AttemptFilter) =>
  queryOptions({
    queryKey: ["attempts", filter.destination ?? "", filter.fate ?? ""],
    queryFn: async ({ signal }) =>
      (await read<{ attempts: Attempt[] }>("/api/v1/attempts", { ...filter, limit: ROWS }, signal))
        .attempts,
    placeholderData: keepPreviousData,
  });

/** The attempts of one event at one destination with what was answered, the newest first. */
export const deliveryQuery = (destination: string, seq: number) =>
  queryOptions({
    queryKey: ["delivery", destination, seq],
    queryFn: async ({ signal }) => {
      const query = { destination, seq, details: 1, limit: ROWS };
      return (await read<{ attempts: Attempt[] }>("/api/v1/attempts", query, signal)).attempts;
    },
  });

export interface IssueFilter {
  destination?: string | undefined;
  state?: IssueState | undefined;
}

const MOST_ISSUES = 500;

export const issuesQuery = (filter: IssueFilter) =>
  queryOptions({
    queryKey: ["issues", filter.destination ?? "", filter.state ?? ""],
    queryFn: async ({ signal }) =>
      (await read<{ issues: Issue[] }>("/api/v1/issues", { ...filter, limit: MOST_ISSUES }, signal))
        .issues,
    placeholderData: keepPreviousData,
  });

/** One issue with its newest attempts. */
export const issueQuery = (id: string) =>
  queryOptions({
    queryKey: ["issue", id],
    queryFn: async ({ signal }) =>
      await read<Issue & { attempts: Attempt[] }>(
        `/api/v1/issues/${encodeURIComponent(id)}`,
        {},
        signal,
      ),
  });

/** Has a replay made of what was given up by an issue. */
export const recoverIssue = async (id: number) =>
  await act<{ id: number; expected: number | null }>(`/api/v1/issues/${id}/recover`);

export const rejectionsQuery = () =>
  queryOptions({
    queryKey: ["rejections"],
    queryFn: async ({ signal }) =>
      await read<Rejections>("/api/v1/rejections", { limit: ROWS }, signal),
  });

/** The newest requests of one playground, newest first. */
export async function readRequests(id: string, signal: AbortSignal): Promise<PlaygroundRequest[]> {
  const path = `/api/v1/playgrounds/${encodeURIComponent(id)}/requests`;
  return (await read<{ requests: PlaygroundRequest[] }>(path, { limit: 200 }, signal)).requests;
}

/** Where the live stream of one playground is. */
export const liveUrl = (id: string) => `/api/v1/playgrounds/${encodeURIComponent(id)}/live`;
