// Rejections: how often what was refused at intake, and the latest of it with a sample.
import { useQuery } from "@tanstack/react-query";
import type { Rejection, RejectionCount } from "../../api/rejections";
import { rejectionsQuery } from "../../api/rejections";
import type { Source } from "../../api/status";
import { Hostile } from "../../parts/Hostile";
import { Nothing, Panel, Scroll } from "../../parts/Panel";
import { State } from "../../parts/State";
import { Time } from "../../parts/Time";
import { REJECTED } from "../../parts/words";

type Names = Map<string, string>;

export function Rejections({ sources }: { sources: Source[] }) {
  const { data, error } = useQuery(rejectionsQuery());
  const names = new Map(sources.map((each) => [each.id, each.name || each.id]));
  const body = () => {
    if (!data) return <Nothing title={error ? error.message : "Loading…"} />;
    if (data.rejections.length === 0 && data.counts.length === 0) {
      return <Nothing title="Nothing was rejected" />;
    }
    return (
      <>
        <Counts counts={data.counts} names={names} />
        {data.rejections.length > 0 && <Latest rejections={data.rejections} names={names} />}
      </>
    );
  };
  return <Panel title="Rejections">{body()}</Panel>;
}

function Sender({ id, names }: { id: string | null; names: Names }) {
  if (id === null) return <span className="none">unknown</span>;
  return <Hostile text={names.get(id) ?? id} />;
}

/** Counts since the server started; empty after a restart, while the list below goes on. */
function Counts({ counts, names }: { counts: RejectionCount[]; names: Names }) {
  if (counts.length === 0) return null;
  return (
    <Scroll label="Rejections by reason">
      <table>
        <thead>
          <tr>
            <th scope="col">Count</th>
            <th scope="col">Source</th>
            <th scope="col">Reason, since the start</th>
            <th scope="col">Last</th>
          </tr>
        </thead>
        <tbody>
          {counts.map((each) => (
            <tr key={`${each.source} ${each.reason} ${each.about}`}>
              <td className="number">{each.count.toLocaleString("en")}</td>
              <td>
                <Sender id={each.source} names={names} />
              </td>
              <td className="wide">
                <Hostile text={each.sentence} />{" "}
                {each.about && <Hostile text={`(${each.about})`} />}
              </td>
              <td>
                <Time at={each.last_at} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function Latest({ rejections, names }: { rejections: Rejection[]; names: Names }) {
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
                <Sender id={each.source} names={names} />
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
}
