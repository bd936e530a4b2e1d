// The list of Live: only the rows that can be seen are drawn; click, arrow keys, j and k move.
import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, memo, useEffect, useRef } from "react";
import type { Face, LiveLine } from "../../live/rows";
import { Hostile } from "../../parts/Hostile";
import { Icon } from "../../parts/Icon";
import { Kind } from "../../parts/Kind";
import { Time } from "../../parts/Time";
import { useStable } from "../../parts/useStable";
import { REJECTED } from "../../parts/words";
import { Dots } from "./Dots";

const ROW_PX = 31;
const OVERSCAN = 12;

export interface Only {
  user?: string;
  name?: string;
}

interface CellsProps {
  line: LiveLine;
  selected: boolean;
  tabbable: boolean;
  onSelect: (line: LiveLine) => void;
  onOnly: (only: Only) => void;
  nameOf: (destination: string) => string;
  sourceOf: (source: string) => string;
}

/** A button that narrows the list; by keyboard it is in the detail of the row. */
function OnlyButton({ words, onClick }: { words: string; onClick: () => void }) {
  return (
    <button
      type="button"
      className="only"
      tabIndex={-1}
      title={words}
      aria-label={words}
      onClick={(event) => {
        event.stopPropagation();
        onClick();
      }}
    >
      <Icon name="filter" size={12} />
    </button>
  );
}

function Titled({ face, seq }: { face: Face | null; seq: number }) {
  if (face?.name) return <Hostile text={face.name} />;
  return <span className="none">{`event ${seq.toLocaleString("en")}`}</span>;
}

/** What a row shows: drawn once, while its place in the list goes on changing. */
const Cells = memo(function Cells(props: CellsProps) {
  const { line, selected, tabbable, onSelect, onOnly, nameOf, sourceOf } = props;
  const face = line.kind === "event" ? line.face : null;
  const user = face?.user_id || face?.anonymous_id || "";
  const source = line.kind === "event" ? face?.source : line.notice.source;
  return (
    <>
      <td>
        <Time at={line.at} />
      </td>
      <td>{line.kind === "event" ? <Kind kind={face?.type ?? ""} /> : REJECTED.word}</td>
      <th scope="row">
        <button
          type="button"
          className="row-button"
          data-key={line.key}
          tabIndex={tabbable ? 0 : -1}
          aria-current={selected || undefined}
          onClick={(event) => {
            event.stopPropagation();
            onSelect(line);
          }}
        >
          {line.kind === "event" ? (
            <Titled face={face} seq={line.seq} />
          ) : (
            <Hostile text={line.notice.sentence || line.notice.reason} />
          )}
        </button>
        {face?.name && (
          <OnlyButton
            words="Only this name"
            onClick={() => onOnly({ name: face.name as string })}
          />
        )}
      </th>
      <td className="user">
        {user ? <Hostile text={user} /> : <span className="none">–</span>}
        {user && <OnlyButton words="Only this user" onClick={() => onOnly({ user })} />}
      </td>
      <td className="source">
        {source ? <Hostile text={sourceOf(source)} /> : <span className="none">unknown</span>}
      </td>
      <td className="dots">
        {line.kind === "event" ? (
          <Dots deliveries={line.deliveries} nameOf={nameOf} />
        ) : (
          <span className="state dot" data-tone="bad" title={line.notice.detail}>
            <Icon name={REJECTED.shape} />
          </span>
        )}
      </td>
    </>
  );
});

const STEPS: Record<string, number> = {
  ArrowDown: 1,
  j: 1,
  ArrowUp: -1,
  k: -1,
  PageDown: 10,
  PageUp: -10,
};

interface Props {
  lines: readonly LiveLine[];
  selected: string | undefined;
  onSelect: (line: LiveLine | null) => void;
  /** The row's own page. */
  onOpen: (line: LiveLine) => void;
  onOnly: (only: Only) => void;
  /** Whether the newest row is in sight. */
  onTop: (atTop: boolean) => void;
  nameOf: (destination: string) => string;
  sourceOf: (source: string) => string;
}

export function LiveList(props: Props) {
  const { lines, selected } = props;
  const list = useRef<HTMLDivElement>(null);
  const moved = useRef(false);
  const select = useStable(props.onSelect);
  const only = useStable(props.onOnly);
  const names = useRef(props);
  names.current = props;
  const nameOf = useRef((id: string) => names.current.nameOf(id)).current;
  const sourceOf = useRef((id: string) => names.current.sourceOf(id)).current;

  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => list.current,
    estimateSize: () => ROW_PX,
    overscan: OVERSCAN,
    getItemKey: (index) => lines[index]?.key ?? index,
  });
  const at = lines.findIndex((line) => line.key === selected);

  useEffect(() => {
    if (!moved.current || selected === undefined) return;
    moved.current = false;
    virtual.scrollToIndex(at, { align: "auto" });
    // The row may have to be drawn first.
    const frame = requestAnimationFrame(() =>
      list.current
        ?.querySelector<HTMLElement>(`[data-key="${selected}"]`)
        ?.focus({ preventScroll: true }),
    );
    return () => cancelAnimationFrame(frame);
  }, [selected, at, virtual]);

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const step = STEPS[event.key];
    let to: number;
    if (step !== undefined) to = Math.min(Math.max(at + step, 0), lines.length - 1);
    else if (event.key === "Home") to = 0;
    else if (event.key === "End") to = lines.length - 1;
    else if (event.key === "Enter" && at >= 0) {
      event.preventDefault();
      const line = lines[at];
      if (line) props.onOpen(line);
      return;
    } else return;
    event.preventDefault();
    const line = lines[to];
    if (!line) return;
    moved.current = line.key !== selected;
    select(line);
  };

  const shown = virtual.getVirtualItems();
  const before = shown[0]?.start ?? 0;
  const after = virtual.getTotalSize() - (shown.at(-1)?.end ?? 0);
  const tabbable = shown.some(({ index }) => lines[index]?.key === selected)
    ? selected
    : lines[shown[0]?.index ?? 0]?.key;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it only hears the keys of its buttons.
    <div
      className="split-list live-list"
      ref={list}
      onKeyDown={onKeyDown}
      onScroll={(event) => props.onTop(event.currentTarget.scrollTop < ROW_PX)}
    >
      <table aria-label="What happens, newest first" aria-rowcount={lines.length + 1}>
        <thead>
          <tr aria-rowindex={1}>
            <th scope="col">Time</th>
            <th scope="col">Type</th>
            <th scope="col">Event</th>
            <th scope="col" className="user">
              User
            </th>
            <th scope="col" className="source">
              Source
            </th>
            <th scope="col" className="dots">
              Deliveries
            </th>
          </tr>
        </thead>
        <tbody>
          {before > 0 && (
            <tr className="gap">
              <td colSpan={6} height={before} />
            </tr>
          )}
          {shown.map(({ index, key }) => {
            const line = lines[index];
            return (
              line && (
                <tr
                  key={key}
                  // The head is the first row of all.
                  aria-rowindex={index + 2}
                  data-selected={line.key === selected || undefined}
                  data-rejected={line.kind === "rejected" || undefined}
                  onClick={() => select(line)}
                >
                  <Cells
                    line={line}
                    selected={line.key === selected}
                    tabbable={line.key === tabbable}
                    onSelect={select}
                    onOnly={only}
                    nameOf={nameOf}
                    sourceOf={sourceOf}
                  />
                </tr>
              )
            );
          })}
          {after > 0 && (
            <tr className="gap">
              <td colSpan={6} height={after} />
            </tr>
          )}
        </tbody>
      </table>
    </div>
  );
}
