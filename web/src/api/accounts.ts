// Who may come in: users, tokens, and the log of what all of them did.
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { act, change, read } from "./client";

export const ROLES = ["viewer", "payload_viewer", "editor", "admin"] as const;
export type Role = (typeof ROLES)[number];

export interface User {
  name: string;
  role: Role;
  made_at: string;
  /** In how many browsers logged in. */
  sessions: number;
  /** When one of them was used last, about. */
  seen_at: string | null;
}

export const usersQuery = () =>
  queryOptions({
    queryKey: ["users"],
    queryFn: async ({ signal }) =>
      (await read<{ users: User[] }>("/api/v1/users", {}, signal)).users,
  });

const userPath = (name: string) => `/api/v1/users/${encodeURIComponent(name)}`;

export const makeUser = async (user: { name: string; role: Role; password: string }) =>
  await act<User>("/api/v1/users", user);

export const setRole = async (name: string, role: Role) =>
  await change<User>("PUT", userPath(name), { body: { role } });

/** One's own takes the password until now, too. */
export const setPassword = async (
  name: string,
  passwords: { password: string; current?: string },
) => await act<unknown>(`${userPath(name)}/password`, passwords);

/** A browser in which the one who asks is logged in. */
export interface Session {
  id: string;
  begun_at: string;
  /** When it was used last, to the minute. */
  seen_at: string;
  address: string | null;
  /** What the browser called itself. */
  user_agent: string;
  /** Whether it is the one that asks. */
  is_this: boolean;
}

export const sessionsQuery = () =>
  queryOptions({
    queryKey: ["sessions"],
    queryFn: async ({ signal }) =>
      (await read<{ sessions: Session[] }>("/api/v1/sessions", {}, signal)).sessions,
  });

/** Logs out elsewhere: in one place, or everywhere but here. */
export const endSession = async (id: string | null) =>
  await change<void>(
    "DELETE",
    id === null ? "/api/v1/sessions" : `/api/v1/sessions/${encodeURIComponent(id)}`,
  );

export const removeUser = async (name: string) => await change<void>("DELETE", userPath(name));

export interface Token {
  id: string;
  name: string;
  role: Role;
  made_by: string;
  made_at: string;
  /** Null for never. */
  expires_at: string | null;
  /** When it was used last, about. */
  used_at: string | null;
}

export const tokensQuery = () =>
  queryOptions({
    queryKey: ["tokens"],
    queryFn: async ({ signal }) =>
      (await read<{ tokens: Token[] }>("/api/v1/tokens", {}, signal)).tokens,
  });

/** The answer has the token itself, this once. */
export const makeToken = async (token: { name: string; role: Role; expires_at: string | null }) =>
  await act<Token & { token: string }>("/api/v1/tokens", token);

export const removeToken = async (id: string) =>
  await change<void>("DELETE", `/api/v1/tokens/${encodeURIComponent(id)}`);

export interface Deed {
  id: number;
  at: string;
  by: string;
  address: string | null;
  action: string;
  kind: string;
  object: string;
  before: unknown;
  after: unknown;
}

export interface DeedFilter {
  by?: string | undefined;
  action?: string | undefined;
  kind?: string | undefined;
  object?: string | undefined;
}

interface DeedPage {
  records: Deed[];
  older_than: number | null;
}

export const auditQuery = (filter: DeedFilter) =>
  infiniteQueryOptions({
    queryKey: ["audit", filter],
    queryFn: async ({ pageParam, signal }) =>
      await read<DeedPage>(
        "/api/v1/audit",
        { ...filter, older_than: pageParam, limit: 50 },
        signal,
      ),
    initialPageParam: undefined as number | undefined,
    getNextPageParam: (page: DeedPage) => page.older_than ?? undefined,
    refetchInterval: ({ state }) => ((state.data?.pages.length ?? 1) > 1 ? false : 5_000),
  });
