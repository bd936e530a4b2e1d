// A table of events, newest first, each with links to itself, its user and its source.
import { Link } from "@tanstack/react-router";
import type { EventRow } from "../api/events";
import { EventLink, UserLink } from "./EventName";
import { bytes } from "./format";
import { Hostile } from "./Hostile";
import { Kind } from "./Kind";
import { Scroll } from "./Panel";
import { Time } from "./Time";

export function EventTable({ events }: { events: readonly EventRow[] }) {
  return (
    <Scroll label="Events table">
      <table>
        <thead>
          <tr>
            <th scope="col">Accepted</th>
            <th scope="col">Type</th>
            <th scope="col">Name</th>
            <th scope="col">User</th>
            <th scope="col" className="number-cell">
              Event
            </th>
            <th scope="col" className="number-cell">
              Size
            </th>
          </tr>
        </thead>
        <tbody>
          {events.map((event) => (
            <tr key={event.seq}>
              <td>
                <Time at={event.accepted_at} />
              </td>
              <td>
                <Kind kind={event.type} />
              </td>
              <th scope="row" className="name">
                <Link to="/events/$id" params={{ id: String(event.seq) }}>
                  {event.name ? <Hostile text={event.name} /> : `${event.type} without a name`}
                </Link>
              </th>
              <td className="name">
                <UserLink user_id={event.user_id} anonymous_id={event.anonymous_id} />
              </td>
              <td className="number-cell">
                <EventLink seq={event.seq} />
              </td>
              <td className="number-cell">{bytes(event.bytes)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
