// Names and ids of events, as links to what they stand for.
import { Link } from "@tanstack/react-router";
import { exact } from "./format";
import { Hostile } from "./Hostile";

interface Whose {
  user_id: string | null;
  anonymous_id: string | null;
}

/** Who an event is of; anonymous ids say that they are. */
export function UserLink({ user_id, anonymous_id }: Whose) {
  const id = user_id || anonymous_id;
  if (!id) return <span className="none">–</span>;
  return (
    <Link to="/users/$id" params={{ id }} title={user_id ? "User" : "Anonymous id"}>
      <Hostile text={id} />
    </Link>
  );
}

/** An event by its place in the journal. */
export function EventLink({ seq }: { seq: number }) {
  return (
    <Link to="/events/$id" params={{ id: String(seq) }}>
      {exact(seq)}
    </Link>
  );
}
