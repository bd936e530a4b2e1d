// A user's lane: all events of one id in order, what became of each everywhere, and what blocks.
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { Delivery } from "../../api/deliveries";
import { type Lane, lanePath, laneQuery } from "../../api/events";
import { statusQuery } from "../../api/status";
import { Asked } from "../../parts/Asked";
import { DestinationChoice } from "../../parts/Choice";
import { CopyCurl } from "../../parts/CopyCurl";
import { deliveryWords } from "../../parts/deliveryWords";
import { EventLink } from "../../parts/EventName";
import { Hostile } from "../../parts/Hostile";
import { Kind } from "../../parts/Kind";
import { Nothing, Panel, Scroll } from "../../parts/Panel";
import { State } from "../../parts/State";
import { Time } from "../../parts/Time";
import { useDestinationNames } from "../../parts/useNames";
import { useServerNow } from "../../parts/useServerNow";
import { useTitle } from "../../parts/useTitle";
import { deliveryLook } from "../../parts/words";
import { titleOf } from "../event/EventPage";

const route = getRouteApi("/users/$id");

function Where({ delivery, name }: { delivery: Delivery; name: string }) {
  const now = useServerNow();
  const { destination, seq, blocked_by } = delivery;
  return (
    <div className="lane-delivery">
      <Link to="/deliveries/$destination/$seq" params={{ destination, seq: String(seq) }}>
        <Hostile text={name} />
      </Link>{" "}
      <State look={deliveryLook(delivery.status)} />{" "}
      <span className="secondary">
        <Hostile text={deliveryWords(delivery, now)} />{" "}
        {blocked_by?.seq != null && <EventLink seq={blocked_by.seq} />}
      </span>
    </div>
  );
}

/** The earliest event of each destination that others of this lane wait for. */
function blockers({ events }: Lane): Map<number, string[]> {
  const found = new Map<number, string[]>();
  for (const { deliveries } of events) {
    for (const { blocked_by, destination } of deliveries) {
      if (blocked_by?.seq == null) continue;
      const before = found.get(blocked_by.seq) ?? [];
      if (!before.includes(destination)) found.set(blocked_by.seq, [...before, destination]);
    }
  }
  return found;
}

function Blocking({ lane }: { lane: Lane }) {
  const nameOf = useDestinationNames();
  const found = [...blockers(lane)];
  if (found.length === 0) return null;
  return (
    <div className="note" role="note">
      {found.map(([seq, destinations]) =>
        destinations.map((destination) => (
          <p key={`${seq} ${destination}`}>
            Later events wait for{" "}
            <Link to="/deliveries/$destination/$seq" params={{ destination, seq: String(seq) }}>
              event {seq.toLocaleString("en")} to <Hostile text={nameOf(destination)} />
            </Link>
            , so that their order is kept. It is tried again, or can be skipped there.
          </p>
        )),
      )}
    </div>
  );
}

function Events({ lane, id }: { lane: Lane; id: string }) {
  const nameOf = useDestinationNames();
  if (lane.events.length === 0) {
    return (
      <Nothing title="No event of this user is kept">
        <p>
          Nothing was accepted with <Hostile text={id} /> as its userId or anonymousId, or it is
          older than what is kept.
        </p>
      </Nothing>
    );
  }
  return (
    <>
      <Blocking lane={lane} />
      <Scroll label="Events of the user">
        <table>
          <thead>
            <tr>
              <th scope="col">Accepted</th>
              <th scope="col">Type</th>
              <th scope="col">Event</th>
              <th scope="col">Deliveries</th>
            </tr>
          </thead>
          <tbody>
            {lane.events.map(({ event, deliveries }) => (
              <tr key={event.seq}>
                <td>
                  <Time at={event.accepted_at} />
                </td>
                <td>
                  <Kind kind={event.type} />
                </td>
                <th scope="row" className="name">
                  <Link to="/events/$id" params={{ id: String(event.seq) }}>
                    <Hostile text={titleOf(event)} />
                  </Link>
                </th>
                <td className="wide">
                  {deliveries.map((delivery) => (
                    <Where
                      key={delivery.destination}
                      delivery={delivery}
                      name={nameOf(delivery.destination)}
                    />
                  ))}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </>
  );
}

export function UserPage() {
  const { id } = route.useParams();
  const { destination } = route.useSearch();
  const navigate = route.useNavigate();
  const { data: status } = useQuery(statusQuery());
  const lane = useQuery(laneQuery(id, destination));
  useTitle(`User ${id}`);
  return (
    <div className="page">
      <div className="page-head">
        <h1>
          User <Hostile text={id} />
        </h1>
        <span className="action">
          <CopyCurl path={lanePath(id)} />
        </span>
      </div>
      <Panel
        title="Events, newest first"
        aside={
          <DestinationChoice
            label="Show deliveries to"
            destinations={status?.destinations ?? []}
            value={destination}
            onChoose={(value) =>
              void navigate({ search: { destination: value }, replace: true, resetScroll: false })
            }
          />
        }
      >
        <Asked query={lane} what="the events of this user">
          {(found) => <Events lane={found} id={id} />}
        </Asked>
      </Panel>
    </div>
  );
}
