// The addresses of those who are not known yet: logging in, and the first admin.
import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { root } from "../root";
import { type Search, texts } from "../search";

export interface LoginSearch {
  /** The address that was asked for before. */
  to?: string | undefined;
}

const login = createRoute({
  getParentRoute: () => root,
  path: "/login",
  component: lazyRouteComponent(() => import("./Login"), "Login"),
  validateSearch: (search: Search): LoginSearch => texts(search, "to"),
});

const setup = createRoute({
  getParentRoute: () => root,
  path: "/setup",
  component: lazyRouteComponent(() => import("./Setup"), "Setup"),
});

export const accessRoutes = [login, setup] as const;
