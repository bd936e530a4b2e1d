// The request of an attempt. It is not kept, but made again from what is: so it says from what.
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { type Attempt, type Rebuilt, requestQuery } from "../../api/attempts";
import { Problem } from "../../api/client";
import { ROLE_WITH } from "../../api/me";
import { Asked } from "../../parts/Asked";
import { Hostile } from "../../parts/Hostile";
import { RequestShown } from "../../parts/RequestShown";

/** From what it was made again. */
export function basis({ version, current }: Rebuilt): string {
  const which = version === null ? "a version whose number is not kept" : `version ${version}`;
  const now = current ? "which still holds" : "which has been changed since";
  return `Rebuilt from the event and ${which} of the destination, ${now}.`;
}

function Shown({ attempt }: { attempt: Attempt }) {
  const query = useQuery(requestQuery(attempt));
  if (query.error instanceof Problem && [404, 410].includes(query.error.body.status)) {
    return (
      <p className="secondary">
        It cannot be rebuilt: <Hostile text={query.error.message} />
      </p>
    );
  }
  return (
    <Asked query={query} what="the request" right="payload">
      {(rebuilt) => (
        <>
          <p className="secondary">{basis(rebuilt)}</p>
          {rebuilt.request ? (
            <RequestShown request={rebuilt.request} />
          ) : (
            <p className="secondary">
              None was made. <Hostile text={`${rebuilt.sentence} ${rebuilt.detail}`} />
            </p>
          )}
        </>
      )}
    </Asked>
  );
}

export function AttemptRequest({ attempt, mayRead }: { attempt: Attempt; mayRead: boolean }) {
  const [asked, setAsked] = useState(false);
  if (!mayRead) {
    return (
      <p className="secondary">What was sent takes the role {ROLE_WITH.payload} to be read.</p>
    );
  }
  if (asked) return <Shown attempt={attempt} />;
  return (
    <p className="secondary">
      <Button size="compact-sm" variant="default" onClick={() => setAsked(true)}>
        Show the request
      </Button>{" "}
      Each look is written to the audit log.
    </p>
  );
}
