// Follows the live stream of events: takes its notices into bounded rows, and comes back by itself
// after an interruption, behind the row that was seen last.
import { type LiveFilter, liveStreamUrl } from "../api/live";
import { createBatch, createView, type Followed, keepOpen, useFollowed } from "./following";
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

/** New rows are shown at most this often. */
const FLUSH_MS = 200;
const RECONNECT_MS_MAX = 10_000;
/** A sample is told each second while there is one; after this it is over. */
const SAMPLED_MS = 2_500;

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

export function createStream(filter: LiveFilter): Followed<StreamView> {
  const { view, subscribe, show } = createView<StreamView>({
    state: "connecting",
    rows: NO_ROWS,
    sampled: null,
    refusal: "",
  });

  const follow = () => {
    let last = "";
    let sampling: ReturnType<typeof setTimeout> | undefined;
    const batch = createBatch<Notice>(FLUSH_MS, (notices) =>
      show({ rows: taken(view().rows, notices) }),
    );
    const heard = (kind: Notice["kind"], { data, lastEventId }: MessageEvent<string>) => {
      if (lastEventId !== "") last = lastEventId;
      try {
        batch.add({ kind, notice: JSON.parse(data) } as Notice);
      } catch {
        // What is no notice is passed over.
      }
    };
    const heardSample = ({ data }: MessageEvent<string>) => {
      clearTimeout(sampling);
      sampling = setTimeout(() => show({ sampled: null }), SAMPLED_MS);
      const { shown, of } = JSON.parse(data) as { shown: number; of: number };
      show({ sampled: of > shown ? { shown, of } : null });
    };
    const comeBack = async (url: string) => {
      line.close();
      const refusal = await refusalOf(url);
      if (!line.isClosed()) return;
      const state = refusal !== "" ? "refused" : last === "" ? "connecting" : "reconnecting";
      show({ state, refusal });
      line.wake();
    };
    const open = () => {
      const url = liveStreamUrl(filter, last);
      const source = new EventSource(url);
      source.onopen = () => {
        line.stands();
        show({ state: "live", refusal: "" });
      };
      for (const kind of KINDS) {
        source.addEventListener(kind, (event) => heard(kind, event as MessageEvent<string>));
      }
      source.addEventListener("sampled", (event) => heardSample(event as MessageEvent<string>));
      source.onerror = () => void comeBack(url);
      return source;
    };
    const line = keepOpen({ open, waitMsMax: RECONNECT_MS_MAX });
    line.begin();
    return () => {
      line.end();
      batch.drop();
      clearTimeout(sampling);
    };
  };
  return { view, subscribe, follow };
}

const createOf = (key: string) => createStream(JSON.parse(key) as LiveFilter);

export const useStream = (filter: LiveFilter) => useFollowed(createOf, JSON.stringify(filter));
