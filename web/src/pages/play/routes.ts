// The addresses of playgrounds.
import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { root } from "../root";
import { oneOf, type Search, wholes } from "../search";

export const FACES = ["pretty", "raw", "headers", "query"] as const;
export type Face = (typeof FACES)[number];

export interface PlaySearch {
  /** The number of the selected request; without it the newest is shown. */
  request?: number | undefined;
  face?: Face | undefined;
}

const play = createRoute({
  getParentRoute: () => root,
  path: "/play/$id",
  component: lazyRouteComponent(() => import("./Play"), "Play"),
  validateSearch: (search: Search): PlaySearch => ({
    ...wholes(search, "request"),
    ...oneOf(search, "face", FACES),
  }),
});

export const playRoutes = [play] as const;
