// Who did what and when: every change, every look at a payload.
import { Button } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { auditQuery, type Deed, type DeedFilter } from "../../api/accounts";
import { meQuery, useMay } from "../../api/me";
import { Asked, NoRight } from "../../parts/Asked";
import { Changes } from "../../parts/form/Conflicts";
import { TextField } from "../../parts/form/Fields";
import { differences } from "../../parts/form/merge";
import { Hostile } from "../../parts/Hostile";
import { Nothing, Panel, Scroll } from "../../parts/Panel";
import { Time } from "../../parts/Time";

const route = getRouteApi("/settings");

const FILTERS: [keyof DeedFilter, string, string][] = [
  ["by", "By", "ada"],
  ["action", "What was done", "change"],
  ["kind", "To what kind", "destination"],
  ["object", "To which", "orders-hook"],
];

function Filters({ filter }: { filter: DeedFilter }) {
  const navigate = route.useNavigate();
  return (
    <div className="filter-bar">
      <div className="fields">
        {FILTERS.map(([name, label, placeholder]) => (
          <TextField
            key={name}
            label={label}
            placeholder={placeholder}
            value={filter[name]}
            onValue={(value) =>
              void navigate({
                search: (now) => ({ ...now, [name]: value }),
                replace: true,
                resetScroll: false,
              })
            }
          />
        ))}
      </div>
    </div>
  );
}

/** What of the thing is different; nothing where nothing was told. */
const changesOf = ({ before, after }: Deed) =>
  before === null && after === null ? [] : differences(before ?? undefined, after ?? undefined);

function Row({ deed }: { deed: Deed }) {
  const changes = changesOf(deed);
  return (
    <tr>
      <td>
        <Time at={deed.at} />
      </td>
      <th scope="row" className="name">
        <Hostile text={deed.by} />
        {deed.address && (
          <span className="secondary">
            <Hostile text={deed.address} />
          </span>
        )}
      </th>
      <td>
        <Hostile text={deed.action} />
      </td>
      <td className="wide">
        <Hostile text={`${deed.kind} ${deed.object}`} />
        {changes.length > 0 && (
          <details>
            <summary>What is different</summary>
            <Changes changes={changes} />
          </details>
        )}
      </td>
    </tr>
  );
}

function NoDeed({ isFiltered }: { isFiltered: boolean }) {
  if (!isFiltered) return <Nothing title="Nothing was done yet" />;
  return (
    <Nothing title="Nothing was done that fits">
      <Link to="/settings" search={{ tab: "audit" }}>
        Clear filters
      </Link>
    </Nothing>
  );
}

function List({ filter }: { filter: DeedFilter }) {
  const query = useInfiniteQuery(auditQuery(filter));
  return (
    <Asked query={query} what="the audit log" right="admin">
      {({ pages }) => {
        const deeds = pages.flatMap((page) => page.records);
        return (
          <>
            {deeds.length === 0 ? (
              <NoDeed isFiltered={Object.keys(filter).length > 0} />
            ) : (
              <Scroll label="Audit log table">
                <table>
                  <thead>
                    <tr>
                      <th scope="col">Time</th>
                      <th scope="col">By</th>
                      <th scope="col">What</th>
                      <th scope="col">To</th>
                    </tr>
                  </thead>
                  <tbody>
                    {deeds.map((deed) => (
                      <Row key={deed.id} deed={deed} />
                    ))}
                  </tbody>
                </table>
              </Scroll>
            )}
            {query.hasNextPage && (
              <div className="more-rows">
                <Button
                  size="compact-sm"
                  variant="default"
                  loading={query.isFetchingNextPage}
                  onClick={() => void query.fetchNextPage()}
                >
                  Show older ones
                </Button>
              </div>
            )}
          </>
        );
      }}
    </Asked>
  );
}

export function Audit() {
  const { tab: _, ...filter } = route.useSearch();
  const mayAdmin = useMay("admin");
  const { data: me } = useQuery(meQuery());
  if (me && !mayAdmin) return <NoRight right="admin" />;
  return (
    <Panel title="Audit log">
      <Filters filter={filter} />
      {mayAdmin && <List filter={filter} />}
    </Panel>
  );
}
