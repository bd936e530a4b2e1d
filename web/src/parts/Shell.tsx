// The frame of every page: name, navigation, appearance, the banner when the server is lost, the foot.
import { ActionIcon, SegmentedControl, useMantineColorScheme } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useRouterState } from "@tanstack/react-router";
import { Problem } from "../api/client";
import { issuesQuery } from "../api/issues";
import { type StatusSeen, statusQuery } from "../api/status";
import { Copy } from "./Copy";
import { span } from "./format";
import { Hostile } from "./Hostile";
import { Icon, type IconName } from "./Icon";
import { Time, useNow, useZone } from "./Time";

type Scheme = ReturnType<typeof useMantineColorScheme>["colorScheme"];

const SCHEMES: Record<Scheme, { word: string; icon: IconName; next: Scheme }> = {
  auto: { word: "as the system", icon: "system", next: "light" },
  light: { word: "light", icon: "sun", next: "dark" },
  dark: { word: "dark", icon: "moon", next: "auto" },
};

function Appearance() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const { word, icon, next } = SCHEMES[colorScheme];
  const label = `Appearance: ${word}. Switch to ${SCHEMES[next].word}`;
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      size="lg"
      aria-label={label}
      title={label}
      onClick={() => setColorScheme(next)}
    >
      <Icon name={icon} />
    </ActionIcon>
  );
}

function IssuesLink() {
  const { data: open } = useQuery(issuesQuery({ state: "open" }));
  const count = open?.length ?? 0;
  return (
    <Link to="/issues" activeOptions={{ includeSearch: false }}>
      Issues
      {count > 0 && (
        <span className="badge">
          {count}
          <span className="offscreen"> open</span>
        </span>
      )}
    </Link>
  );
}

function Navigation({ status }: { status: StatusSeen | undefined }) {
  const path = useRouterState({ select: (state) => state.location.pathname });
  const playgrounds = (status?.destinations ?? []).flatMap((d) =>
    d.playground ? [d.playground] : [],
  );
  const here = /^\/play\/([^/]+)/.exec(path)?.[1];
  const play = here ? decodeURIComponent(here) : playgrounds[0];
  return (
    <nav aria-label="Main">
      <Link to="/" activeOptions={{ exact: true, includeSearch: false }}>
        Overview
      </Link>
      <IssuesLink />
      {play !== undefined && (
        <Link to="/play/$id" params={{ id: play }} activeOptions={{ includeSearch: false }}>
          Playground
        </Link>
      )}
    </nav>
  );
}

/** Says that what is on the screen is old, how old, and why. */
function Lost({ error, seenAtMs }: { error: Error; seenAtMs: number | undefined }) {
  const now = useNow();
  return (
    <div className="lost" role="alert">
      <Icon name="warning" />
      <p>
        <strong>
          {error instanceof Problem
            ? `The server reports an error: ${error.message}`
            : error.message}
        </strong>{" "}
        {seenAtMs !== undefined && (
          <>
            What you see is from <Time at={seenAtMs} />,{" "}
            <span aria-hidden="true">{span(now - seenAtMs)} ago</span>.{" "}
          </>
        )}
        Trying again every two seconds.
      </p>
    </div>
  );
}

function Foot({ status }: { status: StatusSeen | undefined }) {
  const [zone, setZone] = useZone();
  return (
    <footer className="foot">
      {status && (
        <p>
          Postrider {status.version}, running for{" "}
          {span(Date.parse(status.now) - Date.parse(status.started_at))}
        </p>
      )}
      <div className="foot-zone">
        <span id="zone-label">Times in</span>
        <SegmentedControl
          size="xs"
          aria-labelledby="zone-label"
          value={zone}
          onChange={(value) => setZone(value === "utc" ? "utc" : "local")}
          data={[
            { value: "local", label: "Local" },
            { value: "utc", label: "UTC" },
          ]}
        />
      </div>
    </footer>
  );
}

export function Shell() {
  const { data: status, error } = useQuery(statusQuery());
  return (
    <div className="shell">
      <a className="skip" href="#main">
        Skip to content
      </a>
      <header className="top">
        <Link to="/" className="brand">
          <img src="/icon.svg" alt="" width="22" height="22" />
          Postrider
        </Link>
        <Navigation status={status} />
        <div className="top-end">
          {status && (
            <p className="gateway">
              Gateway{" "}
              <code>
                <Hostile text={status.gateway_url} />
              </code>
              <Copy what="gateway address" text={status.gateway_url} />
            </p>
          )}
          <Appearance />
        </div>
      </header>
      {error && <Lost error={error} seenAtMs={status?.seenAtMs} />}
      <main id="main" tabIndex={-1} data-stale={error && status ? true : undefined}>
        <Outlet />
      </main>
      <Foot status={status} />
    </div>
  );
}
