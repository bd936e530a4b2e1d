// All addresses of the dashboard; those of an area, with their typed search parameters, are in its
// own folder: a link shows the same view again.
import { createRouter } from "@tanstack/react-router";
import { accessRoutes } from "./access/routes";
import { connectionRoutes } from "./connections/routes";
import { deliveryRoutes } from "./delivery/routes";
import { destinationRoutes } from "./destination/routes";
import { eventRoutes } from "./event/routes";
import { issueRoutes } from "./issues/routes";
import { liveRoutes } from "./live/routes";
import { overviewRoutes } from "./overview/routes";
import { playRoutes } from "./play/routes";
import { replayRoutes } from "./replays/routes";
import { Broken, root } from "./root";
import { settingsRoutes } from "./settings/routes";
import { sourceRoutes } from "./sources/routes";
import { userRoutes } from "./user/routes";

const routeTree = root.addChildren([
  ...overviewRoutes,
  ...liveRoutes,
  ...sourceRoutes,
  ...destinationRoutes,
  ...deliveryRoutes,
  ...eventRoutes,
  ...userRoutes,
  ...issueRoutes,
  ...connectionRoutes,
  ...replayRoutes,
  ...settingsRoutes,
  ...playRoutes,
  ...accessRoutes,
]);

export const createAppRouter = () =>
  createRouter({ routeTree, defaultPreload: "intent", defaultErrorComponent: Broken });

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof createAppRouter>;
  }
}
