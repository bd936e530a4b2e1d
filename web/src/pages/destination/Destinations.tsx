// All destinations: where each stands, how well its deliveries arrive, what waits; and what was removed.
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect } from "react";
import { type Fared, faredQuery } from "../../api/series";
import { type Destination, statusQuery } from "../../api/status";
import { Asked } from "../../parts/Asked";
import { Count } from "../../parts/Count";
import { Countdown } from "../../parts/Countdown";
import { Hostile } from "../../parts/Hostile";
import { Nothing, Panel, Scroll } from "../../parts/Panel";
import { State } from "../../parts/State";
import { destinationLook } from "../../parts/words";
import { PauseButton } from "./Actions";
import { useManaged } from "./managed";
import { arrived, firstTry } from "./numbers";
import { RemovedOnes } from "./RemovedOnes";
import { Slowest } from "./Slowest";

interface RowProps {
  destination: Destination;
  fared: Fared | undefined;
  managedBy: string | null;
}

function Row({ destination, fared, managedBy }: RowProps) {
  const { id, name, target, method, playground, state, queues, next_retry_at } = destination;
  return (
    <tr>
      <th scope="row" className="name">
        <Link to="/destinations/$id" params={{ id }}>
          <Hostile text={name || id} />
        </Link>
      </th>
      <td className="target">
        {playground !== null ? (
          <Link to="/play/$id" params={{ id: playground }}>
            Playground
          </Link>
        ) : (
          <code>
            <Hostile text={`${method} ${target}`} />
          </code>
        )}
      </td>
      <td>
        <State look={destinationLook(state)} />
        {!queues && <div className="secondary">does not queue</div>}
      </td>
      <td className="number-cell">{firstTry(destination)}</td>
      <td className="number-cell">{arrived(destination)}</td>
      <Slowest fared={fared} />
      <Count n={destination.gave_up + destination.expired} tone="bad" />
      <Count n={destination.waiting} tone={state === "active" ? "quiet" : "warn"} />
      <td>
        {next_retry_at === null ? (
          <span className="none">–</span>
        ) : (
          <Countdown at={next_retry_at} />
        )}
      </td>
      <td>
        <PauseButton destination={destination} managedBy={managedBy} />
      </td>
    </tr>
  );
}

const HEADS: [string, boolean?][] = [
  ["Name"],
  ["Target"],
  ["State"],
  ["First try", true],
  ["Arrived", true],
  ["p95", true],
  ["Lost", true],
  ["Waiting", true],
  ["Next retry"],
  ["Change"],
];

function Table({ destinations }: { destinations: Destination[] }) {
  const managedBy = useManaged();
  const { data: fared } = useQuery(faredQuery());
  return (
    <Scroll label="Destinations table">
      <table>
        <thead>
          <tr>
            {HEADS.map(([head, isNumber]) => (
              <th scope="col" key={head} className={isNumber ? "number-cell" : undefined}>
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {destinations.map((each) => (
            <Row
              key={each.id}
              destination={each}
              fared={fared?.get(each.id)}
              managedBy={managedBy}
            />
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

export function Destinations() {
  const query = useQuery(statusQuery());
  useEffect(() => {
    document.title = "Destinations · Postrider";
  }, []);
  return (
    <div className="page">
      <div className="page-head">
        <h1>Destinations</h1>
        <Link to="/destinations/new" className="action">
          Add destination
        </Link>
      </div>
      <Asked query={query} what="destinations">
        {({ destinations, removed }) => (
          <>
            <Panel title="Where events go">
              {destinations.length > 0 ? (
                <Table destinations={destinations} />
              ) : (
                <Nothing title="No destination yet">
                  <p>
                    A destination is where events go: your endpoint, or the built-in playground.
                  </p>
                  <Link to="/destinations/new">Add destination</Link>
                </Nothing>
              )}
            </Panel>
            <RemovedOnes removed={removed} />
          </>
        )}
      </Asked>
    </div>
  );
}
