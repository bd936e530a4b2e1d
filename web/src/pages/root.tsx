// The root of all addresses: the frame of every page, and what stands where there is none or it failed.
import { Button } from "@mantine/core";
import { createRootRoute, type ErrorComponentProps, Link } from "@tanstack/react-router";
import { Hostile } from "../parts/Hostile";
import { Nothing } from "../parts/Panel";
import { Root } from "../parts/shell/Shell";

function NotFound() {
  return (
    <Nothing title="There is no such page">
      <Link to="/">Go to the overview</Link>
    </Nothing>
  );
}

/** A page that failed by a fault of its own; the frame around it stays. */
export function Broken({ error, reset }: ErrorComponentProps) {
  return (
    <Nothing title="This page has failed">
      <p role="alert">
        <Hostile text={error instanceof Error ? error.message : String(error)} />
      </p>
      <Button size="compact-sm" variant="default" onClick={reset}>
        Try again
      </Button>
    </Nothing>
  );
}

export const root = createRootRoute({ component: Root, notFoundComponent: NotFound });
