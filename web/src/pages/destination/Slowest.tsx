// How long 95 of 100 events of the last hour took, in a table's cell.
import type { Fared } from "../../api/series";
import { exact } from "../../parts/format";

export function Slowest({ fared }: { fared: Fared | undefined }) {
  const p95 = fared?.sum.p95_ms;
  return (
    <td className="number-cell">
      {typeof p95 === "number" ? (
        <span title="Of 100 events of the last hour, 95 were delivered within this">
          {exact(Math.round(p95))} ms
        </span>
      ) : (
        <span className="none">–</span>
      )}
    </td>
  );
}
