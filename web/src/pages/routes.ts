// All addresses of the dashboard; those of an area, with their typed search parameters, are in its
// own folder: a link shows the same view again.
import { createRouter } from "@tanstack/react-router";
import { deliveryRoutes } from "./delivery/routes";
import { destinationRoutes } from "./destination/routes";
import { issueRoutes } from "./issues/routes";
import { overviewRoutes } from "./overview/routes";
import { playRoutes } from "./play/routes";
import { replayRoutes } from "./replays/routes";
import { root } from "./root";

const routeTree = root.addChildren([
  ...overviewRoutes,
  ...destinationRoutes,
  ...deliveryRoutes,
  ...issueRoutes,
  ...replayRoutes,
  ...playRoutes,
]);

export const createAppRouter = () => createRouter({ routeTree, defaultPreload: "intent" });

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof createAppRouter>;
  }
}
