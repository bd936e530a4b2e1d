// A new replay: where to and what for, which events, an estimate, how fast, and then the start.
import { useMutation, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useEffect } from "react";
import { meQuery, useMay } from "../../api/me";
import { estimateQuery, makeReplay, type ReplayOrder } from "../../api/replays";
import { type Destination, type Status, statusQuery } from "../../api/status";
import { Asked, NoRight } from "../../parts/Asked";
import { ConfirmCount } from "../../parts/form/ConfirmCount";
import { elsewhere, mistakesOf } from "../../parts/form/mistakes";
import { counted, exact } from "../../parts/format";
import { Hostile } from "../../parts/Hostile";
import { Nothing, Panel } from "../../parts/Panel";
import { Time } from "../../parts/Time";
import { IntentChoice, Pace, Which } from "./OrderFields";
import { PassedOver } from "./PassedOver";
import { orderOf, type ReplaySearch } from "./search";
import { estimateSentence } from "./words";

const route = getRouteApi("/replays/new");

/** Fields that show their own mistakes. */
const SHOWN = [
  "destination",
  "first",
  "last",
  "received_from",
  "received_until",
  "failed_since",
  "source",
  "user",
  "filter.types",
  "filter.events",
  "filter.condition",
  "rate",
  "concurrency",
];

/** A replay to an endpoint that takes nothing only waits: its cause is to be mended first. */
function Sick({ destination }: { destination: Destination | undefined }) {
  if (!destination) return null;
  const { flow, state, id } = destination;
  const why =
    state === "paused" || state === "disabled"
      ? `It is ${state}.`
      : flow?.failing_since
        ? (flow.sentence ?? "Its endpoint takes nothing.")
        : null;
  if (why === null) return null;
  return (
    <p className="note" role="status">
      <Hostile text={why} /> A replay waits until{" "}
      <Link to="/destinations/$id" params={{ id }}>
        it
      </Link>{" "}
      takes deliveries again: mend that first.
    </p>
  );
}

function Estimated({
  order,
  destination,
}: {
  order: ReplayOrder;
  destination: Destination | undefined;
}) {
  const navigate = route.useNavigate();
  const { data, error, isFetching, isPlaceholderData, dataUpdatedAt, refetch } = useQuery(
    estimateQuery(order),
  );
  const start = useMutation({
    mutationFn: async () => await makeReplay(order),
    onSuccess: (made) => navigate({ to: "/replays/$id", params: { id: String(made.id) } }),
  });
  const problems = elsewhere(error ?? start.error, SHOWN);
  const current = error || isPlaceholderData ? undefined : data;
  return (
    <div className="estimate" aria-busy={isFetching}>
      <p className="estimate-sentence" role="status">
        {current ? estimateSentence(current) : isFetching ? "Estimating…" : "No estimate"}
      </p>
      {current && (
        <p className="secondary">
          As of <Time at={dataUpdatedAt} />.{" "}
          <button type="button" className="link" onClick={() => void refetch()}>
            Estimate again
          </button>
        </p>
      )}
      {problems.map((each) => (
        <p className="refused" role="alert" key={each}>
          <Hostile text={each} />
        </p>
      ))}
      {current?.oldest && current.newest && (
        <p className="secondary">
          The oldest is event {exact(current.oldest.seq)}, received{" "}
          <Time at={current.oldest.received_at} />; the newest {exact(current.newest.seq)}, received{" "}
          <Time at={current.newest.received_at} />. It may make{" "}
          {current.rate !== null && `${exact(current.rate)} attempts a second, `}
          {exact(current.concurrency)} at a time.
        </p>
      )}
      {current && !current.complete && (
        <p className="secondary">
          Not all of the range was looked at; the rest was taken to be like what was seen.
        </p>
      )}
      {current && current.passed.length > 0 && (
        <>
          <h3>Passed over</h3>
          <PassedOver passed={current.passed} />
        </>
      )}
      <Sick destination={destination} />
      <ConfirmCount
        key={current?.events ?? 0}
        count={current?.events ?? 0}
        caption={current ? `Deliver ${counted(current.events, "event")} again` : "Deliver again"}
        pending={start.isPending}
        onConfirm={() => start.mutate()}
      />
    </div>
  );
}

function Fields({ status }: { status: Status }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const order = orderOf(search);
  // The same question as below, so it costs nothing: its refusals are shown at the fields.
  const estimate = useQuery({
    ...estimateQuery(order ?? { destination: "", intent: "recover_failed" }),
    enabled: order !== null,
  });
  const set = (part: Partial<ReplaySearch>) =>
    void navigate({
      search: (now) => ({ ...now, ...part }),
      replace: true,
      resetScroll: false,
    });
  const fields = { search, set, mistakes: mistakesOf(estimate.error), status };
  return (
    <div className="beside">
      <div className="beside-main">
        <Panel title="What for">
          <IntentChoice {...fields} />
        </Panel>
        <Panel title="Which events">
          <Which {...fields} />
        </Panel>
        <Panel title="How fast">
          <Pace {...fields} />
        </Panel>
      </div>
      <Panel title="Estimate">
        {order ? (
          <Estimated
            order={order}
            destination={status.destinations.find((each) => each.id === order.destination)}
          />
        ) : (
          <Nothing title="Choose a destination and an intent">
            <p>Then it is said how many events would be sent. Nothing is sent by that.</p>
          </Nothing>
        )}
      </Panel>
    </div>
  );
}

export function NewReplay() {
  const query = useQuery(statusQuery());
  const { data: me } = useQuery(meQuery());
  const mayEdit = useMay("edit");
  useEffect(() => {
    document.title = "New replay · Postrider";
  }, []);
  return (
    <div className="page">
      <div className="page-head">
        <h1>New replay</h1>
        <Link to="/replays">All replays</Link>
      </div>
      {me && !mayEdit ? (
        <NoRight right="edit" />
      ) : (
        <Asked query={query} what="the destinations">
          {(status) => <Fields status={status} />}
        </Asked>
      )}
    </div>
  );
}
