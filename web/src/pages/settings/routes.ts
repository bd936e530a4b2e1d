// The address of the settings.
import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import type { DeedFilter } from "../../api/accounts";
import { root } from "../root";
import { oneOf, type Search, texts } from "../search";

export const TABS = ["users", "tokens", "sessions", "audit", "storage", "config", "about"] as const;
export type Tab = (typeof TABS)[number];

const settings = createRoute({
  getParentRoute: () => root,
  path: "/settings",
  component: lazyRouteComponent(() => import("./Settings"), "Settings"),
  validateSearch: (search: Search): { tab?: Tab | undefined } & DeedFilter => ({
    ...oneOf(search, "tab", TABS),
    ...texts(search, "by", "action", "kind", "object"),
  }),
});

export const settingsRoutes = [settings] as const;
