// What became of an event that went through its source: followed until it has come to something.
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { deliveryQuery } from "../../api/deliveries";
import { type EventSeen, eventQuery } from "../../api/events";
import { Asked } from "../../parts/Asked";
import { Panel } from "../../parts/Panel";
import { AttemptPanel } from "../delivery/AttemptPanel";
import { DeliveryTable } from "../event/DeliveryTable";

const SOON_MS = 500;
const ON_THE_WAY = ["queued", "sending"];

/** Often until it has come to something at each destination, then as usual. */
const pace = (event: EventSeen | undefined) =>
  event?.deliveries.every(({ status }) => !ON_THE_WAY.includes(status)) ? 2_000 : SOON_MS;

function Attempts({ destination, seq }: { destination: string; seq: number }) {
  const { data } = useQuery(deliveryQuery(destination, String(seq)));
  const last = data?.attempts[0];
  return last ? <AttemptPanel attempt={last} mayRead /> : null;
}

interface Props {
  id: string;
  /** Whose attempts are shown, too. */
  destination: string | undefined;
}

export function Through({ id, destination }: Props) {
  const query = useQuery({
    ...eventQuery(id),
    refetchInterval: ({ state }) => pace(state.data),
    // It is found a moment after it is stored.
    retry: 10,
    retryDelay: SOON_MS,
  });
  const event = query.data;
  const isThere = event?.deliveries.some((each) => each.destination === destination);
  return (
    <>
      <Panel title="What became of it">
        <p className="outcome">
          Stored.{" "}
          <Link to="/events/$id" params={{ id }}>
            Open the event
          </Link>
        </p>
        <Asked query={query} what="the event">
          {({ deliveries }) => <DeliveryTable deliveries={deliveries} />}
        </Asked>
      </Panel>
      {event && destination && isThere && <Attempts destination={destination} seq={event.seq} />}
    </>
  );
}
