// The addresses of destinations.
import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { root } from "../root";
import { oneOf, type Search } from "../search";

export const TABS = ["overview", "deliveries", "test", "settings", "history"] as const;
export type Tab = (typeof TABS)[number];

const CHART_FACES = ["delivery", "latency"] as const;
export type ChartFace = (typeof CHART_FACES)[number];

export interface DestinationSearch {
  tab?: Tab | undefined;
  /** What the chart of the overview shows. */
  chart?: ChartFace | undefined;
}

const destinations = createRoute({
  getParentRoute: () => root,
  path: "/destinations",
  component: lazyRouteComponent(() => import("./Destinations"), "Destinations"),
});

const newDestination = createRoute({
  getParentRoute: () => root,
  path: "/destinations/new",
  component: lazyRouteComponent(() => import("./NewDestination"), "NewDestination"),
});

const destination = createRoute({
  getParentRoute: () => root,
  path: "/destinations/$id",
  component: lazyRouteComponent(() => import("./DestinationPage"), "DestinationPage"),
  validateSearch: (search: Search): DestinationSearch => ({
    ...oneOf(search, "tab", TABS),
    ...oneOf(search, "chart", CHART_FACES),
  }),
});

export const destinationRoutes = [destinations, newDestination, destination] as const;
