// Replays: what was delivered again, what is at work now, and how far it is.
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useEffect } from "react";
import { type Replay, replaysQuery } from "../../api/replays";
import { statusQuery } from "../../api/status";
import { Asked } from "../../parts/Asked";
import { DestinationChoice } from "../../parts/Choice";
import { Count } from "../../parts/Count";
import { Hostile } from "../../parts/Hostile";
import { Nothing, Panel, Scroll } from "../../parts/Panel";
import { State } from "../../parts/State";
import { Time } from "../../parts/Time";
import { ProgressBar } from "./ProgressBar";
import { progress } from "./progress";
import { INTENT_WORDS, replayLook } from "./words";

const route = getRouteApi("/replays");

function Row({ replay, name }: { replay: Replay; name: string }) {
  const { id, destination, intent, cause, state, made_at, ended_at } = replay;
  return (
    <tr>
      <td>
        <State look={replayLook(state)} />
      </td>
      <th scope="row" className="name">
        <Link to="/replays/$id" params={{ id: String(id) }}>
          {INTENT_WORDS[intent]?.name ?? intent} {id}
        </Link>
        {cause === "recovered" && <span className="secondary">by itself</span>}
      </th>
      <td>
        <Link to="/destinations/$id" params={{ id: destination }}>
          <Hostile text={name} />
        </Link>
      </td>
      <td>
        <ProgressBar label={`Progress of replay ${id}`} progress={progress(replay)} />
      </td>
      <Count n={replay.delivered} />
      <Count n={replay.gave_up + replay.expired} tone="bad" />
      <td>
        <Time at={made_at} />
      </td>
      <td>{ended_at === null ? <span className="none">–</span> : <Time at={ended_at} />}</td>
    </tr>
  );
}

const HEADS = ["State", "Replay", "Destination", "Progress"];

function Table({ replays, names }: { replays: Replay[]; names: Map<string, string> }) {
  return (
    <Scroll label="Replays table">
      <table>
        <thead>
          <tr>
            {HEADS.map((head) => (
              <th scope="col" key={head}>
                {head}
              </th>
            ))}
            <th scope="col" className="number-cell">
              Delivered
            </th>
            <th scope="col" className="number-cell">
              Failed
            </th>
            <th scope="col">Begun</th>
            <th scope="col">Ended</th>
          </tr>
        </thead>
        <tbody>
          {replays.map((each) => (
            <Row
              key={each.id}
              replay={each}
              name={names.get(each.destination) ?? each.destination}
            />
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function Body({ replays, names }: { replays: Replay[]; names: Map<string, string> }) {
  const { destination } = route.useSearch();
  const navigate = route.useNavigate();
  const shown = replays.filter((each) => !destination || each.destination === destination);
  if (shown.length > 0) return <Table replays={shown} names={names} />;
  if (replays.length > 0) {
    return (
      <Nothing title="No replay is to this destination">
        <button
          type="button"
          className="link"
          onClick={() => void navigate({ search: {}, resetScroll: false })}
        >
          Clear filters
        </button>
      </Nothing>
    );
  }
  return (
    <Nothing title="Nothing was replayed yet">
      <p>
        Events stay for a while after they were delivered or given up. A replay has them delivered
        once more.
      </p>
      <Link to="/replays/new">New replay</Link>
    </Nothing>
  );
}

export function Replays() {
  const { destination } = route.useSearch();
  const navigate = route.useNavigate();
  const query = useQuery(replaysQuery());
  const { data: status } = useQuery(statusQuery());
  useEffect(() => {
    document.title = "Replays · Postrider";
  }, []);
  const destinations = status?.destinations ?? [];
  const names = new Map(destinations.map((each) => [each.id, each.name || each.id]));
  return (
    <div className="page">
      <div className="page-head">
        <h1>Replays</h1>
        <Link to="/replays/new" search={destination ? { destination } : {}} className="action">
          New replay
        </Link>
      </div>
      <Panel
        title="What was delivered again"
        aside={
          <DestinationChoice
            label="Show replays to"
            destinations={destinations}
            value={destination}
            onChoose={(value) =>
              void navigate({ search: value ? { destination: value } : {}, resetScroll: false })
            }
          />
        }
      >
        <Asked query={query} what="the replays">
          {(replays) => <Body replays={replays} names={names} />}
        </Asked>
      </Panel>
    </div>
  );
}
