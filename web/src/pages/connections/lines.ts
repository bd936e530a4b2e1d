// Where the lines of the picture of connections run: sources at the left, destinations at the right.
import type { Connection } from "../../api/status";

/** Above this many lines nobody can tell them apart: the table says it better. */
export const LINES_MAX = 30;
export const ROW_PX = 40;

export interface Line {
  id: string;
  enabled: boolean;
  /** Middles of the rows that it joins, in px from the top. */
  from: number;
  to: number;
}

const middle = (row: number) => row * ROW_PX + ROW_PX / 2;

/** The lines of what is there at both ends. */
export function linesOf(
  connections: readonly Pick<Connection, "id" | "source" | "destination" | "enabled">[],
  sources: readonly string[],
  destinations: readonly string[],
): Line[] {
  return connections.flatMap(({ id, source, destination, enabled }) => {
    const [from, to] = [sources.indexOf(source), destinations.indexOf(destination)];
    return from < 0 || to < 0 ? [] : [{ id, enabled, from: middle(from), to: middle(to) }];
  });
}

/** A line that leaves and arrives level, across `width`. */
export function curve({ from, to }: Pick<Line, "from" | "to">, width: number): string {
  const half = width / 2;
  return `M0 ${from}C${half} ${from} ${half} ${to} ${width} ${to}`;
}
