// Follows the live stream of events: takes its notices into bounded rows, and comes back by itself
// after an interruption, behind the row that was seen last. It is a store that React subscribes to.
import { type LiveFilter, liveStreamUrl } from "../api/live";
import { type LiveRows, NO_ROWS, type Notice, taken } from "./rows";

export type StreamState = "connecting" | "live" | "reconnecting" | "refused";

export interface StreamView {
  state: StreamState;
  rows: LiveRows;
  /** How many of how many rows of the last second were shown; null where all were. */
  sampled: { shown: number; of: number } | null;
  /** Why the server does not open the stream. */
  refusal: string;
}

export interface Stream {
  view: () => StreamView;
  subscribe: (changed: () => void) => () => void;
  /** Opens the stream; answers how to close it. */
  follow: () => () => void;
}

/** New rows are shown at most this often, so that a burst costs one paint and not a thousand. */
const FLUSH_MS = 200;
const RECONNECT_MS_MIN = 500;
const RECONNECT_MS_MAX = 10_000;
/** A sample is told each second while there is one; after this it is over. */
const SAMPLED_MS = 2_500;
/** Browsers allow six connections to one host: a tab that nobody looks at gives its own back. */
const HIDDEN_MS_MAX = 30_000;

const KINDS = ["event", "delivery", "rejected"] as const;

/** Asks by a plain request why the stream was refused; an event source does not say. */
async function refusalOf(url: string): Promise<string> {
  const asking = new AbortController();
  try {
    const answer = await fetch(url, { signal: asking.signal });
    if (answer.ok) return "";
    const { detail } = (await answer.json()) as { detail?: string };
    return detail || `The server answered ${answer.status}.`;
  } catch {
    return "";
  } finally {
    asking.abort();
  }
}

export function createStream(filter: LiveFilter): Stream {
  let view: StreamView = { state: "connecting", rows: NO_ROWS, sampled: null, refusal: "" };
  const listeners = new Set<() => void>();
  const show = (change: Partial<StreamView>) => {
    view = { ...view, ...change };
    for (const listener of listeners) listener();
  };

  const follow = () => {
    let source: EventSource | null = null;
    let last = "";
    let pending: Notice[] = [];
    let flushing: ReturnType<typeof setTimeout> | undefined;
    let waking: ReturnType<typeof setTimeout> | undefined;
    let hiding: ReturnType<typeof setTimeout> | undefined;
    let sampling: ReturnType<typeof setTimeout> | undefined;
    let wait = RECONNECT_MS_MIN;
    let ended = false;

    const flush = () => {
      flushing = undefined;
      const notices = pending;
      pending = [];
      show({ rows: taken(view.rows, notices) });
    };
    const stop = () => {
      source?.close();
      source = null;
      clearTimeout(waking);
      waking = undefined;
    };
    const comeBack = async (url: string) => {
      stop();
      const refusal = await refusalOf(url);
      if (ended || source !== null) return;
      const state = refusal !== "" ? "refused" : last === "" ? "connecting" : "reconnecting";
      show({ state, refusal });
      waking = setTimeout(open, wait);
      wait = Math.min(wait * 2, RECONNECT_MS_MAX);
    };
    const heard = (kind: Notice["kind"], { data, lastEventId }: MessageEvent<string>) => {
      if (lastEventId !== "") last = lastEventId;
      try {
        pending.push({ kind, notice: JSON.parse(data) } as Notice);
      } catch {
        return;
      }
      flushing ??= setTimeout(flush, FLUSH_MS);
    };
    const heardSample = ({ data }: MessageEvent<string>) => {
      clearTimeout(sampling);
      sampling = setTimeout(() => show({ sampled: null }), SAMPLED_MS);
      const { shown, of } = JSON.parse(data) as { shown: number; of: number };
      show({ sampled: of > shown ? { shown, of } : null });
    };
    function open() {
      waking = undefined;
      const url = liveStreamUrl(filter, last);
      source = new EventSource(url);
      source.onopen = () => {
        wait = RECONNECT_MS_MIN;
        show({ state: "live", refusal: "" });
      };
      for (const kind of KINDS) {
        source.addEventListener(kind, (event) => heard(kind, event as MessageEvent<string>));
      }
      source.addEventListener("sampled", (event) => heardSample(event as MessageEvent<string>));
      source.onerror = () => void comeBack(url);
    }
    const visibilityChanged = () => {
      clearTimeout(hiding);
      if (document.visibilityState === "hidden") hiding = setTimeout(stop, HIDDEN_MS_MAX);
      else if (source === null && waking === undefined) open();
    };
    document.addEventListener("visibilitychange", visibilityChanged);
    open();
    return () => {
      ended = true;
      document.removeEventListener("visibilitychange", visibilityChanged);
      clearTimeout(hiding);
      clearTimeout(flushing);
      clearTimeout(sampling);
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
