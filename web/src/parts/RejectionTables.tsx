// Tables of rejections: how often what was refused, and the latest of it with a sample.
import type { Rejection, RejectionCount } from "../api/rejections";
import { Hostile } from "./Hostile";
import { Scroll } from "./Panel";
import { State } from "./State";
import { Time } from "./Time";
import { REJECTED } from "./words";

type Names = ReadonlyMap<string, string>;

function Sender({ id, names }: { id: string | null; names: Names }) {
  if (id === null) return <span className="none">unknown</span>;
  return <Hostile text={names.get(id) ?? id} />;
}

/** Counts since the server started; empty after a restart, while the list below goes on. */
export function Counts({ counts, names }: { counts: RejectionCount[]; names: Names }) {
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

export function Latest({ rejections, names }: { rejections: Rejection[]; names: Names }) {
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
