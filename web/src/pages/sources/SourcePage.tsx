// One source: how to send to it, a test, what comes and what is refused, its events, its settings.
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useCallback } from "react";
import { type Source, type StatusSeen, statusQuery } from "../../api/status";
import { Asked } from "../../parts/Asked";
import { Hostile } from "../../parts/Hostile";
import { PageTabs } from "../../parts/PageTabs";
import { Nothing } from "../../parts/Panel";
import { State } from "../../parts/State";
import { useTitle } from "../../parts/useTitle";
import { enabledLook } from "../../parts/words";
import { LiveView } from "../live/LiveView";
import { Tester } from "../tester/Tester";
import { SOURCE_TABS, type SourceSearch, type SourceTab } from "./routes";
import { Setup } from "./Setup";
import { SourceEvents } from "./SourceEvents";
import { SourceRejected } from "./SourceRejected";
import { SourceSettings } from "./SourceSettings";

const route = getRouteApi("/sources/$id");

const CAPTIONS: Record<SourceTab, string> = {
  setup: "Setup",
  test: "Test",
  live: "Live",
  rejected: "Rejected",
  events: "Events",
  settings: "Settings",
};

function SourceLive({ id }: { id: string }) {
  const { tab: _, row, older_than: __, ...filter } = route.useSearch();
  const navigate = route.useNavigate();
  const onRow = useCallback(
    (next: string | undefined) =>
      void navigate({
        search: (now) => ({ ...now, row: next }),
        replace: true,
        resetScroll: false,
      }),
    [navigate],
  );
  return (
    <LiveView
      title="Live"
      ofSource
      filter={{ ...filter, source: id }}
      row={row}
      onFilter={(change: SourceSearch) =>
        void navigate({
          search: (now) => ({ ...now, ...change, row: undefined }),
          resetScroll: false,
        })
      }
      onClear={() => void navigate({ search: { tab: "live" }, resetScroll: false })}
      onRow={onRow}
    />
  );
}

function Shown({ source, status }: { source: Source; status: StatusSeen }) {
  const { tab = "setup" } = route.useSearch();
  const navigate = route.useNavigate();
  const name = source.name || source.id;
  const content = {
    setup: () => <Setup source={source} status={status} />,
    test: () => <Tester of={{ source: source.id }} />,
    live: () => <SourceLive id={source.id} />,
    rejected: () => <SourceRejected id={source.id} name={name} />,
    events: () => <SourceEvents id={source.id} />,
    settings: () => <SourceSettings id={source.id} />,
  }[tab];
  return (
    <>
      <div className="page-head">
        <h1>
          <Hostile text={name} />
        </h1>
        <State look={enabledLook(source.enabled)} />
      </div>
      <PageTabs
        label="Parts of the source"
        tabs={SOURCE_TABS.map((value) => ({ value, label: CAPTIONS[value] }))}
        value={tab}
        // What a list of one tab shows means nothing to another.
        onChange={(next) => void navigate({ search: { tab: next } })}
      >
        {content()}
      </PageTabs>
    </>
  );
}

export function SourcePage() {
  const { id } = route.useParams();
  const query = useQuery(statusQuery());
  const source = query.data?.sources.find((each) => each.id === id);
  useTitle(`Source ${id}`);
  return (
    <div className="page">
      {!source && (
        <h1>
          Source <Hostile text={id} />
        </h1>
      )}
      <Asked query={query} what="the source">
        {(status) =>
          source ? (
            <Shown key={id} source={source} status={status} />
          ) : (
            <Nothing title="There is no such source">
              <p>It was removed, or never there.</p>
            </Nothing>
          )
        }
      </Asked>
    </div>
  );
}
