// A table's cell with a count: short, exact where one points at it, coloured where it is bad.
import { count, exact } from "./format";
import type { Tone } from "./words";

export function Count({ n, tone }: { n: number; tone?: Tone }) {
  return (
    <td
      className="number-cell"
      data-tone={n > 0 ? tone : undefined}
      data-zero={n === 0 || undefined}
    >
      <span title={exact(n)}>{count(n)}</span>
    </td>
  );
}
