// Issues: failures of one kind at one destination, and how they are recovered.
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import type { Attempt } from "./attempts";
import { act, read } from "./client";

export const ISSUE_STATES = ["open", "acknowledged", "resolved", "ignored"] as const;

export type IssueState = (typeof ISSUE_STATES)[number];

/** What people say of an issue. */
export type Ruling = "acknowledged" | "resolved" | "ignored";

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
  /** Failures in each hour from `since` on; the last one is not over. */
  trend: { since: string; failed: number[] };
  /** What somebody said of it, and when. */
  mark: { ruling: Ruling; at: string; by: string; note: string } | null;
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

const pathOf = (id: number) => `/api/v1/issues/${id}`;

const DEEDS: Record<Ruling, string> = {
  acknowledged: "acknowledge",
  resolved: "resolve",
  ignored: "ignore",
};

export const markIssue = async (id: number, ruling: Ruling, note: string) =>
  await act<Issue>(`${pathOf(id)}/${DEEDS[ruling]}`, { note });

/** Takes back what somebody said. */
export const reopenIssue = async (id: number) => await act<Issue>(`${pathOf(id)}/reopen`);

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
