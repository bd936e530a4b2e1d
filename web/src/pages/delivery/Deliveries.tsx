// Deliveries of all destinations: found by what they are, tried now, made again, or taken along as a file.
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useEffect } from "react";
import { type DeliveryFilter, exportUrl } from "../../api/deliveries";
import { statusQuery } from "../../api/status";
import { Chips } from "../../parts/Chips";
import { Panel } from "../../parts/Panel";
import { useZone } from "../../parts/Time";
import { DeliveryFilters } from "./DeliveryFilters";
import { DeliveryList } from "./DeliveryList";
import { chips, replayHindrance, replayOf } from "./list";

const route = getRouteApi("/deliveries");

function SetFilters({ filter, names }: { filter: DeliveryFilter; names: Map<string, string> }) {
  const navigate = route.useNavigate();
  const [zone] = useZone();
  return (
    <Chips
      chips={chips(filter, names, zone)}
      onRemove={(name) =>
        void navigate({ search: (now) => ({ ...now, [name]: undefined }), resetScroll: false })
      }
      onClear={() => void navigate({ search: {}, resetScroll: false })}
    />
  );
}

/** What can be done with all that the list shows, also with what is not loaded. */
function WithAll({ filter }: { filter: DeliveryFilter }) {
  const hindrance = replayHindrance(filter);
  return (
    <div className="with-all">
      {hindrance === null ? (
        <Link to="/replays/new" search={replayOf(filter)}>
          Deliver all matching again…
        </Link>
      ) : (
        <span className="secondary">{hindrance}</span>
      )}
      <span className="secondary">Export:</span>
      {(["csv", "ndjson"] as const).map((format) => (
        <a key={format} href={exportUrl(filter, format)} download={`deliveries.${format}`}>
          {format.toUpperCase()}
        </a>
      ))}
    </div>
  );
}

export function Deliveries() {
  const filter = route.useSearch();
  const { data: status } = useQuery(statusQuery());
  useEffect(() => {
    document.title = "Deliveries · Postrider";
  }, []);
  const { destinations = [], sources = [] } = status ?? {};
  const names = new Map([...destinations, ...sources].map(({ id, name }) => [id, name || id]));
  return (
    <div className="page">
      <div className="page-head">
        <h1>Deliveries</h1>
      </div>
      <Panel title="Find" aside={<WithAll filter={filter} />}>
        <DeliveryFilters destinations={destinations} sources={sources} />
        <SetFilters filter={filter} names={names} />
        <DeliveryList filter={filter} names={names} />
      </Panel>
    </div>
  );
}
