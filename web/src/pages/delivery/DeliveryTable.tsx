// The table of deliveries, the newest first; rows are chosen by their boxes.
import { Link } from "@tanstack/react-router";
import type { Delivery } from "../../api/deliveries";
import { UserLink } from "../../parts/EventName";
import { exact } from "../../parts/format";
import { Hostile } from "../../parts/Hostile";
import { Kind } from "../../parts/Kind";
import { Scroll } from "../../parts/Panel";
import { Time } from "../../parts/Time";
import { type RowPlace, VirtualBody } from "../../parts/VirtualBody";
import { DeliveryState } from "./DeliveryState";
import { keyOf } from "./list";

const COLUMNS = 10;

interface Props {
  deliveries: Delivery[];
  names: Map<string, string>;
  picked: ReadonlySet<string>;
  onPick: (picked: ReadonlySet<string>) => void;
}

interface RowProps {
  place: RowPlace;
  delivery: Delivery;
  name: string;
  isPicked: boolean;
  onPick: () => void;
}

function Row({ place, delivery, name, isPicked, onPick }: RowProps) {
  const { destination, seq, type, attempts, last, accepted_at } = delivery;
  const { user_id, anonymous_id } = delivery;
  return (
    <tr data-selected={isPicked || undefined} {...place}>
      <td className="pick">
        <input
          type="checkbox"
          aria-label={`Choose event ${seq} to ${name}`}
          checked={isPicked}
          onChange={onPick}
        />
      </td>
      <td>
        <DeliveryState delivery={delivery} />
      </td>
      <td className="number-cell">
        <Link to="/deliveries/$destination/$seq" params={{ destination, seq: String(seq) }}>
          {exact(seq)}
        </Link>
      </td>
      <td>
        <Kind kind={type ?? ""} />
      </td>
      <th scope="row" className="name">
        <Hostile text={delivery.name || "–"} />
        {(user_id ?? anonymous_id) !== null && (
          <span className="secondary">
            <UserLink user_id={user_id} anonymous_id={anonymous_id} />
          </span>
        )}
      </th>
      <td>
        <Link to="/destinations/$id" params={{ id: destination }}>
          <Hostile text={name} />
        </Link>
      </td>
      <td className="number-cell">{exact(attempts)}</td>
      <td className="number-cell">{last?.status || <span className="none">none</span>}</td>
      <td className="wide">
        <Hostile text={delivery.sentence ?? delivery.reason ?? ""} />
      </td>
      <td>{accepted_at === null ? <span className="none">–</span> : <Time at={accepted_at} />}</td>
    </tr>
  );
}

export function DeliveryTable({ deliveries, names, picked, onPick }: Props) {
  const all = deliveries.length > 0 && deliveries.every((each) => picked.has(keyOf(each)));
  const turn = (key: string) => {
    const next = new Set(picked);
    if (!next.delete(key)) next.add(key);
    onPick(next);
  };
  return (
    <Scroll label="Deliveries table">
      <table aria-rowcount={deliveries.length + 1}>
        <thead>
          <tr>
            <th scope="col" className="pick">
              <input
                type="checkbox"
                aria-label="Choose all that are shown"
                checked={all}
                onChange={() => onPick(all ? new Set() : new Set(deliveries.map(keyOf)))}
              />
            </th>
            <th scope="col">State</th>
            <th scope="col" className="number-cell">
              Event
            </th>
            <th scope="col">Type</th>
            <th scope="col">Name, user</th>
            <th scope="col">Destination</th>
            <th scope="col" className="number-cell">
              Attempts
            </th>
            <th scope="col" className="number-cell">
              Status
            </th>
            <th scope="col">Reason</th>
            <th scope="col">Accepted</th>
          </tr>
        </thead>
        <VirtualBody
          rows={deliveries}
          columns={COLUMNS}
          render={(each, place) => {
            const key = keyOf(each);
            return (
              <Row
                key={key}
                place={place}
                delivery={each}
                name={names.get(each.destination) ?? each.destination}
                isPicked={picked.has(key)}
                onPick={() => turn(key)}
              />
            );
          }}
        />
      </table>
    </Scroll>
  );
}
