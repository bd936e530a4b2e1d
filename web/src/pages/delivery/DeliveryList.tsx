// A list of deliveries that is read page by page, and what is done with those that are chosen.
import { Button } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useMemo, useState } from "react";
import { type DeliveryFilter, deliveriesQuery } from "../../api/deliveries";
import { Asked } from "../../parts/Asked";
import { Nothing } from "../../parts/Panel";
import { DeliveryTable } from "./DeliveryTable";
import { keyOf } from "./list";
import { Picked } from "./Picked";

function Empty({ filter }: { filter: DeliveryFilter }) {
  if (Object.keys(filter).length > 0) {
    return (
      <Nothing title="No delivery matches the filters">
        <Link to="/deliveries">Clear filters</Link>
      </Nothing>
    );
  }
  return (
    <Nothing title="Nothing was delivered yet">
      <p>An event that comes in is a delivery for each destination that its source leads to.</p>
      <Link to="/">Send the first event</Link>
    </Nothing>
  );
}

export function DeliveryList({
  filter,
  names,
}: {
  filter: DeliveryFilter;
  names: Map<string, string>;
}) {
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  const query = useInfiniteQuery(deliveriesQuery(filter));
  const rows = useMemo(
    () => query.data?.pages.flatMap((page) => page.deliveries) ?? [],
    [query.data],
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: another list has other rows.
  useEffect(() => setPicked(new Set()), [filter]);
  return (
    <Asked query={query} what="deliveries">
      {() => (
        <>
          <Picked
            deliveries={rows.filter((each) => picked.has(keyOf(each)))}
            names={names}
            onDone={() => setPicked(new Set())}
          />
          {rows.length > 0 ? (
            <DeliveryTable deliveries={rows} names={names} picked={picked} onPick={setPicked} />
          ) : (
            !query.hasNextPage && <Empty filter={filter} />
          )}
          {query.hasNextPage && (
            <div className="more-rows">
              <Button
                size="compact-sm"
                variant="default"
                loading={query.isFetchingNextPage}
                onClick={() => void query.fetchNextPage()}
              >
                {rows.length > 0 ? "Show older ones" : "Nothing yet: go on searching"}
              </Button>
            </div>
          )}
        </>
      )}
    </Asked>
  );
}
