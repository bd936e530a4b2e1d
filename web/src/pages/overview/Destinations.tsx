// The table of destinations: where each stands, what waits for it, and how its deliveries ended.
import { Link } from "@tanstack/react-router";
import type { Destination } from "../../api/status";
import { Count } from "../../parts/Count";
import { span } from "../../parts/format";
import { Hostile } from "../../parts/Hostile";
import { Nothing, Panel, Scroll } from "../../parts/Panel";
import { State } from "../../parts/State";
import { Time } from "../../parts/Time";
import { destinationLook } from "../../parts/words";
import { Filtered } from "./Filtered";

function NextRetry({ at, serverNowMs }: { at: string | null; serverNowMs: number }) {
  if (at === null) return <span className="none">–</span>;
  const left = Date.parse(at) - serverNowMs;
  return (
    <>
      {left <= 0 ? "due now" : `in ${span(left)}`}{" "}
      <span className="secondary">
        <Time at={at} />
      </span>
    </>
  );
}

interface Props {
  destinations: Destination[];
  /** The server's clock, for the countdowns. */
  serverNowMs: number;
}

export function Destinations({ destinations, serverNowMs }: Props) {
  if (destinations.length === 0) {
    return (
      <Panel title="Destinations">
        <Nothing title="No destination is configured">
          <p>
            Add a <code>webhook</code> destination to the configuration and connect a source to it.
          </p>
        </Nothing>
      </Panel>
    );
  }
  return (
    <Panel title="Destinations">
      <Scroll label="Destinations table">
        <table>
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col">Target</th>
              <th scope="col">State</th>
              <th scope="col" className="number-cell">
                Waiting
              </th>
              <th scope="col" className="number-cell">
                Retrying
              </th>
              <th scope="col">Next retry</th>
              <th scope="col" className="number-cell">
                First try
              </th>
              <th scope="col" className="number-cell">
                On retry
              </th>
              <th scope="col" className="number-cell">
                Gave up
              </th>
              <th scope="col" className="number-cell">
                Expired
              </th>
              <th scope="col" className="number-cell">
                Filtered
              </th>
            </tr>
          </thead>
          <tbody>
            {destinations.map((each) => (
              <tr key={each.id}>
                <th scope="row" className="name">
                  <Link to="/destinations/$id" params={{ id: each.id }}>
                    <Hostile text={each.name || each.id} />
                  </Link>
                  {each.name.toLowerCase() !== each.id.toLowerCase() && each.name !== "" && (
                    <span className="secondary">
                      <Hostile text={each.id} />
                    </span>
                  )}
                </th>
                <td className="target">
                  {each.playground !== null ? (
                    <Link to="/play/$id" params={{ id: each.playground }}>
                      Playground
                    </Link>
                  ) : (
                    <code>
                      <Hostile text={`${each.method} ${each.target}`} />
                    </code>
                  )}
                </td>
                <td>
                  <State look={destinationLook(each.state)} />
                  {!each.queues && <div className="secondary">does not queue</div>}
                </td>
                <Count n={each.waiting} />
                <Count n={each.retrying} tone="warn" />
                <td>
                  <NextRetry at={each.next_retry_at} serverNowMs={serverNowMs} />
                </td>
                <Count n={each.delivered_first_try} />
                <Count n={each.delivered_on_retry} />
                <Count n={each.gave_up} tone="bad" />
                <Count n={each.expired} tone="bad" />
                <Filtered counts={each.filtered} />
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </Panel>
  );
}
