// How the disk fares: what is free, and how long it takes until events are on it.
import { Link } from "@tanstack/react-router";
import type { Status } from "../../api/status";
import { bytes, count } from "../../parts/format";
import { Panel } from "../../parts/Panel";
import { State } from "../../parts/State";
import type { Look } from "../../parts/words";

const LOW: Look = { word: "Nearly full: no events are taken", shape: "octagon", tone: "bad" };
const FINE: Look = { word: "Events are taken", shape: "tick", tone: "good" };

export const diskLook = (isLow: boolean) => (isLow ? LOW : FINE);

export function Storage({ status }: { status: Status }) {
  const { disk_free_bytes, store_p99_ms } = status.storage;
  return (
    <Panel
      title="Storage"
      aside={
        <Link to="/settings" search={{ tab: "storage" }}>
          What takes room, and what is kept
        </Link>
      }
    >
      <dl className="facts">
        <dt>Disk</dt>
        <dd>
          <State look={diskLook(status.is_disk_low)} />
        </dd>
        <dt>Free</dt>
        <dd>
          {disk_free_bytes === null ? <span className="none">–</span> : bytes(disk_free_bytes)}
        </dd>
        <dt>On disk within</dt>
        <dd>
          {store_p99_ms === null ? (
            <span className="none">–</span>
          ) : (
            `${store_p99_ms} ms, 99 of 100 batches since the start`
          )}
        </dd>
        <dt>Events in all</dt>
        <dd>{count(Math.max(0, status.journal.head - 1))}</dd>
      </dl>
    </Panel>
  );
}
