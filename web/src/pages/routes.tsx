// The addresses of the dashboard and their typed search parameters: a link shows the same view again.
import {
  createRootRoute,
  createRoute,
  createRouter,
  Link,
  lazyRouteComponent,
} from "@tanstack/react-router";
import { FATES, type Fate } from "../api/types";
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

function NotFound() {
  return (
    <Nothing title="There is no such page">
      <Link to="/">Go to the overview</Link>
    </Nothing>
  );
}

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound });

const overview = createRoute({
  getParentRoute: () => root,
  path: "/",
  component: Overview,
  validateSearch: (search: Record<string, unknown>): OverviewSearch => ({
    // The router reads `?destination=12` as a number; ids are text.
    ...(search.destination !== undefined && search.destination !== ""
      ? { destination: String(search.destination) }
      : {}),
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

const delivery = createRoute({
  getParentRoute: () => root,
  path: "/deliveries/$destination/$seq",
  component: lazyRouteComponent(() => import("./delivery/Delivery"), "Delivery"),
});

export const createAppRouter = () =>
  createRouter({
    routeTree: root.addChildren([overview, play, destination, delivery]),
    defaultPreload: "intent",
  });

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof createAppRouter>;
  }
}
