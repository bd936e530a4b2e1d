// The addresses of replays.
import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { root } from "../root";
import { type Search, texts } from "../search";
import { readSearch } from "./search";

const replays = createRoute({
  getParentRoute: () => root,
  path: "/replays",
  component: lazyRouteComponent(() => import("./Replays"), "Replays"),
  validateSearch: (search: Search): { destination?: string | undefined } =>
    texts(search, "destination"),
});

const newReplay = createRoute({
  getParentRoute: () => root,
  path: "/replays/new",
  component: lazyRouteComponent(() => import("./NewReplay"), "NewReplay"),
  validateSearch: readSearch,
});

const replay = createRoute({
  getParentRoute: () => root,
  path: "/replays/$id",
  component: lazyRouteComponent(() => import("./ReplayPage"), "ReplayPage"),
});

export const replayRoutes = [replays, newReplay, replay] as const;
