// The latest rejections: what was refused at intake, why, and a sample of it.
import { useQuery } from "@tanstack/react-query";
import { rejectionsQuery } from "../../api/queries";
import type { Source } from "../../api/types";
import { Hostile } from "../../parts/Hostile";
import { Nothing, Panel, Scroll } from "../../parts/Panel";
import { State } from "../../parts/State";
import { Time } from "../../parts/Time";
import { REJECTED } from "../../parts/words";

export function Rejections({ sources }: { sources: Source[] }) {
  const { data: rejections, error } = useQuery(rejectionsQuery());
  const names = new Map(sources.map((each) => [each.id, each.name || each.id]));
  const body = () => {
    if (!rejections) return <Nothing title={error ? error.message : "Loading…"} />;
    if (rejections.length === 0) return <Nothing title="Nothing was rejected" />;
    return (
      <Scroll label="Rejections table">
        <table>
          <thead>
            <tr>
              <th scope="col">Time</th>
              <th scope="col">Source</th>
              <th scope="col">State</th>
              <th scope="col">Reason</th>
              <th scope="col">Sample</th>
            </tr>
          </thead>
          <tbody>
            {rejections.map((each, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: rejections carry no id.
              <tr key={`${each.at} ${index}`}>
                <td>
                  <Time at={each.at} />
                </td>
                <td>
                  {each.source === null ? (
                    <span className="none">unknown</span>
                  ) : (
                    <Hostile text={names.get(each.source) ?? each.source} />
                  )}
                </td>
                <td>
                  <State look={REJECTED} />
                </td>
                <td className="wide">
                  <code>
                    <Hostile text={each.reason} />
                  </code>{" "}
                  <Hostile text={each.detail} />
                </td>
                <td className="sample">
                  {each.sample ? (
                    <code title="The beginning of what was sent">
                      <Hostile text={each.sample} />
                    </code>
                  ) : (
                    <span className="none">–</span>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    );
  };
  return <Panel title="Latest rejections">{body()}</Panel>;
}
