// The address of the overview.
import { createRoute } from "@tanstack/react-router";
import { FATES, type Fate } from "../../api/attempts";
import { root } from "../root";
import { oneOf, type Search, texts } from "../search";
import { Overview } from "./Overview";

export interface OverviewSearch {
  destination?: string | undefined;
  fate?: Fate | undefined;
}

const overview = createRoute({
  getParentRoute: () => root,
  path: "/",
  component: Overview,
  validateSearch: (search: Search): OverviewSearch => ({
    ...texts(search, "destination"),
    ...oneOf(search, "fate", FATES),
  }),
});

export const overviewRoutes = [overview] as const;
