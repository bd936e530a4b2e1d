// The address of Live, with what it is asked to show and which row is open.
import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { EVENT_TYPES, LIVE_STATUSES, type LiveFilter } from "../../api/live";
import { root } from "../root";
import { oneOf, type Search, texts } from "../search";

export interface LiveSearch extends LiveFilter {
  /** The key of the row whose detail is open. */
  row?: string | undefined;
}

const live = createRoute({
  getParentRoute: () => root,
  path: "/live",
  component: lazyRouteComponent(() => import("./Live"), "Live"),
  validateSearch: (search: Search): LiveSearch => ({
    ...texts(search, "source", "destination", "name", "user", "text", "row"),
    ...oneOf(search, "type", EVENT_TYPES),
    ...oneOf(search, "status", LIVE_STATUSES),
  }),
});

export const liveRoutes = [live] as const;
