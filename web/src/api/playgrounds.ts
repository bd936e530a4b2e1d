// Playgrounds: what the built-in receivers got.
import { read } from "./client";

/** One request as a playground received it; every text in it was written by a stranger. */
export interface PlaygroundRequest {
  number: number;
  at: string;
  method: string;
  path: string;
  query: string;
  headers: [string, string][];
  body: string;
  body_bytes: number;
  truncated: boolean;
}

/** The newest requests of one playground, newest first. */
export async function readRequests(id: string, signal: AbortSignal): Promise<PlaygroundRequest[]> {
  const path = `/api/v1/playgrounds/${encodeURIComponent(id)}/requests`;
  return (await read<{ requests: PlaygroundRequest[] }>(path, { limit: 200 }, signal)).requests;
}

/** Where the live stream of one playground is. */
export const liveUrl = (id: string) => `/api/v1/playgrounds/${encodeURIComponent(id)}/live`;
