// An event that has come, for the editor: one of the latest of a source, or any by its id.
import { Button } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type EventRow, eventsQuery, payloadQuery } from "../../api/events";
import { Asked } from "../../parts/Asked";
import { TextField } from "../../parts/form/Fields";
import { Hostile } from "../../parts/Hostile";
import { Kind } from "../../parts/Kind";
import { Nothing } from "../../parts/Panel";
import { Time } from "../../parts/Time";
import { renewed } from "./event";

const SHOWN = 8;

function Row({ event, onPick }: { event: EventRow; onPick: () => void }) {
  const { type, name, user_id, anonymous_id, accepted_at } = event;
  return (
    <li>
      <button type="button" className="recent" onClick={onPick}>
        <Kind kind={type} />
        <span className="recent-name">
          <Hostile text={name || type} />
        </span>
        <span className="secondary">
          <Hostile text={user_id || anonymous_id || "nobody"} />
        </span>
        <Time at={accepted_at} />
      </button>
    </li>
  );
}

interface Props {
  /** Whose events; everybody's where there is none. */
  source: string | undefined;
  onLoad: (text: string) => void;
}

export function Recent({ source, onLoad }: Props) {
  const cache = useQueryClient();
  const [id, setId] = useState<string>();
  const latest = useQuery(eventsQuery({ source }, SHOWN));
  const load = useMutation({
    mutationFn: async (which: string | number) => await cache.fetchQuery(payloadQuery(which)),
    onSuccess: (payload) => onLoad(renewed(payload)),
  });
  return (
    <div className="recents">
      <div className="rows">
        <div className="row">
          <TextField
            label="Event id"
            description="Its number, or its messageId."
            value={id}
            onValue={setId}
          />
          <Button
            size="compact-sm"
            variant="default"
            disabled={!id}
            loading={load.isPending}
            onClick={() => id && load.mutate(id)}
          >
            Load
          </Button>
        </div>
      </div>
      {load.error && (
        <p className="refused" role="alert">
          <Hostile text={load.error.message} />
        </p>
      )}
      <Asked query={latest} what="the events">
        {({ events }) =>
          events.length === 0 ? (
            <Nothing title="No event has come yet" />
          ) : (
            <ul aria-label="Recent events">
              {events.map((event) => (
                <Row key={event.seq} event={event} onPick={() => load.mutate(event.seq)} />
              ))}
            </ul>
          )
        }
      </Asked>
      <p className="secondary">
        Its id and its times are left out, so that it is an event of its own. Each look at an event
        is written to the audit log.
      </p>
    </div>
  );
}
