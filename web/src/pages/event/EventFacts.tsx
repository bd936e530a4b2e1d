// What is known of an event beside its payload.
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { EventRow } from "../../api/events";
import { statusQuery } from "../../api/status";
import { Copy } from "../../parts/Copy";
import { EventLink, UserLink } from "../../parts/EventName";
import { bytes } from "../../parts/format";
import { Hostile } from "../../parts/Hostile";
import { Time } from "../../parts/Time";

export function SourceLink({ id }: { id: string }) {
  const { data: status } = useQuery(statusQuery());
  const name = status?.sources.find((each) => each.id === id)?.name || id;
  return (
    <Link to="/sources/$id" params={{ id }}>
      <Hostile text={name} />
    </Link>
  );
}

export function EventFacts({ event }: { event: Omit<EventRow, "bytes"> & { bytes?: number } }) {
  const { seq, message_id, user_id, anonymous_id, source } = event;
  return (
    <dl className="facts">
      <dt>Accepted</dt>
      <dd>
        Stored on disk at <Time at={event.accepted_at} />
      </dd>
      <dt>Event</dt>
      <dd>
        <EventLink seq={seq} />
        {event.bytes !== undefined && <span className="secondary"> {bytes(event.bytes)}</span>}
      </dd>
      <dt>Message id</dt>
      <dd className="key">
        {message_id ? (
          <>
            <code>
              <Hostile text={message_id} />
            </code>{" "}
            <Copy what="message id" text={message_id} />
          </>
        ) : (
          <span className="none">–</span>
        )}
      </dd>
      <dt>User</dt>
      <dd>
        <UserLink user_id={user_id} anonymous_id={null} />
      </dd>
      {anonymous_id && (
        <>
          <dt>Anonymous id</dt>
          <dd>
            <UserLink user_id={null} anonymous_id={anonymous_id} />
          </dd>
        </>
      )}
      <dt>Source</dt>
      <dd>
        <SourceLink id={source} />
      </dd>
    </dl>
  );
}
