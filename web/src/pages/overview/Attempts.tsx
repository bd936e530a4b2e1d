// The latest attempts, newest first, with filters that live in the address.
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { attemptsQuery, FATES, type Fate } from "../../api/attempts";
import type { Destination } from "../../api/status";
import { Asked } from "../../parts/Asked";
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

function Nowhere() {
  const { destination, fate } = route.useSearch();
  const navigate = route.useNavigate();
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

export function Attempts({ destinations }: { destinations: Destination[] }) {
  const { destination, fate } = route.useSearch();
  const query = useQuery(attemptsQuery({ destination, fate }));
  return (
    <Panel title="Latest attempts" aside={<Filters destinations={destinations} />}>
      <Asked query={query} what="the attempts">
        {(attempts) =>
          attempts.length > 0 ? (
            <AttemptTable attempts={attempts} destinations={destinations} />
          ) : (
            <Nowhere />
          )
        }
      </Asked>
    </Panel>
  );
}
