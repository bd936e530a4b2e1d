// What is done with a destination as a whole: paused and resumed, tried now, removed and brought back.
import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { patchObject, removeObject, restoreDestination } from "../../api/catalog";
import { act } from "../../api/client";
import type { Destination, Removed } from "../../api/status";
import { Confirm } from "../../parts/Confirm";
import { useReadOnly } from "../../parts/form/EditForm";
import { counted } from "../../parts/format";
import { Hostile } from "../../parts/Hostile";

const pausing = (paused: boolean) => ({
  postrider: { delivery: { paused: paused ? true : null } },
});

/** Has something done to a destination, and everything that shows it read again. */
function useDone(deed: () => Promise<unknown>, after?: () => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: deed,
    onSuccess: () => after?.(),
    onSettled: async () => await client.invalidateQueries(),
  });
}

interface Props {
  destination: Destination;
  managedBy: string | null | undefined;
}

export function PauseButton({ destination, managedBy }: Props) {
  const readOnly = useReadOnly(managedBy);
  const { id, name, state } = destination;
  const isPaused = state === "paused";
  const { mutate, isPending, error } = useDone(() =>
    patchObject("destinations", id, pausing(!isPaused)),
  );
  if (state === "disabled") return null;
  return (
    <>
      <Button
        variant="default"
        size="compact-sm"
        disabled={readOnly !== null}
        title={readOnly ?? undefined}
        loading={isPending}
        onClick={() => mutate()}
      >
        {isPaused ? "Resume" : "Pause"}
        <span className="offscreen"> {name || id}</span>
      </Button>
      {error && (
        <span role="alert" className="refused">
          {error.message}
        </span>
      )}
    </>
  );
}

/** Tries everything that waits for its time now, also where the endpoint was left alone. */
function TryNow({ destination }: { destination: Destination }) {
  const path = `/api/v1/destinations/${encodeURIComponent(destination.id)}/try-now`;
  const { mutate, isPending, isSuccess, error } = useDone(() => act(path));
  if (destination.retrying === 0 && destination.flow?.failing_since == null) return null;
  return (
    <>
      <Button variant="default" size="compact-sm" loading={isPending} onClick={() => mutate()}>
        Try now
      </Button>
      <span role="status" className="secondary">
        {error ? error.message : isSuccess ? "Everything that waits is tried now" : ""}
      </span>
    </>
  );
}

function Remove({ destination, managedBy }: Props) {
  const [asks, setAsks] = useState(false);
  const navigate = useNavigate();
  const readOnly = useReadOnly(managedBy);
  const { id, name, waiting } = destination;
  const { mutate, isPending, error } = useDone(
    () => removeObject("destinations", id),
    () => void navigate({ to: "/destinations" }),
  );
  return (
    <>
      <Button
        variant="default"
        size="compact-sm"
        disabled={readOnly !== null}
        title={readOnly ?? undefined}
        onClick={() => setAsks(true)}
      >
        Remove…
      </Button>
      {asks && (
        <Confirm
          title="Remove this destination?"
          act="Remove"
          keep="Keep it"
          pending={isPending}
          error={error}
          onSure={() => mutate()}
          onClose={() => setAsks(false)}
        >
          <p>
            <Hostile text={name || id} /> gets nothing any more.{" "}
            {counted(waiting, "event waits", "events wait")} for it.
          </p>
          <p>It can be brought back for a while, with its connections and with what waits.</p>
        </Confirm>
      )}
    </>
  );
}

export function Restore({ removed, managedBy }: { removed: Removed; managedBy: string | null }) {
  const readOnly = useReadOnly(managedBy);
  const { mutate, isPending, error } = useDone(() => restoreDestination(removed.id));
  return (
    <>
      <Button
        variant="default"
        size="compact-sm"
        disabled={readOnly !== null}
        title={readOnly ?? undefined}
        loading={isPending}
        onClick={() => mutate()}
      >
        Bring back
        <span className="offscreen"> {removed.name || removed.id}</span>
      </Button>
      {error && (
        <span role="alert" className="refused">
          {error.message}
        </span>
      )}
    </>
  );
}

export function Actions(props: Props) {
  const { id, gave_up, expired } = props.destination;
  return (
    <div className="actions">
      <PauseButton {...props} />
      <TryNow destination={props.destination} />
      {gave_up + expired > 0 && (
        <Link to="/replays/new" search={{ destination: id, intent: "recover_failed" }}>
          Recover failed…
        </Link>
      )}
      <Link to="/replays/new" search={{ destination: id, intent: "replay_missing" }}>
        Replay missing…
      </Link>
      <Remove {...props} />
    </div>
  );
}
