// The deliveries of one destination.
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import type { Destination, Status } from "../../api/status";
import { Panel } from "../../parts/Panel";
import { DeliveryList } from "../delivery/DeliveryList";

export function DeliveriesTab({
  destination,
  status,
}: {
  destination: Destination;
  status: Status;
}) {
  const { id } = destination;
  const filter = useMemo(() => ({ destination: id }), [id]);
  const names = new Map(status.destinations.map((each) => [each.id, each.name || each.id]));
  return (
    <Panel
      title="Deliveries"
      aside={
        <Link to="/deliveries" search={filter}>
          With filters
        </Link>
      }
    >
      <DeliveryList filter={filter} names={names} />
    </Panel>
  );
}
