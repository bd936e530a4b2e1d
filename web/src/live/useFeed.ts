// Lets a component follow a playground.
import { useEffect, useMemo, useSyncExternalStore } from "react";
import { createFeed, type FeedView } from "./feed";

export function useFeed(id: string): FeedView {
  const feed = useMemo(() => createFeed(id), [id]);
  useEffect(() => feed.follow(), [feed]);
  return useSyncExternalStore(feed.subscribe, feed.view);
}
