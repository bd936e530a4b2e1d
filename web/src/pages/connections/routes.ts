// The addresses of connections.
import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { root } from "../root";
import { oneOf, type Search, texts } from "../search";

export const TABS = ["filter", "history"] as const;
export type Tab = (typeof TABS)[number];

const connections = createRoute({
  getParentRoute: () => root,
  path: "/connections",
  component: lazyRouteComponent(() => import("./Connections"), "Connections"),
  validateSearch: (
    search: Search,
  ): { source?: string | undefined; destination?: string | undefined } =>
    texts(search, "source", "destination"),
});

const connection = createRoute({
  getParentRoute: () => root,
  path: "/connections/$id",
  component: lazyRouteComponent(() => import("./ConnectionPage"), "ConnectionPage"),
  validateSearch: (search: Search): { tab?: Tab | undefined } => oneOf(search, "tab", TABS),
});

export const connectionRoutes = [connections, connection] as const;
