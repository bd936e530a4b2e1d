// The addresses of users.
import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { root } from "../root";
import { type Search, texts } from "../search";

export interface UserSearch {
  destination?: string | undefined;
}

const user = createRoute({
  getParentRoute: () => root,
  path: "/users/$id",
  component: lazyRouteComponent(() => import("./UserPage"), "UserPage"),
  validateSearch: (search: Search): UserSearch => texts(search, "destination"),
});

export const userRoutes = [user] as const;
