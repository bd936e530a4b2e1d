// Destinations that were removed and may be brought back, with what waits for them and until when.
import type { Removed } from "../../api/status";
import { Count } from "../../parts/Count";
import { Hostile } from "../../parts/Hostile";
import { Panel, Scroll } from "../../parts/Panel";
import { Time } from "../../parts/Time";
import { Restore } from "./Actions";
import { useManaged } from "./managed";

export function RemovedOnes({ removed }: { removed: Removed[] }) {
  const managedBy = useManaged();
  if (removed.length === 0) return null;
  return (
    <Panel title="Removed destinations">
      <Scroll label="Removed destinations table">
        <table>
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col">Target</th>
              <th scope="col" className="number-cell">
                Waiting
              </th>
              <th scope="col">Removed</th>
              <th scope="col">Kept until</th>
              <th scope="col">Change</th>
            </tr>
          </thead>
          <tbody>
            {removed.map((each) => (
              <tr key={each.id}>
                <th scope="row" className="name">
                  <Hostile text={each.name || each.id} />
                  <span className="secondary">
                    does not queue; put <code>{each.id}</code> back to deliver what waits
                  </span>
                </th>
                <td className="target">
                  <code>
                    <Hostile text={each.target} />
                  </code>
                </td>
                <Count n={each.waiting} />
                <td>
                  <Time at={each.removed_at} />
                </td>
                <td>
                  <Time at={each.kept_until} />
                </td>
                <td>
                  <Restore removed={each} managedBy={managedBy} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </Panel>
  );
}
