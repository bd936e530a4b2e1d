// What happens, as it happens: filters, the list, and the detail of one row. A page of its own, and a
// tab of each source.
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useMemo, useRef } from "react";
import type { LiveFilter } from "../../api/live";
import { statusQuery } from "../../api/status";
import type { LiveLine } from "../../live/rows";
import { type StreamState, type StreamView, useStream } from "../../live/stream";
import { useHold } from "../../live/useHold";
import { Announcer, PauseButton } from "../../parts/Following";
import { count, counted } from "../../parts/format";
import { Hostile } from "../../parts/Hostile";
import { useKey } from "../../parts/keys/useKey";
import { Nothing } from "../../parts/Panel";
import { Splitter, useSplit } from "../../parts/Splitter";
import { State } from "../../parts/State";
import { useDestinationNames, useSourceNames } from "../../parts/useNames";
import { useStable } from "../../parts/useStable";
import type { Look } from "../../parts/words";
import { FirstEvent, noEventsYet } from "../overview/FirstEvent";
import { LiveDetail } from "./LiveDetail";
import { isFiltered, LiveFilters } from "./LiveFilters";
import { LiveList, type Only } from "./LiveList";

const LOOKS: Record<StreamState, Look> = {
  connecting: { word: "Connecting", shape: "clock", tone: "quiet" },
  live: { word: "Live", shape: "dot", tone: "good" },
  reconnecting: { word: "Reconnecting", shape: "clock", tone: "warn" },
  refused: { word: "Refused", shape: "octagon", tone: "bad" },
};
const PAUSED: Look = { word: "Paused", shape: "pause", tone: "warn" };

interface Props {
  title: string;
  filter: LiveFilter;
  row: string | undefined;
  ofSource?: boolean;
  onFilter: (change: LiveFilter) => void;
  onClear: () => void;
  onRow: (row: string | undefined) => void;
}

function Sampled({ sampled }: Pick<StreamView, "sampled">) {
  if (!sampled) return null;
  const ratio = Math.max(1, Math.round(sampled.of / Math.max(1, sampled.shown)));
  return (
    <span className="chip" title={`${count(sampled.shown)} of ${count(sampled.of)} rows a second`}>
      Showing 1 in {count(ratio)}
    </span>
  );
}

function Empty({
  view,
  filtered,
  onClear,
}: {
  view: StreamView;
  filtered: boolean;
  onClear: () => void;
}) {
  const { data: status } = useQuery(statusQuery());
  if (view.state === "refused") {
    return (
      <Nothing title="The server does not open the stream">
        <p role="alert">
          <Hostile text={view.refusal} />
        </p>
        <p>It is tried again by itself.</p>
      </Nothing>
    );
  }
  if (view.state !== "live") return <Nothing title={`${LOOKS[view.state].word}…`} />;
  if (filtered) {
    return (
      <Nothing title="Nothing has happened that matches the filters">
        <button type="button" className="link" onClick={onClear}>
          Clear filters
        </button>
      </Nothing>
    );
  }
  if (status && noEventsYet(status)) return <FirstEvent status={status} />;
  return (
    <Nothing title="Waiting for the next event…">
      <p>What is accepted, delivered or refused from now on appears here.</p>
    </Nothing>
  );
}

export function LiveView(props: Props) {
  const { title, filter, row, ofSource = false, onFilter, onClear, onRow } = props;
  const navigate = useNavigate();
  const live = useStream(filter);
  const hold = useHold(live, (view) => view.rows.received);
  const { style, ...split } = useSplit();
  const nameOf = useDestinationNames();
  const sourceOf = useSourceNames();
  const { lines } = hold.shown.rows;
  const page = useRef<HTMLDivElement>(null);
  // Whether it was scrolling that paused the view, which goes on when one is back at the top.
  const scrolled = useRef(false);
  const line = row === undefined ? undefined : lines.find((each) => each.key === row);
  const last = useRef<LiveLine | undefined>(undefined);
  // A row that has fallen out of the list stays open until one closes it.
  if (line) last.current = line;
  const open = line ?? (last.current?.key === row ? last.current : undefined);
  const key = JSON.stringify(filter);
  const kept = useMemo(() => JSON.parse(key) as LiveFilter, [key]);
  const change = useStable(onFilter);
  const clear = useStable(onClear);

  useKey("p", "Pause, and go on", hold.held ? hold.release : hold.hold);
  useEffect(() => {
    const pressed = (event: globalThis.KeyboardEvent) => {
      if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
      onRow(undefined);
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  }, [onRow]);

  const release = () => {
    scrolled.current = false;
    page.current?.querySelector(".split-list")?.scrollTo({ top: 0 });
    hold.release();
  };
  const onTop = (atTop: boolean) => {
    if (!atTop && !hold.held) {
      scrolled.current = true;
      hold.hold();
    } else if (atTop && scrolled.current) {
      scrolled.current = false;
      hold.release();
    }
  };
  const onOpen = (each: LiveLine) => {
    if (each.kind === "event")
      void navigate({ to: "/events/$id", params: { id: String(each.seq) } });
    else onRow(each.key);
  };
  const onOnly = (only: Only) => onFilter(only);
  return (
    <div className="split-page" data-chosen={open !== undefined || undefined} ref={page}>
      <div className="split-bar">
        {!ofSource && <h1>{title}</h1>}
        <State look={hold.held && live.state === "live" ? PAUSED : LOOKS[live.state]} />
        <span className="secondary">{counted(lines.length, "row")}</span>
        <Sampled sampled={live.sampled} />
        <PauseButton hold={{ ...hold, release }} />
        <Announcer received={live.rows.received} noun="new row" />
      </div>
      <LiveFilters filter={kept} ofSource={ofSource} onChange={change} onClear={clear} />
      {lines.length === 0 ? (
        <div className="split-empty">
          <Empty
            view={live}
            filtered={isFiltered(ofSource ? { ...filter, source: undefined } : filter)}
            onClear={onClear}
          />
        </div>
      ) : (
        <div className="split" data-alone={open === undefined || undefined} data-led style={style}>
          <LiveList
            lines={lines}
            selected={row}
            onSelect={(each) => onRow(each?.key)}
            onOpen={onOpen}
            onOnly={onOnly}
            onTop={onTop}
            nameOf={nameOf}
            sourceOf={sourceOf}
          />
          {open && (
            <>
              <Splitter {...split} label="Width of the list" />
              <section className="detail" aria-label="Row">
                <LiveDetail line={open} onOnly={onOnly} onClose={() => onRow(undefined)} />
              </section>
            </>
          )}
        </div>
      )}
    </div>
  );
}
