// The bounded list of playground requests that the browser keeps: newest first, no row twice.
import type { PlaygroundRequest } from "../api/playgrounds";

/** Rows kept in the browser; the oldest fall out. */
export const RING_ROWS_MAX = 500;

/**
 * Puts `incoming` (any order) before `rows`. A number that comes again with another time, or lists
 * that end below what is known, mean that the server began anew: what was known is dropped.
 */
export function merged<Row extends Pick<PlaygroundRequest, "number" | "at">>(
  rows: readonly Row[],
  incoming: readonly Row[],
): readonly Row[] {
  if (incoming.length === 0) return rows;
  const known = new Map(rows.map((row) => [row.number, row.at]));
  const restarted = incoming.some(
    (row) => known.has(row.number) && known.get(row.number) !== row.at,
  );
  if (restarted) return merged([], incoming);
  const fresh = new Map<number, Row>();
  for (const row of incoming) if (!known.has(row.number)) fresh.set(row.number, row);
  if (fresh.size === 0) return rows;
  return [...fresh.values(), ...rows].sort((a, b) => b.number - a.number).slice(0, RING_ROWS_MAX);
}

/** Takes a fresh listing of the server's: like `merged`, but the server's newest number counts. */
export function refilled<Row extends Pick<PlaygroundRequest, "number" | "at">>(
  rows: readonly Row[],
  listing: readonly Row[],
): readonly Row[] {
  const newest = Math.max(0, ...listing.map((row) => row.number));
  const known = rows[0]?.number ?? 0;
  return newest < known ? merged([], listing) : merged(rows, listing);
}
