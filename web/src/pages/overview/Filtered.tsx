// How many events a destination did not get because they were filtered, and for which reasons.
import type { FilteredCounts } from "../../api/status";
import { count, exact } from "../../parts/format";

/** `filtered_event` as `event`: in this cell all reasons begin alike. */
const short = (reason: string) => reason.replace(/^filtered_/, "");

export function Filtered({ counts: { total, by_reason } }: { counts: FilteredCounts }) {
  const sentences = by_reason.map(
    (each) => `${exact(each.count)}: ${each.sentence || each.reason}`,
  );
  return (
    <td className="number-cell" data-zero={total === 0 || undefined}>
      <span title={[exact(total), ...sentences].join("\n")}>{count(total)}</span>
      {by_reason.map((each) => (
        <span className="secondary" key={each.reason}>
          {short(each.reason)} {count(each.count)}
        </span>
      ))}
    </td>
  );
}
