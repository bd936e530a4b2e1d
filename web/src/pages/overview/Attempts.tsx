// The latest attempts, newest first, with filters that live in the address.
import { NativeSelect } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { attemptsQuery } from "../../api/queries";
import { type Attempt, type Destination, FATES, type Fate } from "../../api/types";
import { exact } from "../../parts/format";
import { Hostile } from "../../parts/Hostile";
import { Kind } from "../../parts/Kind";
import { Nothing, Panel, Scroll } from "../../parts/Panel";
import { PhaseBar } from "../../parts/PhaseBar";
import { State } from "../../parts/State";
import { Time } from "../../parts/Time";
import { fateLook } from "../../parts/words";

const route = getRouteApi("/");

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

function Filters({ destinations }: { destinations: Destination[] }) {
  const { destination = "", fate = "" } = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <div className="filters">
      <NativeSelect
        size="xs"
        aria-label="Show attempts of"
        value={destination}
        onChange={(event) => {
          const value = event.currentTarget.value || undefined;
          void navigate({ search: (now) => ({ ...now, destination: value }), resetScroll: false });
        }}
        data={[
          { value: "", label: "All destinations" },
          ...destinations.map(({ id, name }) => ({ value: id, label: name || id })),
        ]}
      />
      <NativeSelect
        size="xs"
        aria-label="Show attempts that ended as"
        value={fate}
        onChange={(event) => {
          const value = (event.currentTarget.value || undefined) as Fate | undefined;
          void navigate({ search: (now) => ({ ...now, fate: value }), resetScroll: false });
        }}
        data={[
          { value: "", label: "All fates" },
          ...FATES.map((each) => ({ value: each, label: fateLook(each).word })),
        ]}
      />
    </div>
  );
}

function Body({ destinations }: { destinations: Destination[] }) {
  const { destination, fate } = route.useSearch();
  const { data: attempts, error } = useQuery(attemptsQuery({ destination, fate }));
  const navigate = route.useNavigate();
  if (!attempts) return <Nothing title={error ? error.message : "Loading…"} />;
  if (attempts.length === 0) {
    return destination || fate ? (
      <Nothing title="No attempt matches the filters">
        <button
          type="button"
          className="link"
          onClick={() => void navigate({ search: {}, resetScroll: false })}
        >
          Clear filters
        </button>
      </Nothing>
    ) : (
      <Nothing title="No attempts yet">
        <p>They appear as soon as an accepted event is sent to a destination.</p>
      </Nothing>
    );
  }
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

export function Attempts({ destinations }: { destinations: Destination[] }) {
  return (
    <Panel title="Latest attempts" aside={<Filters destinations={destinations} />}>
      <Body destinations={destinations} />
    </Panel>
  );
}
