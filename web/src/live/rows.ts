// The rows of Live: what the stream tells, put together by event, newest first and bounded.
import type { DeliveryStatus } from "../api/deliveries";

/** Rows kept in the browser; the oldest fall out. */
export const LIVE_ROWS_MAX = 1_000;

/** What the stream tells of an event; every text in it is a stranger's, and may be cut. */
export interface Face {
  source: string;
  type: string;
  name: string | null;
  user_id: string | null;
  anonymous_id: string | null;
  message_id: string | null;
}

export interface EventNotice extends Face {
  seq: number;
  at: string;
}

export interface DeliveryNotice extends Partial<Face> {
  seq: number;
  destination: string;
  status: DeliveryStatus;
  http_status: number;
  reason: string;
  sentence: string;
  attempt: number;
  at: string;
  duration_us: number;
  next_try_at: string | null;
  replay?: number | null;
}

export interface RejectedNotice {
  at: string;
  source: string | null;
  reason: string;
  sentence: string;
  detail: string;
}

export type Notice =
  | { kind: "event"; notice: EventNotice }
  | { kind: "delivery"; notice: DeliveryNotice }
  | { kind: "rejected"; notice: RejectedNotice };

export interface EventLine {
  kind: "event";
  key: string;
  seq: number;
  at: string;
  /** None where only a delivery of it was told. */
  face: Face | null;
  /** The latest of each destination, in the order in which they were first told. */
  deliveries: readonly DeliveryNotice[];
}

export interface RejectedLine {
  kind: "rejected";
  key: string;
  at: string;
  notice: RejectedNotice;
}

export type LiveLine = EventLine | RejectedLine;

function faceOf({ source, type, name, user_id, anonymous_id, message_id }: Partial<Face>) {
  if (source === undefined || type === undefined) return null;
  return {
    source,
    type,
    name: name ?? null,
    user_id: user_id ?? null,
    anonymous_id: anonymous_id ?? null,
    message_id: message_id ?? null,
  };
}

function withDelivery(line: EventLine, notice: DeliveryNotice): EventLine {
  const at = line.deliveries.findIndex((each) => each.destination === notice.destination);
  const deliveries =
    at < 0
      ? [...line.deliveries, notice]
      : line.deliveries.map((each, index) => (index === at ? notice : each));
  return { ...line, face: line.face ?? faceOf(notice), deliveries };
}

const lineOf = (seq: number, at: string, face: Face | null): EventLine => ({
  kind: "event",
  key: `e${seq}`,
  seq,
  at,
  face,
  deliveries: [],
});

/** A bounded list that knows where each event stands in it. */
export interface LiveRows {
  /** Newest first. */
  lines: readonly LiveLine[];
  /** Lines that came since the beginning, also those that have fallen out. */
  received: number;
  /** Rejections carry no id of their own. */
  rejected: number;
}

export const NO_ROWS: LiveRows = { lines: [], received: 0, rejected: 0 };

/** Takes notices in their order; lines that nothing was told of stay the same objects. */
export function taken(rows: LiveRows, notices: readonly Notice[]): LiveRows {
  if (notices.length === 0) return rows;
  const lines = [...rows.lines];
  const fresh: LiveLine[] = [];
  const known = new Map<number, { list: LiveLine[]; at: number }>();
  lines.forEach((line, at) => {
    if (line.kind === "event") known.set(line.seq, { list: lines, at });
  });
  let { rejected } = rows;
  const push = (line: LiveLine) => {
    if (line.kind === "event") known.set(line.seq, { list: fresh, at: fresh.length });
    fresh.push(line);
  };
  for (const { kind, notice } of notices) {
    if (kind === "rejected") {
      rejected += 1;
      fresh.push({ kind, key: `r${rejected}`, at: notice.at, notice });
      continue;
    }
    const place = known.get(notice.seq);
    const line = place?.list[place.at];
    if (kind === "event") {
      if (!place || line?.kind !== "event") push(lineOf(notice.seq, notice.at, faceOf(notice)));
      else place.list[place.at] = { ...line, at: notice.at, face: faceOf(notice) };
    } else if (place && line?.kind === "event") {
      place.list[place.at] = withDelivery(line, notice);
    } else {
      push(withDelivery(lineOf(notice.seq, notice.at, null), notice));
    }
  }
  return {
    lines: [...fresh.reverse(), ...lines].slice(0, LIVE_ROWS_MAX),
    received: rows.received + fresh.length,
    rejected,
  };
}
