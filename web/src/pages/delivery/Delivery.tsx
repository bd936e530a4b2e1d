// One delivery, an event at a destination: where it stands, what can be done, and all its attempts.
import { Button } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import {
  type Delivery as DeliveryRecord,
  deliveryQuery,
  resendDelivery,
  retryDelivery,
  skipDelivery,
} from "../../api/deliveries";
import { useMay } from "../../api/me";
import { statusQuery } from "../../api/status";
import { Asked } from "../../parts/Asked";
import { Confirm } from "../../parts/Confirm";
import { Countdown } from "../../parts/Countdown";
import { EventLink, UserLink } from "../../parts/EventName";
import { counted, exact } from "../../parts/format";
import { Hostile } from "../../parts/Hostile";
import { Kind } from "../../parts/Kind";
import { useKey } from "../../parts/keys/useKey";
import { Nothing, Panel } from "../../parts/Panel";
import { State } from "../../parts/State";
import { Time } from "../../parts/Time";
import { useTitle } from "../../parts/useTitle";
import { deliveryLook } from "../../parts/words";
import { AttemptPanel } from "./AttemptPanel";
import { canResend, canSkip, canTryNow } from "./list";

const route = getRouteApi("/deliveries/$destination/$seq");

/** Giving up cannot be taken back by itself, so it is asked for twice. */
function GiveUp({ onSure, pending }: { onSure: () => void; pending: boolean }) {
  const [asks, setAsks] = useState(false);
  return (
    <>
      <Button variant="default" size="compact-sm" onClick={() => setAsks(true)}>
        Give up…
      </Button>
      {asks && (
        <Confirm
          title="Give up this delivery?"
          act="Give up"
          keep="Go on trying"
          pending={pending}
          onSure={() => {
            setAsks(false);
            onSure();
          }}
          onClose={() => setAsks(false)}
        >
          <p>It is not tried any more, and the later events of the same user go on.</p>
        </Confirm>
      )}
    </>
  );
}

function Deeds({ delivery }: { delivery: DeliveryRecord }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const mayEdit = useMay("edit");
  const { destination, seq } = delivery;
  const { mutate, isPending, data, error } = useMutation({
    mutationFn: async (deed: "retry" | "skip" | "resend") => {
      if (deed === "resend") {
        const { id } = await resendDelivery(destination, seq);
        await navigate({ to: "/replays/$id", params: { id: String(id) } });
        return "";
      }
      await (deed === "retry" ? retryDelivery : skipDelivery)(destination, seq);
      return deed === "retry" ? "It is tried as soon as there is room" : "It is given up";
    },
    onSettled: async () => await client.invalidateQueries({ queryKey: ["delivery"] }),
  });
  useKey("r", "Try this delivery now", () => {
    if (mayEdit && canTryNow(delivery)) mutate("retry");
  });
  if (!mayEdit) return null;
  return (
    <div className="actions">
      {canTryNow(delivery) && (
        <Button size="compact-sm" loading={isPending} onClick={() => mutate("retry")}>
          Try now
        </Button>
      )}
      {canSkip(delivery) && <GiveUp pending={isPending} onSure={() => mutate("skip")} />}
      {canResend(delivery) && (
        <Button
          variant="default"
          size="compact-sm"
          loading={isPending}
          onClick={() => mutate("resend")}
        >
          Deliver again
        </Button>
      )}
      <span role={error ? "alert" : "status"} className={error ? "refused" : "secondary"}>
        {error ? error.message : (data ?? "")}
      </span>
    </div>
  );
}

/** What it waits for, in words. */
function WaitsFor({ delivery }: { delivery: DeliveryRecord }) {
  const { blocked_by, next_try_at, destination } = delivery;
  if (blocked_by?.seq != null) {
    return (
      <>
        <Link
          to="/deliveries/$destination/$seq"
          params={{ destination, seq: String(blocked_by.seq) }}
        >
          Event {exact(blocked_by.seq)}
        </Link>{" "}
        of the same user, which comes first
      </>
    );
  }
  if (blocked_by) return <Hostile text={blocked_by.sentence} />;
  if (next_try_at === null) return null;
  return (
    <>
      Its next attempt, <Countdown at={next_try_at} />{" "}
      <span className="secondary">
        at <Time at={next_try_at} />
      </span>
    </>
  );
}

function Facts({ delivery }: { delivery: DeliveryRecord }) {
  const { seq, type, name, accepted_at, attempts, sentence, blocked_by, next_try_at } = delivery;
  const { user_id, anonymous_id } = delivery;
  return (
    <dl className="facts">
      <dt>Event</dt>
      <dd>
        <EventLink seq={seq} /> {type && <Kind kind={type} />} {name && <Hostile text={name} />}
        {!type && !name && <span className="none">cannot be read any more</span>}
      </dd>
      {(user_id ?? anonymous_id) !== null && (
        <>
          <dt>User</dt>
          <dd>
            <UserLink user_id={user_id} anonymous_id={anonymous_id} />
          </dd>
        </>
      )}
      {accepted_at !== null && (
        <>
          <dt>Accepted</dt>
          <dd>
            <Time at={accepted_at} />
          </dd>
        </>
      )}
      <dt>Attempts</dt>
      <dd>{counted(attempts, "attempt")}</dd>
      {sentence && (
        <>
          <dt>Reason</dt>
          <dd>
            <Hostile text={sentence} />
          </dd>
        </>
      )}
      {(blocked_by !== null || next_try_at !== null) && (
        <>
          <dt>Waits for</dt>
          <dd>
            <WaitsFor delivery={delivery} />
          </dd>
        </>
      )}
    </dl>
  );
}

export function Delivery() {
  const { destination, seq: text } = route.useParams();
  const query = useQuery(deliveryQuery(destination, text));
  const mayRead = useMay("payload");
  const { data: status } = useQuery(statusQuery());
  useTitle(`Event ${text}`);
  const name = status?.destinations.find(({ id }) => id === destination)?.name || destination;
  const seq = Number(text);
  return (
    <div className="page">
      <div className="page-head">
        <h1>
          Event {Number.isSafeInteger(seq) ? exact(seq) : <Hostile text={text} />} to{" "}
          <Link to="/destinations/$id" params={{ id: destination }}>
            <Hostile text={name} />
          </Link>
        </h1>
        {query.data && <State look={deliveryLook(query.data.delivery.status)} />}
      </div>
      <Asked query={query} what="the delivery">
        {({ delivery, attempts }) => (
          <>
            <Deeds delivery={delivery} />
            <Panel title="Where it stands">
              <Facts delivery={delivery} />
            </Panel>
            {attempts.map((attempt) => (
              <AttemptPanel
                key={`${attempt.number} ${attempt.at}`}
                attempt={attempt}
                mayRead={mayRead}
              />
            ))}
            {attempts.length === 0 && (
              <Nothing title="No attempt of this delivery is kept">
                <p>
                  None was made yet, or it was so long ago that it has made room for newer ones.
                </p>
              </Nothing>
            )}
          </>
        )}
      </Asked>
    </div>
  );
}
