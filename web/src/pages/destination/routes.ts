// The addresses of destinations.
import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { root } from "../root";

const destination = createRoute({
  getParentRoute: () => root,
  path: "/destinations/$id",
  component: lazyRouteComponent(() => import("./DestinationPage"), "DestinationPage"),
});

export const destinationRoutes = [destination] as const;
