// A table of attempts, newest first, each with a link to its delivery.
import { Link } from "@tanstack/react-router";
import type { Attempt } from "../api/attempts";
import type { Destination } from "../api/status";
import { exact } from "./format";
import { Hostile } from "./Hostile";
import { Kind } from "./Kind";
import { Scroll } from "./Panel";
import { PhaseBar } from "./PhaseBar";
import { State } from "./State";
import { Time } from "./Time";
import { fateLook } from "./words";

function Row({ attempt, name }: { attempt: Attempt; name: string }) {
  const { status } = attempt;
  return (
    <tr>
      <td>
        <Time at={attempt.at} />
      </td>
      <td>
        <Kind kind={attempt.kind} />
      </td>
      <td className="number-cell">
        <Link
          to="/deliveries/$destination/$seq"
          params={{ destination: attempt.destination, seq: String(attempt.seq) }}
        >
          {exact(attempt.seq)}
        </Link>
      </td>
      <th scope="row" className="name">
        <Hostile text={name} />
        {attempt.remote && (
          <span className="secondary">
            <Hostile text={attempt.remote} />
          </span>
        )}
      </th>
      <td className="number-cell">{attempt.number}</td>
      <td className="number-cell">{status ? status : <span className="none">none</span>}</td>
      <td>
        <State look={fateLook(attempt.fate)} />
      </td>
      <td className="wide">
        {attempt.reason && (
          <code>
            <Hostile text={attempt.reason} />
          </code>
        )}{" "}
        <Hostile text={attempt.detail} />
      </td>
      <td className="number-cell">
        <PhaseBar attempt={attempt} />
      </td>
    </tr>
  );
}

export function AttemptTable({
  attempts,
  destinations,
}: {
  attempts: Attempt[];
  destinations: Destination[];
}) {
  const names = new Map(destinations.map((each) => [each.id, each.name || each.id]));
  return (
    <Scroll label="Attempts table">
      <table>
        <thead>
          <tr>
            <th scope="col">Time</th>
            <th scope="col">Kind</th>
            <th scope="col" className="number-cell">
              Event
            </th>
            <th scope="col">Destination</th>
            <th scope="col" className="number-cell">
              Attempt
            </th>
            <th scope="col" className="number-cell">
              Status
            </th>
            <th scope="col">Fate</th>
            <th scope="col">Reason</th>
            <th scope="col" className="number-cell">
              Duration
            </th>
          </tr>
        </thead>
        <tbody>
          {attempts.map((attempt) => (
            <Row
              key={`${attempt.destination} ${attempt.seq} ${attempt.number} ${attempt.at}`}
              attempt={attempt}
              name={names.get(attempt.destination) ?? attempt.destination}
            />
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
