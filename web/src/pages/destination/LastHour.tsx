// The last hour of a destination by the minute, on two faces: how its deliveries ended, and how long
// events took from their receipt to their delivery.
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { type Point, seriesQuery } from "../../api/series";
import { Asked } from "../../parts/Asked";
import { Chart } from "../../parts/chart/Chart";
import { PageTabs } from "../../parts/PageTabs";
import { Panel } from "../../parts/Panel";
import { endedLines, FAILED, failedIn, latencyLines, momentsOf } from "./hour";
import type { ChartFace } from "./routes";

const route = getRouteApi("/destinations/$id");

const FACES: readonly { value: ChartFace; label: string }[] = [
  { value: "delivery", label: "Delivery" },
  { value: "latency", label: "Latency" },
];

interface Props {
  id: string;
  asOf: string;
}

function Ended({ id, asOf, points }: Props & { points: readonly Point[] }) {
  const navigate = useNavigate();
  return (
    <Chart
      bars
      label="Deliveries of the last hour by how they ended"
      moments={momentsOf(points)}
      lines={endedLines(points)}
      asOf={asOf}
      lead={{
        line: FAILED,
        words: "show these deliveries",
        open: (moment) =>
          void navigate({ to: "/deliveries", search: failedIn(id, points, moment) }),
      }}
    />
  );
}

function Delivery({ id, asOf }: Props) {
  const query = useQuery(seriesQuery({ of: "deliveries", destination: id, bucket: "1m" }));
  return (
    <Asked query={query} what="how deliveries ended">
      {({ points }) => <Ended id={id} asOf={asOf} points={points} />}
    </Asked>
  );
}

function Latency({ id, asOf }: Props) {
  const query = useQuery(seriesQuery({ of: "latency", destination: id, bucket: "1m" }));
  return (
    <Asked query={query} what="how long events took">
      {({ points }) => (
        <Chart
          label="How long events took in the last hour, from receipt to delivery"
          measure="ms"
          moments={momentsOf(points)}
          lines={latencyLines(points)}
          asOf={asOf}
        />
      )}
    </Asked>
  );
}

export function LastHour(props: Props) {
  const { chart = "delivery" } = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <Panel title="Last hour, by the minute">
      <PageTabs
        label="What the chart shows"
        tabs={FACES}
        value={chart}
        onChange={(next) =>
          void navigate({
            search: (now) => ({ ...now, chart: next }),
            replace: true,
            resetScroll: false,
          })
        }
      >
        {chart === "latency" ? <Latency {...props} /> : <Delivery {...props} />}
      </PageTabs>
    </Panel>
  );
}
