// What happened to an event, from its receipt to the last attempt, in the order of time.
import { useQueries } from "@tanstack/react-query";
import { deliveryQuery } from "../../api/deliveries";
import type { EventSeen } from "../../api/events";
import { exact, span } from "../../parts/format";
import { Hostile } from "../../parts/Hostile";
import { State } from "../../parts/State";
import { Time } from "../../parts/Time";
import { useDestinationNames } from "../../parts/useNames";
import { fateLook, type Look } from "../../parts/words";

const ACCEPTED: Look = { word: "Accepted", shape: "dot", tone: "quiet" };

interface Moment {
  at: string;
  look: Look;
  text: string;
}

export function Timeline({ event }: { event: EventSeen }) {
  const nameOf = useDestinationNames();
  const asked = useQueries({
    queries: event.deliveries
      .filter((each) => each.attempts > 0)
      .map(({ destination, seq }) => deliveryQuery(destination, String(seq))),
  });
  const moments: Moment[] = asked
    .flatMap(({ data }) => data?.attempts ?? [])
    .map(({ at, fate, number, status, destination, reason, duration_us }) => ({
      at,
      look: fateLook(fate),
      text: `${nameOf(destination)}: attempt ${number}, ${status || reason || "no answer"} in ${exact(
        Math.round(duration_us / 1_000),
      )} ms`,
    }));
  const accepted = event.event?.accepted_at;
  if (accepted) moments.push({ at: accepted, look: ACCEPTED, text: "Stored on disk" });
  moments.sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
  const start = Date.parse(accepted ?? moments[0]?.at ?? "");
  return (
    <ol className="timeline">
      {moments.map(({ at, look, text }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: two may be of one moment; order is identity.
        <li key={index}>
          <Time at={at} /> <State look={look} /> <Hostile text={text} />
          {Date.parse(at) - start >= 1_000 && (
            <span className="secondary"> {span(Date.parse(at) - start)} after it was stored</span>
          )}
        </li>
      ))}
    </ol>
  );
}
