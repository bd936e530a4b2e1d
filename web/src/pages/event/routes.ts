// The addresses of events, and the short ones of events and deliveries.
import { createRoute, lazyRouteComponent, redirect } from "@tanstack/react-router";
import { root } from "../root";
import { oneOf, type Search } from "../search";

export const PAYLOAD_FACES = ["pretty", "raw", "table"] as const;
export type PayloadFace = (typeof PAYLOAD_FACES)[number];

export interface EventSearch {
  face?: PayloadFace | undefined;
}

const event = createRoute({
  getParentRoute: () => root,
  path: "/events/$id",
  component: lazyRouteComponent(() => import("./EventPage"), "EventPage"),
  validateSearch: (search: Search): EventSearch => oneOf(search, "face", PAYLOAD_FACES),
});

const shortEvent = createRoute({
  getParentRoute: () => root,
  path: "/e/$id",
  beforeLoad: ({ params: { id } }) => {
    throw redirect({ to: "/events/$id", params: { id }, replace: true });
  },
});

const shortDelivery = createRoute({
  getParentRoute: () => root,
  path: "/d/$destination/$seq",
  beforeLoad: ({ params: { destination, seq } }) => {
    throw redirect({
      to: "/deliveries/$destination/$seq",
      params: { destination, seq },
      replace: true,
    });
  },
});

export const eventRoutes = [event, shortEvent, shortDelivery] as const;
