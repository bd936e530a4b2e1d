// A table's cell with a count: short, exact where one points at it, coloured where it is bad.
import type { ReactNode } from "react";
import { count, exact } from "./format";
import type { Tone } from "./words";

interface Props {
  n: number;
  tone?: Tone;
  /** What stands below the count. */
  children?: ReactNode;
}

export function Count({ n, tone, children }: Props) {
  return (
    <td
      className="number-cell"
      data-tone={n > 0 ? tone : undefined}
      data-zero={n === 0 || undefined}
    >
      <span title={exact(n)}>{count(n)}</span>
      {children}
    </td>
  );
}
