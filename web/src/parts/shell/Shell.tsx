// The frame of every page: name, navigation, search, appearance, the banner when the server is lost.
import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useNavigate, useRouterState } from "@tanstack/react-router";
import { useEffect } from "react";
import { meQuery, mustLogIn } from "../../api/me";
import { statusQuery } from "../../api/status";
import { Copy } from "../Copy";
import { Hostile } from "../Hostile";
import { Keys } from "../keys/useKey";
import { Account } from "./Account";
import { Appearance } from "./Appearance";
import { Finder } from "./Finder";
import { Foot } from "./Foot";
import { Lost } from "./Lost";
import { Navigation } from "./Navigation";
import { useFocusKept } from "./useFocusKept";

/** Pages of those who are not known yet: nothing of the server is asked or shown there. */
const BARE = ["/login", "/setup"];

export function Root() {
  useFocusKept();
  const path = useRouterState({ select: (state) => state.location.pathname });
  return BARE.includes(path) ? <Outlet /> : <Shell />;
}

function Shell() {
  const { data: status, error } = useQuery(statusQuery());
  const { error: unknown } = useQuery(meQuery());
  const here = useRouterState({ select: (state) => state.location.href });
  const isUnknown = mustLogIn(unknown) || mustLogIn(error);
  const navigate = useNavigate();
  // Once, and not with each render until the page is there.
  // biome-ignore lint/correctness/useExhaustiveDependencies: where one was when it turned out.
  useEffect(() => {
    if (isUnknown) void navigate({ to: "/login", search: { to: here }, replace: true });
  }, [isUnknown]);
  if (isUnknown) return null;
  return (
    <Keys>
      <div className="shell">
        <a className="skip" href="#main">
          Skip to content
        </a>
        <header className="top">
          <Link to="/" className="brand">
            <img src="/icon.svg" alt="" width="22" height="22" />
            Postrider
          </Link>
          <Navigation />
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
            <Finder status={status} />
            <Appearance />
            <Account />
          </div>
        </header>
        {error && <Lost error={error} seenAtMs={status?.seenAtMs} />}
        <main id="main" tabIndex={-1} data-stale={error && status ? true : undefined}>
          <Outlet />
        </main>
        <Foot status={status} />
      </div>
    </Keys>
  );
}
