// One destination: where it stands, how its requests are made, and which events it gets from whom.
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useEffect } from "react";
import type { Destination } from "../../api/status";
import { statusQuery } from "../../api/status";
import { Hostile } from "../../parts/Hostile";
import { Nothing, Panel } from "../../parts/Panel";
import { State } from "../../parts/State";
import { destinationLook } from "../../parts/words";
import { Filters } from "./Filters";
import { RequestFacts } from "./RequestFacts";

const route = getRouteApi("/destinations/$id");

function Head({ destination }: { destination: Destination }) {
  const { id, name, method, target, state, queues } = destination;
  return (
    <div className="page-head">
      <h1>
        <Hostile text={name || id} />
      </h1>
      <State look={destinationLook(state)} />
      {!queues && (
        <span className="secondary">
          does not queue: what comes now is passed over, what waited stays
        </span>
      )}
      <code>
        <Hostile text={`${method} ${target}`} />
      </code>
      <Link to="/" search={{ destination: id }}>
        Its latest attempts
      </Link>
      <Link to="/issues" search={{ destination: id }}>
        Its issues
      </Link>
    </div>
  );
}

export function DestinationPage() {
  const { id } = route.useParams();
  const { data: status, error } = useQuery(statusQuery());
  const destination = status?.destinations.find((each) => each.id === id);
  const name = destination?.name || id;
  useEffect(() => {
    document.title = `${name} · Postrider`;
  }, [name]);
  if (!status) return <Nothing title={error ? error.message : "Loading…"} />;
  if (!destination) {
    return (
      <Nothing title="There is no such destination">
        <Link to="/">Go to the overview</Link>
      </Nothing>
    );
  }
  return (
    <div className="page">
      <Head destination={destination} />
      <Panel title="Requests">
        <RequestFacts requests={destination.requests} />
      </Panel>
      <Panel title="Events it gets">
        <Filters
          connections={status.connections.filter((each) => each.destination === id)}
          sources={status.sources}
        />
      </Panel>
    </div>
  );
}
