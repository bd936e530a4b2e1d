// The row that is open in Live: what is known of the event, or why it was refused.
import { ActionIcon, Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { eventQuery } from "../../api/events";
import type { EventLine, LiveLine, RejectedLine } from "../../live/rows";
import { Asked } from "../../parts/Asked";
import { Hostile } from "../../parts/Hostile";
import { Icon } from "../../parts/Icon";
import { Kind } from "../../parts/Kind";
import { State } from "../../parts/State";
import { Time } from "../../parts/Time";
import { REJECTED } from "../../parts/words";
import { DeliveryTable } from "../event/DeliveryTable";
import { EventFacts, SourceLink } from "../event/EventFacts";
import { Payload } from "../event/Payload";
import type { PayloadFace } from "../event/routes";
import type { Only } from "./LiveList";

interface Props {
  line: LiveLine;
  onOnly: (only: Only) => void;
  onClose: () => void;
}

function Head({ line, onClose }: Omit<Props, "onOnly">) {
  const title =
    line.kind === "event"
      ? line.face?.name || `Event ${line.seq.toLocaleString("en")}`
      : line.notice.sentence || line.notice.reason;
  return (
    <div className="detail-head">
      <ActionIcon variant="subtle" color="gray" aria-label="Close the detail" onClick={onClose}>
        <Icon name="close" />
      </ActionIcon>
      <div className="detail-title">
        <h2>
          {line.kind === "event" ? (
            <Kind kind={line.face?.type ?? ""} />
          ) : (
            <State look={REJECTED} />
          )}{" "}
          <Hostile text={title} />
        </h2>
      </div>
    </div>
  );
}

function Refused({ line: { notice } }: { line: RejectedLine }) {
  return (
    <div className="detail-body">
      <dl className="facts">
        <dt>Refused</dt>
        <dd>
          <Time at={notice.at} />
        </dd>
        <dt>Reason</dt>
        <dd>
          <code>
            <Hostile text={notice.reason} />
          </code>{" "}
          <Hostile text={notice.sentence} />
        </dd>
        <dt>Detail</dt>
        <dd>
          <Hostile text={notice.detail} />
        </dd>
        <dt>Source</dt>
        <dd>
          {notice.source ? (
            <SourceLink id={notice.source} />
          ) : (
            <span className="none">unknown</span>
          )}
        </dd>
      </dl>
    </div>
  );
}

function Accepted({ line, onOnly }: { line: EventLine; onOnly: (only: Only) => void }) {
  const event = useQuery(eventQuery(line.seq));
  const [face, setFace] = useState<PayloadFace>("pretty");
  const user = line.face?.user_id || line.face?.anonymous_id;
  const name = line.face?.name;
  return (
    <div className="detail-body">
      <div className="buttons">
        <Link to="/events/$id" params={{ id: String(line.seq) }} className="button-link">
          Open the event
        </Link>
        {user && (
          <Button size="compact-sm" variant="default" onClick={() => onOnly({ user })}>
            Only this user
          </Button>
        )}
        {name && (
          <Button size="compact-sm" variant="default" onClick={() => onOnly({ name })}>
            Only this name
          </Button>
        )}
      </div>
      <Asked query={event} what="the event">
        {(seen) => (
          <>
            {seen.event && <EventFacts event={seen.event} />}
            <h3>Deliveries</h3>
            <DeliveryTable deliveries={seen.deliveries} />
          </>
        )}
      </Asked>
      <h3>Payload</h3>
      <Payload id={line.seq} open={false} face={face} onFace={setFace} />
    </div>
  );
}

export function LiveDetail({ line, onOnly, onClose }: Props) {
  return (
    <>
      <Head line={line} onClose={onClose} />
      {line.kind === "event" ? (
        <Accepted key={line.key} line={line} onOnly={onOnly} />
      ) : (
        <Refused line={line} />
      )}
    </>
  );
}
