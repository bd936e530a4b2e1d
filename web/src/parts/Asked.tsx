// What stands where an answer is awaited, was refused or did not come, and else the answer itself.
import { Button } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Problem } from "../api/client";
import { type Right, ROLE_WITH } from "../api/me";
import { Hostile } from "./Hostile";
import { Nothing } from "./Panel";

/** Says which role it takes. */
export function NoRight({ right }: { right: Right }) {
  return (
    <Nothing title="Your role may not see this">
      <p>
        It takes the role <strong>{ROLE_WITH[right]}</strong>. An admin can give it to you.
      </p>
    </Nothing>
  );
}

interface FailedProps {
  /** What was asked for, as a noun: "the event". */
  what: string;
  error: Error;
  /** The right that the question takes. */
  right?: Right;
  /** Asks again; by itself where there is none. */
  retry?: () => void;
}

/** Says what failed and what can be done about it, or which role it takes. */
export function Failed({ what, error, right = "view", retry }: FailedProps) {
  const status = error instanceof Problem ? error.body.status : 0;
  if (status === 403) return <NoRight right={right} />;
  return (
    <Nothing
      title={status === 404 ? `There is no such thing as ${what}` : `Could not read ${what}`}
    >
      <p role="alert">
        <Hostile text={error.message} />
      </p>
      {retry ? (
        <Button size="compact-sm" variant="default" onClick={retry}>
          Try again
        </Button>
      ) : (
        <p>It is tried again by itself.</p>
      )}
    </Nothing>
  );
}

interface Props<T> {
  query: Pick<UseQueryResult<T>, "data" | "error" | "refetch">;
  what: string;
  right?: Right;
  children: (answer: T) => ReactNode;
}

export function Asked<T>({ query, what, right = "view", children }: Props<T>) {
  const { data, error, refetch } = query;
  if (data !== undefined) return children(data);
  if (!error) return <Nothing title="Loading…" />;
  return <Failed what={what} error={error} right={right} retry={() => void refetch()} />;
}
