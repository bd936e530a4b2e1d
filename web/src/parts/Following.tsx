// What pages that follow a stream share: the pause button, and telling new rows to those who hear them.
import { Button } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import type { Hold } from "../live/useHold";
import { count, counted } from "./format";
import { Icon } from "./Icon";

const TOLD_MS = 5_000;

/** Tells screen readers of new rows, at most once in five seconds. */
export function Announcer({ received, noun }: { received: number; noun: string }) {
  const [said, setSaid] = useState("");
  const told = useRef(received);
  const latest = useRef(received);
  latest.current = received;
  useEffect(() => {
    const timer = setInterval(() => {
      const fresh = latest.current - told.current;
      told.current = latest.current;
      if (fresh > 0) setSaid(counted(fresh, noun));
    }, TOLD_MS);
    return () => clearInterval(timer);
  }, [noun]);
  return (
    <span className="offscreen" role="status">
      {said}
    </span>
  );
}

export function PauseButton({
  hold,
}: {
  hold: Pick<Hold<unknown>, "held" | "missed" | "hold" | "release">;
}) {
  if (!hold.held) {
    return (
      <Button
        size="compact-sm"
        variant="default"
        leftSection={<Icon name="pause" />}
        onClick={hold.hold}
      >
        Pause
      </Button>
    );
  }
  return (
    <Button size="compact-sm" leftSection={<Icon name="resume" />} onClick={hold.release}>
      Resume{hold.missed > 0 && ` · +${count(hold.missed)} new`}
    </Button>
  );
}
