// Which events of which sources a destination gets, by the filter of each connection.
import type { Connection, Filter, Source } from "../../api/status";
import { Hostile } from "../../parts/Hostile";
import { Nothing } from "../../parts/Panel";

/** What a connection asks of events, a line each; nothing where all pass. */
export function rules({ filter, consent }: Pick<Connection, "filter" | "consent">): string[] {
  const { types = [], events = {}, condition, sample }: Filter = filter;
  const { allow = [], deny = [] } = events;
  return [
    ...(types.length > 0 ? [`only the types ${types.join(", ")}`] : []),
    ...(allow.length > 0 ? [`only the tracked events ${allow.join(", ")}`] : []),
    ...(deny.length > 0 ? [`not the tracked events ${deny.join(", ")}`] : []),
    ...(condition !== undefined ? [`only where ${condition}`] : []),
    ...(sample !== undefined ? [`only of ${sample} % of the users`] : []),
    ...(Object.keys(consent).some((each) => each !== "fail")
      ? ["only with the user's consent"]
      : []),
  ];
}

interface Props {
  connections: Connection[];
  sources: Source[];
}

export function Filters({ connections, sources }: Props) {
  if (connections.length === 0) return <Nothing title="No source is connected" />;
  const names = new Map(sources.map((each) => [each.id, each.name || each.id]));
  return (
    <dl className="facts">
      {connections.map((each) => {
        const lines = rules(each);
        return (
          <div className="fact" key={each.id}>
            <dt>
              <Hostile text={names.get(each.source) ?? each.source} />
              {!each.enabled && " (disabled)"}
            </dt>
            <dd>
              {lines.length === 0 && <span className="none">all events</span>}
              {lines.map((line) => (
                <div key={line}>
                  <Hostile text={line} />
                </div>
              ))}
            </dd>
          </div>
        );
      })}
    </dl>
  );
}
