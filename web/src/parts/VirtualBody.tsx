// The body of a long table in a page that scrolls: of very many rows only those near the screen are made.
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useLayoutEffect, useRef, useState } from "react";

/** Up to so many rows are simply there: then the browser's own search finds all of them. */
export const ROWS_PLAIN_MAX = 200;
const ROW_PX = 46;
const OVERSCAN = 20;

/** What a row of the body is given, to be told apart and measured. */
export interface RowPlace {
  "aria-rowindex"?: number;
  "data-index"?: number;
  ref?: (row: HTMLTableRowElement | null) => void;
}

interface Props<T> {
  rows: readonly T[];
  /** How many columns the table has. */
  columns: number;
  render: (row: T, place: RowPlace) => ReactNode;
}

/** As many pixels of nothing. */
function Gap({ px, columns }: { px: number; columns: number }) {
  if (px <= 0) return null;
  return (
    <tr className="gap">
      <td colSpan={columns} style={{ height: px }} />
    </tr>
  );
}

function Windowed<T>({ rows, columns, render }: Props<T>) {
  const body = useRef<HTMLTableSectionElement>(null);
  const [margin, setMargin] = useState(0);
  useLayoutEffect(() => {
    const top = body.current?.getBoundingClientRect().top ?? 0;
    setMargin(top + window.scrollY);
  }, []);
  const virtual = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => ROW_PX,
    overscan: OVERSCAN,
    scrollMargin: margin,
  });
  const shown = virtual.getVirtualItems();
  const above = (shown[0]?.start ?? margin) - margin;
  const below = virtual.getTotalSize() - ((shown.at(-1)?.end ?? margin) - margin);
  return (
    <tbody ref={body}>
      <Gap px={above} columns={columns} />
      {shown.map(({ index }) =>
        render(rows[index] as T, {
          // The head is the first row.
          "aria-rowindex": index + 2,
          "data-index": index,
          ref: virtual.measureElement,
        }),
      )}
      <Gap px={below} columns={columns} />
    </tbody>
  );
}

export function VirtualBody<T>(props: Props<T>) {
  if (props.rows.length > ROWS_PLAIN_MAX) return <Windowed {...props} />;
  return <tbody>{props.rows.map((row) => props.render(row, {}))}</tbody>;
}
