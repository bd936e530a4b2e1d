// One event: what it is, what became of it at every destination, and what it holds.
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { type EventRow, type EventSeen, eventPath, eventQuery } from "../../api/events";
import { Asked } from "../../parts/Asked";
import { copied } from "../../parts/Copy";
import { CopyCurl } from "../../parts/CopyCurl";
import { exact } from "../../parts/format";
import { Hostile } from "../../parts/Hostile";
import { Kind } from "../../parts/Kind";
import { useKey } from "../../parts/keys/useKey";
import { Nothing, Panel } from "../../parts/Panel";
import { Time } from "../../parts/Time";
import { useTitle } from "../../parts/useTitle";
import { DeliveryTable } from "./DeliveryTable";
import { EventFacts } from "./EventFacts";
import { Payload } from "./Payload";
import { Timeline } from "./Timeline";

const route = getRouteApi("/events/$id");

export const titleOf = ({ name, type, seq }: Pick<EventRow, "name" | "type" | "seq">) =>
  name || `${type || "event"} ${exact(seq)}`;

function Neighbour({ event, word }: { event: EventRow | null; word: string }) {
  if (!event) return <p className="none">{word}: none</p>;
  return (
    <p>
      {word}:{" "}
      <Link to="/events/$id" params={{ id: String(event.seq) }}>
        <Hostile text={titleOf(event)} />
      </Link>{" "}
      <span className="secondary">
        <Time at={event.accepted_at} />
      </span>
    </p>
  );
}

/** What is left of an event that cannot be read any more. */
function Gone({ seen }: { seen: EventSeen }) {
  return (
    <>
      <h1>Event {exact(seen.seq)}</h1>
      <Panel title="Event">
        <Nothing title="The event is gone">
          <p>{seen.expired?.sentence}</p>
        </Nothing>
      </Panel>
      <Panel title="Deliveries">
        <DeliveryTable deliveries={seen.deliveries} />
      </Panel>
    </>
  );
}

function Shown({ seen, event }: { seen: EventSeen; event: EventRow }) {
  const { face = "pretty" } = route.useSearch();
  const navigate = route.useNavigate();
  useKey("c", "Copy the id of the event", () => void copied(event.message_id || String(event.seq)));
  const user = event.user_id || event.anonymous_id;
  return (
    <>
      <div className="page-head">
        <Kind kind={event.type} />
        <h1>
          <Hostile text={titleOf(event)} />
        </h1>
        <span>
          <CopyCurl path={eventPath(event.seq)} />
        </span>
      </div>
      <div className="halves">
        <Panel title="Event">
          <EventFacts event={event} />
        </Panel>
        <Panel title="Of the same user, in order">
          <div className="neighbours">
            <Neighbour event={seen.before} word="Before" />
            <Neighbour event={seen.after} word="After" />
            {user && (
              <Link to="/users/$id" params={{ id: user }}>
                All events of this user
              </Link>
            )}
          </div>
        </Panel>
      </div>
      <Panel title="Deliveries">
        <DeliveryTable deliveries={seen.deliveries} />
      </Panel>
      <Panel title="What happened">
        <Timeline event={seen} />
      </Panel>
      <Panel title="Payload">
        <Payload
          id={event.seq}
          open
          face={face}
          onFace={(next) =>
            void navigate({ search: { face: next }, replace: true, resetScroll: false })
          }
        />
      </Panel>
    </>
  );
}

export function EventPage() {
  const { id } = route.useParams();
  const query = useQuery(eventQuery(id));
  const event = query.data?.event;
  const title = event ? titleOf(event) : `Event ${id}`;
  useTitle(title);
  return (
    <div className="page">
      {!query.data && (
        <h1>
          Event <Hostile text={id} />
        </h1>
      )}
      <Asked query={query} what="the event">
        {(seen) =>
          seen.event ? (
            <Shown key={seen.seq} seen={seen} event={seen.event} />
          ) : (
            <Gone seen={seen} />
          )
        }
      </Asked>
    </div>
  );
}
