// The sources: their write keys, what they may send and where it goes, and the line that sends one.
import { Link } from "@tanstack/react-router";
import type { Source, Status } from "../../api/status";
import { Command } from "../../parts/Command";
import { Copy } from "../../parts/Copy";
import { curlLine } from "../../parts/curl";
import { Hostile } from "../../parts/Hostile";
import { Nothing, Panel, Scroll } from "../../parts/Panel";
import { State } from "../../parts/State";
import { enabledLook } from "../../parts/words";
import { firstCurl, noEventsYet } from "./FirstEvent";
import { Bounds, Ends } from "./SourceBounds";

/** The names of the destinations that a source's events go to. */
function targets(status: Status, source: Source): string {
  const ids = status.connections
    .filter((each) => each.enabled && each.source === source.id)
    .map((each) => each.destination);
  return status.destinations
    .filter((each) => ids.includes(each.id))
    .map((each) => each.name || each.id)
    .join(", ");
}

function Keys({ source, gatewayUrl }: { source: Source; gatewayUrl: string }) {
  if (source.write_keys.length === 0) return <span className="none">none</span>;
  return source.write_keys.map((key) => (
    <div className="key" key={key}>
      <code>
        <Hostile text={key} />
      </code>
      <Copy what={`write key of ${source.name || source.id}`} text={key} />
      <Copy
        what={`curl line of ${source.name || source.id}`}
        text={curlLine(gatewayUrl, key)}
        caption="curl"
      />
    </div>
  ));
}

export function Sources({ status }: { status: Status }) {
  const curl = firstCurl(status);
  return (
    <Panel title="Sources">
      {status.sources.length === 0 ? (
        <Nothing title="No source is configured">
          <p>Add one to the configuration: a name and a write key are enough.</p>
        </Nothing>
      ) : (
        <Scroll label="Sources table">
          <table>
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">State</th>
                <th scope="col">Write key</th>
                <th scope="col">May send</th>
                <th scope="col">Connected to</th>
              </tr>
            </thead>
            <tbody>
              {status.sources.map((source) => (
                <tr key={source.id}>
                  <th scope="row" className="name">
                    <Link to="/sources/$id" params={{ id: source.id }}>
                      <Hostile text={source.name || source.id} />
                    </Link>
                  </th>
                  <td>
                    <State look={enabledLook(source.enabled)} />
                  </td>
                  <td>
                    <Keys source={source} gatewayUrl={status.gateway_url} />
                    <Ends source={source} now={status.now} />
                  </td>
                  <td>
                    <Bounds source={source} />
                  </td>
                  <td className="target">
                    <Hostile text={targets(status, source) || "nothing"} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
      {curl && !noEventsYet(status) && (
        <details className="more">
          <summary>Send an event from a terminal</summary>
          <Command text={curl} what="curl line" />
        </details>
      )}
    </Panel>
  );
}
