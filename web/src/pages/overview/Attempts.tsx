// The latest attempts, newest first, with filters that live in the address.
import { NativeSelect } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { attemptsQuery } from "../../api/queries";
import { type Destination, FATES, type Fate } from "../../api/types";
import { AttemptTable } from "../../parts/AttemptTable";
import { Nothing, Panel } from "../../parts/Panel";
import { fateLook } from "../../parts/words";

const route = getRouteApi("/");

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
  return <AttemptTable attempts={attempts} destinations={destinations} />;
}

export function Attempts({ destinations }: { destinations: Destination[] }) {
  return (
    <Panel title="Latest attempts" aside={<Filters destinations={destinations} />}>
      <Body destinations={destinations} />
    </Panel>
  );
}
