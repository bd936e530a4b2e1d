// The latest attempts, newest first, with filters that live in the address.
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { attemptsQuery, FATES, type Fate } from "../../api/attempts";
import type { Destination } from "../../api/status";
import { AttemptTable } from "../../parts/AttemptTable";
import { Choice, DestinationChoice } from "../../parts/Choice";
import { Nothing, Panel } from "../../parts/Panel";
import { fateLook } from "../../parts/words";

const route = getRouteApi("/");

function Filters({ destinations }: { destinations: Destination[] }) {
  const { destination, fate } = route.useSearch();
  const navigate = route.useNavigate();
  const choose = (part: { destination?: string | undefined; fate?: Fate | undefined }) =>
    void navigate({ search: (now) => ({ ...now, ...part }), resetScroll: false });
  return (
    <div className="filters">
      <DestinationChoice
        label="Show attempts of"
        destinations={destinations}
        value={destination}
        onChoose={(value) => choose({ destination: value })}
      />
      <Choice
        label="Show attempts that ended as"
        all="All fates"
        value={fate}
        options={FATES.map((each) => ({ value: each, label: fateLook(each).word }))}
        onChoose={(value) => choose({ fate: value })}
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
  return <AttemptTable attempts={attempts} destinations={destinations} />;
}

export function Attempts({ destinations }: { destinations: Destination[] }) {
  return (
    <Panel title="Latest attempts" aside={<Filters destinations={destinations} />}>
      <Body destinations={destinations} />
    </Panel>
  );
}
