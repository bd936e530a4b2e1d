// One replay: how far it is, how long it still takes, what came of it, and what it was asked for.
import { Button } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useRef } from "react";
import { type ReplaySeen, replayQuery, type Turn, turnReplay } from "../../api/replays";
import { statusQuery } from "../../api/status";
import { Asked } from "../../parts/Asked";
import { counted, exact, span } from "../../parts/format";
import { Hostile } from "../../parts/Hostile";
import { Panel } from "../../parts/Panel";
import { State } from "../../parts/State";
import { Time, useZone } from "../../parts/Time";
import { useTitle } from "../../parts/useTitle";
import { PassedOver } from "./PassedOver";
import { ProgressBar } from "./ProgressBar";
import { pace, progress, remember, type Seen, timeLeft } from "./progress";
import { INTENT_WORDS, replayLook, STATE_MEANS, scopeLines } from "./words";

const route = getRouteApi("/replays/$id");

const isOpen = ({ state }: ReplaySeen) => state !== "done" && state !== "cancelled";

function Turns({ replay }: { replay: ReplaySeen }) {
  const client = useQueryClient();
  const { mutate, isPending, error } = useMutation({
    mutationFn: async (turn: Turn) => await turnReplay(replay.id, turn),
    onSettled: async () => await client.invalidateQueries({ queryKey: ["replay"] }),
  });
  const button = (turn: Turn, caption: string) => (
    <Button
      variant="default"
      size="compact-sm"
      disabled={isPending}
      onClick={() => mutate(turn)}
      key={turn}
    >
      {caption}
    </Button>
  );
  return (
    <div className="filters">
      {replay.state === "paused" ? button("resume", "Resume") : button("pause", "Pause")}
      {button("cancel", "Cancel")}
      <span role="status">{error?.message}</span>
    </div>
  );
}

/** One sentence of how fast it is; polite, as it changes with every look. */
function Speed({ replay, seen }: { replay: ReplaySeen; seen: Seen[] }) {
  const how = progress(replay);
  const perSecond = pace(seen);
  const left = timeLeft(how, perSecond);
  const { state, flow } = replay;
  if (!isOpen(replay)) return null;
  return (
    <p className="secondary">
      {how.left !== null && `${counted(how.left, "delivery", "deliveries")} left`}
      {state === "running" && perSecond !== null && `, ${exact(Math.round(perSecond))} a second`}
      {state === "running" && left !== null && `, about ${span(left)} more`}
      {STATE_MEANS[state] && <>. {STATE_MEANS[state]}</>}
      {flow?.sentence && (
        <>
          . Held back: <Hostile text={flow.sentence} />
        </>
      )}
    </p>
  );
}

function Numbers({ replay }: { replay: ReplaySeen }) {
  const { delivered, gave_up, expired, retries } = replay;
  const cells = [
    { word: "Delivered", n: delivered },
    { word: "Gave up", n: gave_up, tone: "bad" },
    { word: "Expired", n: expired, tone: "bad" },
    { word: "Retries", n: retries },
  ];
  return (
    <dl className="numbers">
      {cells.map(({ word, n, tone }) => (
        <div className="number" key={word} data-tone={n > 0 ? tone : undefined}>
          <dt>{word}</dt>
          <dd className="number-value" title={exact(n)}>
            {exact(n)}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Order({ replay }: { replay: ReplaySeen }) {
  const [zone] = useZone();
  const lines = scopeLines(replay.scope, zone);
  const { rate, concurrency, made_at, ended_at, cause } = replay;
  return (
    <dl className="facts">
      <dt>Intent</dt>
      <dd>{INTENT_WORDS[replay.intent]?.meaning ?? replay.intent}</dd>
      <dt>Which events</dt>
      <dd>
        {lines.map((line) => (
          <div key={line}>
            <Hostile text={line} />
          </div>
        ))}
      </dd>
      <dt>How fast</dt>
      <dd>
        {rate === null
          ? "a share of the destination's rate, 1,000 a second at most"
          : `${exact(rate)} attempts a second`}
        ,{" "}
        {concurrency === null
          ? "a share of its concurrency"
          : `${exact(concurrency)} attempts at a time`}
      </dd>
      <dt>Begun</dt>
      <dd>
        <Time at={made_at} /> {cause === "recovered" && "by itself, as the endpoint was back"}
      </dd>
      {ended_at !== null && (
        <>
          <dt>Ended</dt>
          <dd>
            <Time at={ended_at} /> after {span(Date.parse(ended_at) - Date.parse(made_at))}
          </dd>
        </>
      )}
    </dl>
  );
}

/** Where to go on when it has ended: what failed, or the next replay. */
function Result({ replay }: { replay: ReplaySeen }) {
  const { destination, gave_up, expired, made_at } = replay;
  if (isOpen(replay) && gave_up + expired === 0) return null;
  const lost = gave_up + expired;
  return (
    <p className="result" role="status">
      {isOpen(replay)
        ? ""
        : replay.state === "cancelled"
          ? "It was cancelled; what was delivered stays delivered. "
          : lost === 0
            ? "All of it is done. "
            : "It is done, but not all was delivered. "}
      {lost > 0 && (
        <Link to="/deliveries" search={{ destination, status: "gave_up", from: made_at }}>
          Show the {counted(lost, "delivery", "deliveries")} that failed
        </Link>
      )}
    </p>
  );
}

function Shown({ replay, seen }: { replay: ReplaySeen; seen: Seen[] }) {
  const { data: status } = useQuery(statusQuery());
  const known = status?.destinations.find((each) => each.id === replay.destination);
  return (
    <>
      <div className="page-head">
        <h1>
          Replay {replay.id}: {INTENT_WORDS[replay.intent]?.name ?? replay.intent}, to{" "}
          <Link to="/destinations/$id" params={{ id: replay.destination }}>
            <Hostile text={known?.name || replay.destination} />
          </Link>
        </h1>
        <State look={replayLook(replay.state)} />
        <Link to="/replays">All replays</Link>
      </div>
      <Panel title="Progress" aside={isOpen(replay) ? <Turns replay={replay} /> : null}>
        <div className="replay-progress">
          <ProgressBar label="Progress" progress={progress(replay)} />
          <Speed replay={replay} seen={seen} />
          <Result replay={replay} />
        </div>
      </Panel>
      <Numbers replay={replay} />
      {replay.passed.length > 0 && (
        <Panel title="Passed over">
          <PassedOver passed={replay.passed} />
        </Panel>
      )}
      <Panel title="What it was asked for">
        <Order replay={replay} />
      </Panel>
    </>
  );
}

export function ReplayPage() {
  const { id } = route.useParams();
  const query = useQuery(replayQuery(id));
  const seen = useRef<Seen[]>([]);
  if (query.data) seen.current = remember(seen.current, query.data);
  useTitle(`Replay ${id}`);
  return (
    <div className="page">
      {!query.data && (
        <div className="page-head">
          <h1>
            Replay <Hostile text={id} />
          </h1>
          <Link to="/replays">All replays</Link>
        </div>
      )}
      <Asked query={query} what="the replay">
        {(replay) => <Shown replay={replay} seen={seen.current} />}
      </Asked>
    </div>
  );
}
