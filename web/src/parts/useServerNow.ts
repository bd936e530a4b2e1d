// The server's clock, for countdowns: it need not agree with the browser's.
import { useQuery } from "@tanstack/react-query";
import { statusQuery } from "../api/status";
import { useNow } from "./Time";

/** In ms since 1970, again each second; the browser's own until the server has told its. */
export function useServerNow(): number {
  const { data: status } = useQuery(statusQuery());
  const now = useNow();
  return status ? Date.parse(status.now) + Math.max(0, now - status.seenAtMs) : now;
}
