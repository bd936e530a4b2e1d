// The list of requests: one row each, newest first; click, arrow keys, j and k move the selection.
import { type KeyboardEvent, memo, useLayoutEffect, useRef } from "react";
import type { FeedRow } from "../../live/feed";
import { bytes } from "../../parts/format";
import { Hostile } from "../../parts/Hostile";
import { Kind } from "../../parts/Kind";
import { Time } from "../../parts/Time";

interface RowProps {
  row: FeedRow;
  selected: boolean;
  /** The one row that Tab reaches; arrow keys go on from there. */
  tabbable: boolean;
  onSelect: (row: FeedRow) => void;
}

const Row = memo(
  function Row({ row, selected, tabbable, onSelect }: RowProps) {
    return (
      <tr data-selected={selected || undefined} onClick={() => onSelect(row)}>
        <td>
          <Time at={row.at} />
        </td>
        <td className="method">
          <Hostile text={row.method} />
        </td>
        <td>
          <Kind kind={row.kind} />
        </td>
        <th scope="row">
          <button
            type="button"
            className="row-button"
            data-number={row.number}
            tabIndex={tabbable ? 0 : -1}
            aria-current={selected || undefined}
            onClick={(event) => {
              event.stopPropagation();
              onSelect(row);
            }}
          >
            {row.title ? (
              <Hostile text={row.title} />
            ) : (
              <span className="none">{`request ${row.number}`}</span>
            )}
          </button>
        </th>
        <td className="user">
          {row.user ? <Hostile text={row.user} /> : <span className="none">–</span>}
        </td>
        <td className="number-cell size">{bytes(row.body_bytes)}</td>
      </tr>
    );
  },
  (a, b) => a.row === b.row && a.selected === b.selected && a.tabbable === b.tabbable,
);

const STEPS: Record<string, number> = {
  ArrowDown: 1,
  j: 1,
  ArrowUp: -1,
  k: -1,
  PageDown: 10,
  PageUp: -10,
};

interface Props {
  rows: readonly FeedRow[];
  selected: number | undefined;
  onSelect: (row: FeedRow | null) => void;
  onPause: () => void;
}

export function RequestList({ rows, selected, onSelect, onPause }: Props) {
  const list = useRef<HTMLDivElement>(null);
  const moved = useRef(false);
  // The memoised rows keep the first handler they got; it must always reach today's.
  const latest = useRef(onSelect);
  latest.current = onSelect;
  const stable = useRef((row: FeedRow | null) => latest.current(row)).current;

  useLayoutEffect(() => {
    if (!moved.current) return;
    moved.current = false;
    const button = list.current?.querySelector<HTMLElement>(`[data-number="${selected}"]`);
    button?.focus({ preventScroll: true });
    button?.closest("tr")?.scrollIntoView({ block: "nearest" });
  }, [selected]);

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const at = rows.findIndex((row) => row.number === selected);
    const step = STEPS[event.key];
    let to: number;
    if (step !== undefined) to = Math.min(Math.max(at + step, 0), rows.length - 1);
    else if (event.key === "Home") to = 0;
    else if (event.key === "End") to = rows.length - 1;
    else if (event.key === "Escape") {
      event.preventDefault();
      return stable(null);
    } else if (event.key === "p") return onPause();
    else return;
    event.preventDefault();
    const row = rows[to];
    if (!row) return;
    moved.current = row.number !== selected;
    stable(row);
  };

  const tabbable = rows.some((row) => row.number === selected) ? selected : rows[0]?.number;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it only hears the keys of its buttons.
    <div className="split-list requests" ref={list} onKeyDown={onKeyDown}>
      <table aria-label="Requests, newest first">
        <thead>
          <tr>
            <th scope="col">Time</th>
            <th scope="col" className="method">
              Method
            </th>
            <th scope="col">Kind</th>
            <th scope="col">Event</th>
            <th scope="col" className="user">
              User
            </th>
            <th scope="col" className="number-cell size">
              Size
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Row
              key={row.number}
              row={row}
              selected={row.number === selected}
              tabbable={row.number === tabbable}
              onSelect={stable}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}
