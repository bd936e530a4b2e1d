// Who is asking: name, role and rights, and how a session begins and ends.
import { queryOptions, useQuery } from "@tanstack/react-query";
import { act, change, Problem, read } from "./client";

export type Right = "view" | "payload" | "edit" | "admin";

export interface Me {
  name: string;
  role: string;
  auth: "session" | "token" | "cookie_file" | "off";
  rights: Right[];
}

/** The role that has a right and no more. */
export const ROLE_WITH: Record<Right, string> = {
  view: "viewer",
  payload: "payload viewer",
  edit: "editor",
  admin: "admin",
};

const ME_MS = 30_000;

export const meQuery = () =>
  queryOptions({
    queryKey: ["me"],
    queryFn: async ({ signal }) => await read<Me>("/api/v1/me", {}, signal),
    refetchInterval: ME_MS,
    staleTime: ME_MS / 2,
  });

/** Whether the one who looks has a right; nobody has one until the server has said so. */
export function useMay(right: Right): boolean {
  const { data } = useQuery(meQuery());
  return data?.rights.includes(right) ?? false;
}

export const mustLogIn = (error: unknown) => error instanceof Problem && error.body.status === 401;

export const logIn = async (who: { name: string; password: string }) =>
  await act<unknown>("/api/v1/session", who);

export const logOut = async () => await change<unknown>("DELETE", "/api/v1/session");

/** Whether nobody can log in yet, and the link that the server has printed is to be opened. */
export const setupQuery = () =>
  queryOptions({
    queryKey: ["setup"],
    queryFn: async ({ signal }) => await read<{ needed: boolean }>("/api/v1/setup", {}, signal),
  });

/** Makes the first admin, who is logged in with it. */
export const setUp = async (who: { code: string; name: string; password: string }) =>
  await act<unknown>("/api/v1/setup", who);
