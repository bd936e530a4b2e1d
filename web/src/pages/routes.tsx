// The addresses of the dashboard and their typed search parameters: a link shows the same view again.
import {
  createRootRoute,
  createRoute,
  createRouter,
  Link,
  lazyRouteComponent,
} from "@tanstack/react-router";
import { FATES, type Fate, ISSUE_STATES, type IssueState } from "../api/types";
import { Nothing } from "../parts/Panel";
import { Shell } from "../parts/Shell";
import { Overview } from "./overview/Overview";

export interface OverviewSearch {
  destination?: string | undefined;
  fate?: Fate | undefined;
}

export const FACES = ["pretty", "raw", "headers", "query"] as const;
export type Face = (typeof FACES)[number];

export interface PlaySearch {
  /** The number of the selected request; without it the newest is shown. */
  request?: number | undefined;
  face?: Face | undefined;
}

export interface IssuesSearch {
  destination?: string | undefined;
  state?: IssueState | undefined;
}

function NotFound() {
  return (
    <Nothing title="There is no such page">
      <Link to="/">Go to the overview</Link>
    </Nothing>
  );
}

/** The router reads `?destination=12` as a number; ids are text. */
const destinationOf = ({ destination }: Record<string, unknown>) =>
  destination !== undefined && destination !== "" ? { destination: String(destination) } : {};

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound });

const overview = createRoute({
  getParentRoute: () => root,
  path: "/",
  component: Overview,
  validateSearch: (search: Record<string, unknown>): OverviewSearch => ({
    ...destinationOf(search),
    ...(FATES.includes(search.fate as Fate) ? { fate: search.fate as Fate } : {}),
  }),
});

const play = createRoute({
  getParentRoute: () => root,
  path: "/play/$id",
  component: lazyRouteComponent(() => import("./play/Play"), "Play"),
  validateSearch: (search: Record<string, unknown>): PlaySearch => ({
    ...(Number.isSafeInteger(search.request) ? { request: search.request as number } : {}),
    ...(FACES.includes(search.face as Face) ? { face: search.face as Face } : {}),
  }),
});

const destination = createRoute({
  getParentRoute: () => root,
  path: "/destinations/$id",
  component: lazyRouteComponent(() => import("./destination/DestinationPage"), "DestinationPage"),
});

const issues = createRoute({
  getParentRoute: () => root,
  path: "/issues",
  component: lazyRouteComponent(() => import("./issues/Issues"), "Issues"),
  validateSearch: (search: Record<string, unknown>): IssuesSearch => ({
    ...destinationOf(search),
    ...(ISSUE_STATES.includes(search.state as IssueState)
      ? { state: search.state as IssueState }
      : {}),
  }),
});

const issue = createRoute({
  getParentRoute: () => root,
  path: "/issues/$id",
  component: lazyRouteComponent(() => import("./issues/IssuePage"), "IssuePage"),
});

const delivery = createRoute({
  getParentRoute: () => root,
  path: "/deliveries/$destination/$seq",
  component: lazyRouteComponent(() => import("./delivery/Delivery"), "Delivery"),
});

export const createAppRouter = () =>
  createRouter({
    routeTree: root.addChildren([overview, play, destination, delivery, issues, issue]),
    defaultPreload: "intent",
  });

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof createAppRouter>;
  }
}
