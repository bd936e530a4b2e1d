// The deliveries of an event: one row per destination, with where each stands and what comes next.
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Delivery } from "../../api/deliveries";
import { statusQuery } from "../../api/status";
import { deliveryWords } from "../../parts/deliveryWords";
import { EventLink } from "../../parts/EventName";
import { Hostile } from "../../parts/Hostile";
import { Nothing, Scroll } from "../../parts/Panel";
import { State } from "../../parts/State";
import { Time } from "../../parts/Time";
import { useServerNow } from "../../parts/useServerNow";
import { deliveryLook } from "../../parts/words";

function Row({ delivery, name }: { delivery: Delivery; name: string }) {
  const now = useServerNow();
  const { destination, seq, last, blocked_by } = delivery;
  return (
    <tr>
      <th scope="row" className="name">
        <Link to="/deliveries/$destination/$seq" params={{ destination, seq: String(seq) }}>
          <Hostile text={name} />
        </Link>
      </th>
      <td>
        <State look={deliveryLook(delivery.status)} />
      </td>
      <td className="wide">
        <Hostile text={deliveryWords(delivery, now)} />
        {blocked_by?.seq != null && (
          <>
            {" "}
            <EventLink seq={blocked_by.seq} />
          </>
        )}
      </td>
      <td>{last ? <Time at={last.at} /> : <span className="none">–</span>}</td>
    </tr>
  );
}

export function DeliveryTable({ deliveries }: { deliveries: readonly Delivery[] }) {
  const { data: status } = useQuery(statusQuery());
  const names = new Map(status?.destinations.map((each) => [each.id, each.name || each.id]));
  if (deliveries.length === 0) {
    return (
      <Nothing title="It goes to no destination">
        <p>
          No connection leads from its source to a destination. <Link to="/">See the overview</Link>
        </p>
      </Nothing>
    );
  }
  return (
    <Scroll label="Deliveries table">
      <table>
        <thead>
          <tr>
            <th scope="col">Destination</th>
            <th scope="col">State</th>
            <th scope="col">What happened</th>
            <th scope="col">Last attempt</th>
          </tr>
        </thead>
        <tbody>
          {deliveries.map((delivery) => (
            <Row
              key={delivery.destination}
              delivery={delivery}
              name={names.get(delivery.destination) ?? delivery.destination}
            />
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
