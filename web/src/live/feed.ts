// Follows one playground: fills a bounded ring from the listing, then from the live stream, and
// comes back by itself after an interruption. It is a store that React subscribes to.
import { Problem } from "../api/client";
import type { PlaygroundRequest } from "../api/playgrounds";
import { liveUrl, readRequests } from "../api/playgrounds";
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

export interface Feed {
  view: () => FeedView;
  subscribe: (changed: () => void) => () => void;
  /** Opens the stream; answers how to close it. */
  follow: () => () => void;
}

/** New rows are shown at most this often, so that a burst costs one paint and not a thousand. */
const FLUSH_MS = 100;
const RECONNECT_MS_MIN = 500;
const RECONNECT_MS_MAX = 5_000;
/** After a gap in the numbers the listing is read again, at most this often. */
const HEAL_MS = 2_000;
/** Browsers allow six connections to one host: a tab that nobody looks at gives its own back. */
const HIDDEN_MS_MAX = 30_000;

/** The live stream drops rows rather than wait for a slow browser: do the numbers show a gap? */
function hasGap(rows: readonly FeedRow[], knownTo: number): boolean {
  const numbers = new Set(rows.map((row) => row.number));
  const newest = rows[0]?.number ?? 0;
  const from = Math.max(knownTo + 1, newest - RING_ROWS_MAX + 1);
  for (let number = from; number <= newest; number += 1) if (!numbers.has(number)) return true;
  return false;
}

const asRow = (request: PlaygroundRequest): FeedRow => ({ ...request, ...summary(request) });

export function createFeed(id: string): Feed {
  let view: FeedView = {
    state: "connecting",
    rows: [],
    received: 0,
    filled: false,
    refusal: null,
  };
  const listeners = new Set<() => void>();
  const show = (change: Partial<FeedView>) => {
    view = { ...view, ...change };
    for (const listener of listeners) listener();
  };
  /** Takes rows into the view; what was there before counts as not received. */
  const take = (rows: readonly FeedRow[], change: Partial<FeedView> = {}) => {
    const before = view.rows[0]?.number ?? 0;
    const after = rows[0]?.number ?? 0;
    const received = view.received + Math.max(0, after - before);
    show({ rows, received, ...change });
  };

  const follow = () => {
    let source: EventSource | null = null;
    let reading = new AbortController();
    let pending: FeedRow[] = [];
    let flushing: ReturnType<typeof setTimeout> | undefined;
    let healing: ReturnType<typeof setTimeout> | undefined;
    let waking: ReturnType<typeof setTimeout> | undefined;
    let hiding: ReturnType<typeof setTimeout> | undefined;
    let wait = RECONNECT_MS_MIN;

    const flush = () => {
      flushing = undefined;
      const rows = pending;
      pending = [];
      const knownTo = view.rows[0]?.number ?? 0;
      take(merged(view.rows, rows));
      if (view.filled && hasGap(view.rows, knownTo)) healing ??= setTimeout(heal, HEAL_MS);
    };
    const stop = () => {
      source?.close();
      source = null;
      reading.abort();
      clearTimeout(flushing);
      clearTimeout(healing);
      clearTimeout(waking);
      flushing = undefined;
      healing = undefined;
      waking = undefined;
      pending = [];
    };
    const comeBack = () => {
      stop();
      if (view.state === "missing") return;
      if (view.state !== "refused") show({ state: view.filled ? "reconnecting" : "connecting" });
      waking = setTimeout(open, wait);
      wait = Math.min(wait * 2, RECONNECT_MS_MAX);
    };
    const fill = async () => {
      reading = new AbortController();
      const { signal } = reading;
      try {
        const listing = await readRequests(id, signal);
        if (signal.aborted) return;
        take(refilled(view.rows, listing.map(asRow)), {
          state: "live",
          filled: true,
          refusal: null,
        });
        wait = RECONNECT_MS_MIN;
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
    function open() {
      source = new EventSource(liveUrl(id));
      // The listing is read once the stream stands, so that nothing falls between the two.
      source.onopen = () => void fill();
      source.onmessage = ({ data }) => {
        try {
          pending.push(asRow(JSON.parse(data) as PlaygroundRequest));
        } catch {
          return;
        }
        flushing ??= setTimeout(flush, FLUSH_MS);
      };
      source.onerror = () => {
        // The stream does not say why it failed; the listing does, e.g. that there is no such playground.
        if (!view.filled) {
          source?.close();
          void fill().then(() => {
            if (view.state === "live") comeBack();
          });
        } else comeBack();
      };
    }
    const visibilityChanged = () => {
      clearTimeout(hiding);
      if (document.visibilityState === "hidden") hiding = setTimeout(stop, HIDDEN_MS_MAX);
      else if (source === null && waking === undefined && view.state !== "missing") open();
    };
    document.addEventListener("visibilitychange", visibilityChanged);
    open();
    return () => {
      document.removeEventListener("visibilitychange", visibilityChanged);
      clearTimeout(hiding);
      stop();
    };
  };

  return {
    view: () => view,
    subscribe: (changed) => {
      listeners.add(changed);
      return () => listeners.delete(changed);
    },
    follow,
  };
}
