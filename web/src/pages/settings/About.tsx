// What runs here: its version, its clock, and where its API and metrics are.
import { useQuery } from "@tanstack/react-query";
import { statusQuery } from "../../api/status";
import { Asked } from "../../parts/Asked";
import { exact, span } from "../../parts/format";
import { Hostile } from "../../parts/Hostile";
import { Panel } from "../../parts/Panel";
import { Time } from "../../parts/Time";

export function About() {
  const query = useQuery(statusQuery());
  return (
    <Panel title="About">
      <Asked query={query} what="the server">
        {({ version, started_at, now, gateway_url, journal, is_disk_low }) => (
          <dl className="facts">
            <dt>Version</dt>
            <dd>Postrider {version}, Apache-2.0</dd>
            <dt>Running</dt>
            <dd>
              since <Time at={started_at} />, for {span(Date.parse(now) - Date.parse(started_at))}
            </dd>
            <dt>Gateway</dt>
            <dd>
              <code>
                <Hostile text={gateway_url} />
              </code>
            </dd>
            <dt>Events accepted ever</dt>
            <dd>{exact(journal.head - 1)}</dd>
            <dt>Disk</dt>
            <dd>{is_disk_low ? "short: events are refused until there is room" : "has room"}</dd>
            <dt>API</dt>
            <dd>
              <a href="/api/v1/openapi.json">OpenAPI description</a>, <a href="/metrics">metrics</a>
            </dd>
          </dl>
        )}
      </Asked>
    </Panel>
  );
}
