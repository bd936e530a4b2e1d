// Issues: failures of one kind at one destination, and how they are recovered.
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import type { Attempt } from "./attempts";
import { read } from "./client";

export const ISSUE_STATES = ["open", "resolved"] as const;

export type IssueState = (typeof ISSUE_STATES)[number];

/** Failures of one kind at one destination. */
export interface Issue {
  id: number;
  destination: string;
  reason: string;
  /** The reason in words, and what to do about it. */
  sentence: string;
  advice: string;
  /** 0 where no answer came, or where several are told together. */
  status: number;
  state: IssueState;
  first_at: string;
  last_at: string;
  resolved_at: string | null;
  /** How often it came again after it was resolved. */
  reopened: number;
  /** Attempts that failed. */
  failed: number;
  /** Deliveries given up. */
  gave_up: number;
  /** Deliveries whose event was gone. */
  expired: number;
  /** Deliveries that wait because of it now. */
  waiting: number;
  users: { count: number; or_more: boolean };
  /** The latest event, and what was said of it. */
  sample: number;
  detail: string;
}

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
