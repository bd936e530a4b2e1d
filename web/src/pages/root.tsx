// The root of all addresses: the frame of every page, and what stands where there is none.
import { createRootRoute, Link } from "@tanstack/react-router";
import { Nothing } from "../parts/Panel";
import { Root } from "../parts/shell/Shell";

function NotFound() {
  return (
    <Nothing title="There is no such page">
      <Link to="/">Go to the overview</Link>
    </Nothing>
  );
}

export const root = createRootRoute({ component: Root, notFoundComponent: NotFound });
