// One delivery, an event at a destination: all its attempts, and what the endpoint answered to each.
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useEffect } from "react";
import { deliveryQuery } from "../../api/attempts";
import { statusQuery } from "../../api/status";
import { exact } from "../../parts/format";
import { Hostile } from "../../parts/Hostile";
import { Nothing } from "../../parts/Panel";
import { AttemptPanel } from "./AttemptPanel";

const route = getRouteApi("/deliveries/$destination/$seq");

export function Delivery() {
  const { destination, seq: text } = route.useParams();
  const seq = Number(text);
  const { data: attempts, error } = useQuery(deliveryQuery(destination, seq));
  const { data: status } = useQuery(statusQuery());
  useEffect(() => {
    document.title = `Event ${text} · Postrider`;
  }, [text]);
  const name = status?.destinations.find(({ id }) => id === destination)?.name || destination;
  return (
    <div className="page">
      <h1>
        Event {Number.isSafeInteger(seq) ? exact(seq) : <Hostile text={text} />} to{" "}
        <Link to="/destinations/$id" params={{ id: destination }}>
          <Hostile text={name} />
        </Link>
      </h1>
      {attempts ? (
        attempts.map((attempt) => (
          <AttemptPanel key={`${attempt.number} ${attempt.at}`} attempt={attempt} />
        ))
      ) : (
        <Nothing title={error ? error.message : "Loading…"} />
      )}
      {attempts?.length === 0 && (
        <Nothing title="No attempt of this delivery is kept">
          <p>None was made yet, or it was so long ago that it has made room for newer ones.</p>
        </Nothing>
      )}
    </div>
  );
}
