// What stores that follow a live stream share: a view that React subscribes to, an event source that is
// kept open, and rows that are shown some at a time.
import { useEffect, useMemo, useSyncExternalStore } from "react";

export interface Followed<View> {
  view: () => View;
  subscribe: (changed: () => void) => () => void;
  /** Opens the stream; answers how to close it. */
  follow: () => () => void;
}

/** Lets a component follow what `create` makes of `key`. */
export function useFollowed<View>(create: (key: string) => Followed<View>, key: string): View {
  const followed = useMemo(() => create(key), [create, key]);
  useEffect(() => followed.follow(), [followed]);
  return useSyncExternalStore(followed.subscribe, followed.view);
}

/** A view that changes part by part. */
export function createView<View extends object>(first: View) {
  let view = first;
  const listeners = new Set<() => void>();
  return {
    view: () => view,
    subscribe: (changed: () => void) => {
      listeners.add(changed);
      return () => listeners.delete(changed);
    },
    show: (change: Partial<View>) => {
      view = { ...view, ...change };
      for (const listener of listeners) listener();
    },
  };
}

/** Hands on what is added, all at once and at most every so many ms: a burst costs one paint. */
export function createBatch<Row>(everyMs: number, take: (rows: Row[]) => void) {
  let pending: Row[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = () => {
    timer = undefined;
    const rows = pending;
    pending = [];
    take(rows);
  };
  return {
    add: (row: Row) => {
      pending.push(row);
      timer ??= setTimeout(flush, everyMs);
    },
    drop: () => {
      clearTimeout(timer);
      timer = undefined;
      pending = [];
    },
  };
}

const RECONNECT_MS_MIN = 500;
/** Browsers allow six connections to one host: a tab that nobody looks at gives its own back. */
const HIDDEN_MS_MAX = 30_000;

interface Wanted {
  open: () => EventSource;
  /** The longest wait before it is opened again. */
  waitMsMax: number;
  /** Whether it is worth opening at all. */
  isWanted?: () => boolean;
  /** What ends with the source. */
  onClose?: () => void;
}

/** An event source that is opened again after an interruption, each time a little later. */
export function keepOpen({ open, waitMsMax, isWanted = () => true, onClose }: Wanted) {
  let source: EventSource | null = null;
  let waking: ReturnType<typeof setTimeout> | undefined;
  let hiding: ReturnType<typeof setTimeout> | undefined;
  let wait = RECONNECT_MS_MIN;
  let ended = false;

  const begin = () => {
    waking = undefined;
    source = open();
  };
  const close = () => {
    source?.close();
    source = null;
    clearTimeout(waking);
    waking = undefined;
    onClose?.();
  };
  const visibilityChanged = () => {
    clearTimeout(hiding);
    if (document.visibilityState === "hidden") hiding = setTimeout(close, HIDDEN_MS_MAX);
    else if (source === null && waking === undefined && isWanted()) begin();
  };
  document.addEventListener("visibilitychange", visibilityChanged);
  return {
    begin,
    close,
    /** It stands: the next interruption begins with the shortest wait. */
    stands: () => {
      wait = RECONNECT_MS_MIN;
    },
    /** Opens it again after a while. */
    wake: () => {
      waking = setTimeout(begin, wait);
      wait = Math.min(wait * 2, waitMsMax);
    },
    /** Whether nothing is open, and nothing has ended. */
    isClosed: () => source === null && !ended,
    end: () => {
      ended = true;
      document.removeEventListener("visibilitychange", visibilityChanged);
      clearTimeout(hiding);
      close();
    },
  };
}
