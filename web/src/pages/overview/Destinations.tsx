// The table of destinations: where each stands, how the last hour went, what waits and what was lost.
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type Fared, faredQuery } from "../../api/series";
import type { Destination } from "../../api/status";
import { Count } from "../../parts/Count";
import { Sparkline } from "../../parts/chart/Sparkline";
import { sum } from "../../parts/chart/series";
import { counted, exact, percent, span } from "../../parts/format";
import { Hostile } from "../../parts/Hostile";
import { Nothing, Panel, Scroll } from "../../parts/Panel";
import { State } from "../../parts/State";
import { Time } from "../../parts/Time";
import { destinationLook } from "../../parts/words";
import { Slowest } from "../destination/Slowest";
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

/** What of all that ended was delivered: never all of it where something was lost. */
function Success({ destination }: { destination: Destination }) {
  const { delivered_first_try, delivered_on_retry, gave_up, expired } = destination;
  const delivered = delivered_first_try + delivered_on_retry;
  const all = delivered + gave_up + expired;
  if (all === 0) return <span className="none">–</span>;
  return (
    <span
      title={`${exact(delivered)} of ${exact(all)}, ${exact(delivered_first_try)} on the first try`}
    >
      {percent(delivered, all)}
    </span>
  );
}

function LastHour({ fared }: { fared: Fared | undefined }) {
  const values = fared?.delivered ?? [];
  return (
    <Sparkline
      values={values}
      words={`${counted(sum(values), "delivery", "deliveries")} in the last hour`}
    />
  );
}

interface RowProps {
  each: Destination;
  /** Nothing where nothing happened to it in the last hour. */
  fared: Fared | undefined;
  serverNowMs: number;
}

function Row({ each, fared, serverNowMs }: RowProps) {
  const oldest = each.oldest_waiting_at;
  return (
    <tr>
      <th scope="row" className="name">
        <Link to="/destinations/$id" params={{ id: each.id }}>
          <Hostile text={each.name || each.id} />
        </Link>
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
      <td>
        <LastHour fared={fared} />
      </td>
      <td className="number-cell">
        <Success destination={each} />
      </td>
      <Slowest fared={fared} />
      <Count n={each.waiting}>
        {oldest && (
          <span className="secondary">
            oldest {span(Math.max(0, serverNowMs - Date.parse(oldest)))}
          </span>
        )}
      </Count>
      <td>
        <NextRetry at={each.next_retry_at} serverNowMs={serverNowMs} />
      </td>
      <Count n={each.gave_up} tone="bad" />
      <Count n={each.expired} tone="bad" />
      <Filtered counts={each.filtered} />
    </tr>
  );
}

const NUMBERS = ["Delivered", "p95", "Waiting"];
const LOST = ["Gave up", "Expired", "Filtered"];

function Heads({ words }: { words: readonly string[] }) {
  return words.map((word) => (
    <th key={word} scope="col" className="number-cell">
      {word}
    </th>
  ));
}

interface Props {
  destinations: Destination[];
  /** The server's clock, for the countdowns. */
  serverNowMs: number;
}

export function Destinations({ destinations, serverNowMs }: Props) {
  const { data: fared } = useQuery(faredQuery());
  if (destinations.length === 0) {
    return (
      <Panel title="Destinations">
        <Nothing title="There is no destination yet">
          <p>Events are stored, and go nowhere until there is one.</p>
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
              <th scope="col">Last hour</th>
              <Heads words={NUMBERS} />
              <th scope="col">Next retry</th>
              <Heads words={LOST} />
            </tr>
          </thead>
          <tbody>
            {destinations.map((each) => (
              <Row
                key={each.id}
                each={each}
                fared={fared?.get(each.id)}
                serverNowMs={serverNowMs}
              />
            ))}
          </tbody>
        </table>
      </Scroll>
    </Panel>
  );
}
