// The addresses of issues.
import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { ISSUE_STATES, type IssueState } from "../../api/issues";
import { root } from "../root";
import { oneOf, type Search, texts } from "../search";

export interface IssuesSearch {
  destination?: string | undefined;
  state?: IssueState | undefined;
}

const issues = createRoute({
  getParentRoute: () => root,
  path: "/issues",
  component: lazyRouteComponent(() => import("./Issues"), "Issues"),
  validateSearch: (search: Search): IssuesSearch => ({
    ...texts(search, "destination"),
    ...oneOf(search, "state", ISSUE_STATES),
  }),
});

const issue = createRoute({
  getParentRoute: () => root,
  path: "/issues/$id",
  component: lazyRouteComponent(() => import("./IssuePage"), "IssuePage"),
});

export const issueRoutes = [issues, issue] as const;
