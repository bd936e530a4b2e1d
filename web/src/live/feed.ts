// Follows one playground: fills a bounded ring from the listing, then from the live stream, and
// comes back by itself after an interruption.
import { Problem } from "../api/client";
import type { PlaygroundRequest } from "../api/playgrounds";
import { liveUrl, readRequests } from "../api/playgrounds";
import { createBatch, createView, type Followed, keepOpen, useFollowed } from "./following";
import { merged, RING_ROWS_MAX, refilled } from "./ring";
import { type Summary, summary } from "./summary";

export type FeedState = "connecting" | "live" | "reconnecting" | "refused" | "missing";

export interface FeedRow extends PlaygroundRequest, Summary {}

export interface FeedView {
  state: FeedState;
  rows: readonly FeedRow[];
  /** Rows that came since the page opened, also those that the ring has dropped. */
  received: number;
  /** Whether the first listing has come. */
  filled: boolean;
  /** Why the server does not show it; it is asked again. */
  refusal: Problem | null;
}

/** New rows are shown at most this often. */
const FLUSH_MS = 100;
const RECONNECT_MS_MAX = 5_000;
/** After a gap in the numbers the listing is read again, at most this often. */
const HEAL_MS = 2_000;

/** The live stream drops rows rather than wait for a slow browser: do the numbers show a gap? */
function hasGap(rows: readonly FeedRow[], knownTo: number): boolean {
  const numbers = new Set(rows.map((row) => row.number));
  const newest = rows[0]?.number ?? 0;
  const from = Math.max(knownTo + 1, newest - RING_ROWS_MAX + 1);
  for (let number = from; number <= newest; number += 1) if (!numbers.has(number)) return true;
  return false;
}

const asRow = (request: PlaygroundRequest): FeedRow => ({ ...request, ...summary(request) });

export function createFeed(id: string): Followed<FeedView> {
  const { view, subscribe, show } = createView<FeedView>({
    state: "connecting",
    rows: [],
    received: 0,
    filled: false,
    refusal: null,
  });
  /** Takes rows into the view; what was there before counts as not received. */
  const take = (rows: readonly FeedRow[], change: Partial<FeedView> = {}) => {
    const before = view().rows[0]?.number ?? 0;
    const after = rows[0]?.number ?? 0;
    const received = view().received + Math.max(0, after - before);
    show({ rows, received, ...change });
  };

  const follow = () => {
    let reading = new AbortController();
    let healing: ReturnType<typeof setTimeout> | undefined;
    const batch = createBatch<FeedRow>(FLUSH_MS, (rows) => {
      const knownTo = view().rows[0]?.number ?? 0;
      take(merged(view().rows, rows));
      if (view().filled && hasGap(view().rows, knownTo)) healing ??= setTimeout(heal, HEAL_MS);
    });
    const isThere = () => view().state !== "missing";
    const onClose = () => {
      reading.abort();
      clearTimeout(healing);
      healing = undefined;
      batch.drop();
    };
    const comeBack = () => {
      line.close();
      if (!isThere()) return;
      if (view().state !== "refused")
        show({ state: view().filled ? "reconnecting" : "connecting" });
      line.wake();
    };
    const fill = async () => {
      reading = new AbortController();
      const { signal } = reading;
      try {
        const listing = await readRequests(id, signal);
        if (signal.aborted) return;
        take(refilled(view().rows, listing.map(asRow)), {
          state: "live",
          filled: true,
          refusal: null,
        });
        line.stands();
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof Problem) {
          const isMissing = error.body.status === 404;
          show(isMissing ? { state: "missing" } : { state: "refused", refusal: error });
        }
        comeBack();
      }
    };
    function heal() {
      healing = undefined;
      void fill();
    }
    const open = () => {
      const source = new EventSource(liveUrl(id));
      // The listing is read once the stream stands, so that nothing falls between the two.
      source.onopen = () => void fill();
      source.onmessage = ({ data }) => {
        try {
          batch.add(asRow(JSON.parse(data) as PlaygroundRequest));
        } catch {
          // What is no request is passed over.
        }
      };
      source.onerror = () => {
        // The stream does not say why it failed; the listing does, e.g. that there is no such playground.
        if (!view().filled) {
          source.close();
          void fill().then(() => {
            if (view().state === "live") comeBack();
          });
        } else comeBack();
      };
      return source;
    };
    const line = keepOpen({ open, waitMsMax: RECONNECT_MS_MAX, isWanted: isThere, onClose });
    line.begin();
    return line.end;
  };
  return { view, subscribe, follow };
}

export const useFeed = (id: string) => useFollowed(createFeed, id);
