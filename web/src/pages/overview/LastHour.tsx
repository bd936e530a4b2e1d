// The last hour by the minute: what was accepted, what was delivered, what was given up.
import { useQuery } from "@tanstack/react-query";
import { type Point, seriesQuery } from "../../api/series";
import { Asked } from "../../parts/Asked";
import { Chart } from "../../parts/chart/Chart";
import type { Line } from "../../parts/chart/series";
import { Panel } from "../../parts/Panel";

/** Two series by their moments, which need not be the same. */
export function merged(accepted: readonly Point[], deliveries: readonly Point[]) {
  const moments = [...new Set([...accepted, ...deliveries].map(({ at }) => Date.parse(at)))].sort(
    (a, b) => a - b,
  );
  const by = (points: readonly Point[]) =>
    new Map(points.map((each) => [Date.parse(each.at), each]));
  const [taken, ended] = [by(accepted), by(deliveries)];
  const line = (name: string, tone: Line["tone"], value: (moment: number) => number): Line => ({
    name,
    tone,
    values: moments.map(value),
  });
  const lines: Line[] = [
    line("Accepted", "accent", (moment) => taken.get(moment)?.accepted ?? 0),
    {
      ...line("Delivered", "good", (moment) => {
        const point = ended.get(moment);
        return (point?.delivered_first_try ?? 0) + (point?.delivered_on_retry ?? 0);
      }),
      dash: [6, 3],
    },
    { ...line("Gave up", "bad", (moment) => ended.get(moment)?.gave_up ?? 0), dash: [2, 2] },
  ];
  return { moments, lines };
}

export function LastHour({ asOf }: { asOf: string }) {
  const accepted = useQuery(seriesQuery({ of: "accepted", bucket: "1m" }));
  const deliveries = useQuery(seriesQuery({ of: "deliveries", bucket: "1m" }));
  return (
    <Panel title="Last hour, by the minute">
      <Asked query={accepted} what="what was accepted">
        {(taken) => (
          <Asked query={deliveries} what="what was delivered">
            {(ended) => (
              <Chart
                label="Accepted, delivered and given up in the last hour"
                {...merged(taken.points, ended.points)}
                asOf={asOf}
              />
            )}
          </Asked>
        )}
      </Asked>
    </Panel>
  );
}
