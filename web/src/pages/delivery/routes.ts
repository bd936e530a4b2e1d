// The addresses of deliveries.
import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { root } from "../root";
import { readFilter } from "./list";

const deliveries = createRoute({
  getParentRoute: () => root,
  path: "/deliveries",
  component: lazyRouteComponent(() => import("./Deliveries"), "Deliveries"),
  validateSearch: readFilter,
});

const delivery = createRoute({
  getParentRoute: () => root,
  path: "/deliveries/$destination/$seq",
  component: lazyRouteComponent(() => import("./Delivery"), "Delivery"),
});

export const deliveryRoutes = [deliveries, delivery] as const;
