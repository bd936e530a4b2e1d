// Lets a component follow a playground, and hold its view still while the stream goes on.
import { useEffect, useMemo, useState, useSyncExternalStore } from "react";
import { createFeed, type FeedView } from "./feed";

export function useFeed(id: string): FeedView {
  const feed = useMemo(() => createFeed(id), [id]);
  useEffect(() => feed.follow(), [feed]);
  return useSyncExternalStore(feed.subscribe, feed.view);
}

export interface Hold {
  /** What to show: the live view, or the one at the moment of holding. */
  shown: FeedView;
  held: boolean;
  /** Rows that came since. */
  missed: number;
  hold: () => void;
  release: () => void;
}

export function useHold(view: FeedView): Hold {
  const [kept, setKept] = useState<FeedView | null>(null);
  return {
    shown: kept ?? view,
    held: kept !== null,
    missed: kept ? view.received - kept.received : 0,
    hold: () => setKept((before) => before ?? view),
    release: () => setKept(null),
  };
}
