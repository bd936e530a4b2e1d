// The addresses of deliveries.
import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { root } from "../root";

const delivery = createRoute({
  getParentRoute: () => root,
  path: "/deliveries/$destination/$seq",
  component: lazyRouteComponent(() => import("./Delivery"), "Delivery"),
});

export const deliveryRoutes = [delivery] as const;
