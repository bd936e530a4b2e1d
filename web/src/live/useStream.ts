// Lets a component follow the live stream of events.
import { useEffect, useMemo, useSyncExternalStore } from "react";
import type { LiveFilter } from "../api/live";
import { createStream, type StreamView } from "./stream";

export function useStream(filter: LiveFilter): StreamView {
  const key = JSON.stringify(filter);
  const stream = useMemo(() => createStream(JSON.parse(key) as LiveFilter), [key]);
  useEffect(() => stream.follow(), [stream]);
  return useSyncExternalStore(stream.subscribe, stream.view);
}
