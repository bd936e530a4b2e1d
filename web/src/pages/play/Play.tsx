// The playground: what the built-in receiver got, live; a list on the left, one request on the right.
import { Loader } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { type StatusSeen, statusQuery } from "../../api/status";
import { type FeedRow, type FeedState, type FeedView, useFeed } from "../../live/feed";
import { useHold } from "../../live/useHold";
import { Failed } from "../../parts/Asked";
import { Command } from "../../parts/Command";
import { Announcer, PauseButton } from "../../parts/Following";
import { counted } from "../../parts/format";
import { Hostile } from "../../parts/Hostile";
import { Nothing } from "../../parts/Panel";
import { State } from "../../parts/State";
import { useTitle } from "../../parts/useTitle";
import type { Look } from "../../parts/words";
import { firstCurl } from "../overview/FirstEvent";
import { RequestDetail } from "./RequestDetail";
import { RequestList } from "./RequestList";

const route = getRouteApi("/play/$id");

const FEED_LOOKS: Record<FeedState, Look> = {
  connecting: { word: "Connecting", shape: "clock", tone: "quiet" },
  live: { word: "Live", shape: "dot", tone: "good" },
  reconnecting: { word: "Reconnecting", shape: "clock", tone: "warn" },
  refused: { word: "Refused", shape: "octagon", tone: "bad" },
  missing: { word: "Not found", shape: "cross", tone: "bad" },
};
const PAUSED: Look = { word: "Paused", shape: "pause", tone: "warn" };

function Waiting({ status }: { status: StatusSeen | undefined }) {
  const curl = status && firstCurl(status);
  return (
    <Nothing title="No requests yet">
      <p>Send an event; its delivery appears here within a moment.</p>
      {curl && <Command text={curl} what="curl line" />}
      <p className="waits">
        <Loader size={14} aria-hidden="true" />
        Waiting for the first event…
      </p>
    </Nothing>
  );
}

/** Nothing came: because nothing was sent, or because no destination delivers here. */
function Empty({ id }: { id: string }) {
  const { data: status } = useQuery(statusQuery());
  const known = (status?.destinations ?? []).flatMap((d) => (d.playground ? [d.playground] : []));
  return (
    <div className="split-empty">
      {!status || known.includes(id) ? (
        <Waiting status={status} />
      ) : (
        <Nothing title="No destination delivers to this playground">
          {known.map((other) => (
            <p key={other}>
              <Link to="/play/$id" params={{ id: other }}>
                Open <Hostile text={other} />
              </Link>
            </p>
          ))}
        </Nothing>
      )}
    </div>
  );
}

/** What stands where no request is to be shown. */
function Bare({ live, id }: { live: FeedView; id: string }) {
  if (live.refusal) return <Failed what="the playground" error={live.refusal} right="payload" />;
  if (live.filled || live.state === "missing") return <Empty id={id} />;
  return <Nothing title={`${FEED_LOOKS[live.state].word}…`} />;
}

export function Play() {
  const { id } = route.useParams();
  // A feed belongs to one playground: another id starts anew.
  return <Playground key={id} id={id} />;
}

function Playground({ id }: { id: string }) {
  const { request: wanted, face = "pretty" } = route.useSearch();
  const navigate = route.useNavigate();
  const live = useFeed(id);
  const hold = useHold(live, (view) => view.received);
  const { rows } = hold.shown;
  useTitle(`Playground ${id}`);

  const split = useRef<HTMLDivElement>(null);
  const left = useRef<number | undefined>(undefined);
  // Going back to the list puts the focus on the row that one came from.
  useEffect(() => {
    const active = document.activeElement;
    const lost = active === document.body || active?.closest(".detail");
    if (wanted === undefined && left.current !== undefined && lost)
      split.current?.querySelector<HTMLElement>(`[data-number="${left.current}"]`)?.focus();
    left.current = wanted;
  }, [wanted]);

  const select = (row: FeedRow | null) =>
    void navigate({
      search: (now) => ({ ...now, request: row?.number }),
      replace: true,
      resetScroll: false,
    });
  const picked = wanted === undefined ? undefined : rows.find((row) => row.number === wanted);
  // Without a choice the newest request is shown, so that the first event opens by itself.
  const selected = picked ?? (wanted === undefined ? rows[0] : undefined);

  return (
    <div className="split-page" data-chosen={wanted !== undefined || undefined}>
      <div className="split-bar">
        <h1>
          Playground <Hostile text={id} />
        </h1>
        <State look={hold.held && live.state === "live" ? PAUSED : FEED_LOOKS[live.state]} />
        <span className="secondary">{counted(rows.length, "request")}</span>
        <PauseButton hold={hold} />
        <Announcer received={live.received} noun="new request" />
      </div>
      {rows.length === 0 ? (
        <Bare live={live} id={id} />
      ) : (
        <div className="split" ref={split}>
          <RequestList
            rows={rows}
            selected={selected?.number}
            onSelect={select}
            onPause={hold.held ? hold.release : hold.hold}
          />
          <section className="detail" aria-label="Request">
            {selected ? (
              <RequestDetail
                row={selected}
                face={face}
                following={wanted === undefined}
                onFace={(next) =>
                  void navigate({
                    search: (now) => ({ ...now, face: next }),
                    replace: true,
                    resetScroll: false,
                  })
                }
                onClose={() => select(null)}
              />
            ) : (
              <Nothing title={`Request ${wanted} is no longer kept`}>
                <button type="button" className="link" onClick={() => select(null)}>
                  Show the newest
                </button>
              </Nothing>
            )}
          </section>
        </div>
      )}
    </div>
  );
}
