// The query cache of the dashboard, and the rhythm at which its questions are asked again.
import { QueryClient } from "@tanstack/react-query";

export const POLL_MS = 2_000;
/** Rows of a list that is not paged. */
export const ROWS = 50;

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
