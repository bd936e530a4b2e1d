// The addresses of sources, with the open tab and what its lists show.
import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { EVENT_TYPES, LIVE_STATUSES, type LiveFilter } from "../../api/live";
import { root } from "../root";
import { oneOf, type Search, texts } from "../search";

export const SOURCE_TABS = ["setup", "test", "live", "rejected", "events", "settings"] as const;
export type SourceTab = (typeof SOURCE_TABS)[number];

export interface SourceSearch extends LiveFilter {
  tab?: SourceTab | undefined;
  /** The key of the row of Live that is open. */
  row?: string | undefined;
  /** Where a list of events goes on. */
  older_than?: string | undefined;
}

const sources = createRoute({
  getParentRoute: () => root,
  path: "/sources",
  component: lazyRouteComponent(() => import("./Sources"), "Sources"),
});

const source = createRoute({
  getParentRoute: () => root,
  path: "/sources/$id",
  component: lazyRouteComponent(() => import("./SourcePage"), "SourcePage"),
  validateSearch: (search: Search): SourceSearch => ({
    ...oneOf(search, "tab", SOURCE_TABS),
    ...texts(search, "destination", "name", "user", "text", "row", "older_than"),
    ...oneOf(search, "type", EVENT_TYPES),
    ...oneOf(search, "status", LIVE_STATUSES),
  }),
});

export const sourceRoutes = [sources, source] as const;
