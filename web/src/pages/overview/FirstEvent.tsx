// What a newcomer sees before the first event: the line that sends it, and that we wait for it.
import { Loader } from "@mantine/core";
import type { Status } from "../../api/status";
import { Command } from "../../parts/Command";
import { curlLine } from "../../parts/curl";
import { counted } from "../../parts/format";
import { Panel } from "../../parts/Panel";

/** The line for the first source that takes events, or null when there is none. */
export function firstCurl(status: Pick<Status, "sources" | "gateway_url">): string | null {
  const key = status.sources.find((source) => source.enabled && source.write_keys.length > 0)
    ?.write_keys[0];
  return key === undefined ? null : curlLine(status.gateway_url, key);
}

export const noEventsYet = ({ journal, accepted }: Pick<Status, "journal" | "accepted">) =>
  journal.head <= 1 && accepted === 0;

export function FirstEvent({ status }: { status: Status }) {
  const curl = firstCurl(status);
  return (
    <Panel title="No events yet">
      <div className="first">
        {curl ? (
          <>
            <p>Send one from a terminal, or point a RudderStack SDK at the gateway:</p>
            <Command text={curl} what="curl line" />
            <p className="waits" role="status">
              <Loader size={14} aria-hidden="true" />
              Waiting for the first event…
            </p>
          </>
        ) : (
          <p>No source is enabled. Add one to the configuration, with a write key.</p>
        )}
        {status.rejected > 0 && (
          <p className="note">
            {counted(status.rejected, "request")} arrived and{" "}
            {status.rejected === 1 ? "was" : "were"} rejected: the reasons are below.
          </p>
        )}
      </div>
    </Panel>
  );
}
