// What is stored: how much room each part takes, what is kept how long, and how the disk fares.
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type PartRoom, type Storage, storageQuery } from "../../api/storage";
import { Asked } from "../../parts/Asked";
import { bytes, count, exact, percent, span } from "../../parts/format";
import { Panel, Scroll } from "../../parts/Panel";
import { State } from "../../parts/State";
import { Time } from "../../parts/Time";
import { diskLook } from "../overview/Storage";

const PARTS: Record<PartRoom["part"], string> = {
  journal: "Events as they came",
  state: "Deliveries and what became of them",
  index: "What finds events by user, name and type",
  catalog: "Sources, destinations, connections, users and the audit log",
};

function Parts({ parts }: Pick<Storage, "parts">) {
  const all = parts.reduce((sum, part) => sum + part.bytes, 0);
  return (
    <Panel title="Room on the disk" aside={<span className="secondary">{bytes(all)} in all</span>}>
      <Scroll label="Room on the disk table">
        <table>
          <thead>
            <tr>
              <th scope="col">Part</th>
              <th scope="col">What is in it</th>
              <th scope="col" className="number-cell">
                Room
              </th>
              <th scope="col" className="number-cell">
                Share
              </th>
            </tr>
          </thead>
          <tbody>
            {parts.map(({ part, bytes: room }) => (
              <tr key={part}>
                <th scope="row">
                  <code>{part}</code>
                </th>
                <td>{PARTS[part]}</td>
                <td className="number-cell" title={`${exact(room)} bytes`}>
                  {bytes(room)}
                </td>
                <td className="number-cell">{percent(room, all)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </Panel>
  );
}

function Kept({ journal, ledger, audit }: Pick<Storage, "journal" | "ledger" | "audit">) {
  const { used_bytes, bytes_max, oldest_at, oldest_seq, trimmed_at } = journal;
  return (
    <Panel title="What is kept">
      <dl className="facts">
        <dt>Events</dt>
        <dd>
          {bytes(used_bytes)}
          {bytes_max === null
            ? ", without a bound (journal.size_max)"
            : ` of ${bytes(bytes_max)}, ${percent(used_bytes, bytes_max)} (journal.size_max)`}
        </dd>
        <dt>For how long</dt>
        <dd>
          {span(journal.age_max_s * 1_000)}, and longer while a destination needs them
          (journal.retention)
        </dd>
        <dt>Oldest event</dt>
        <dd>
          {oldest_at === null ? (
            <span className="none">none is there</span>
          ) : (
            <>
              <Link to="/events/$id" params={{ id: String(oldest_seq) }}>
                {exact(oldest_seq)}
              </Link>
              , stored at <Time at={oldest_at} />
            </>
          )}
        </dd>
        <dt>Old ones last removed</dt>
        <dd>
          {trimmed_at === null ? (
            <span className="none">not since the start</span>
          ) : (
            <Time at={trimmed_at} />
          )}
        </dd>
        <dt>Attempts</dt>
        <dd>the newest {count(ledger.attempts_max)}, about</dd>
        <dt>Audit log</dt>
        <dd>
          {count(audit.records_max)} records of changes and as many of accesses, for{" "}
          {span(audit.age_max_s * 1_000)} (audit.retention)
        </dd>
      </dl>
    </Panel>
  );
}

function Disk({ disk }: Pick<Storage, "disk">) {
  const { free_bytes, free_min_bytes, is_low, store_p99_ms } = disk;
  return (
    <Panel title="Disk">
      <dl className="facts">
        <dt>State</dt>
        <dd>
          <State look={diskLook(is_low)} />
        </dd>
        <dt>Free</dt>
        <dd>
          {free_bytes === null ? <span className="none">–</span> : bytes(free_bytes)}; with less
          than {bytes(free_min_bytes)}, no events are taken (intake.disk_free_min)
        </dd>
        <dt>On disk within</dt>
        <dd>
          {store_p99_ms === null ? (
            <span className="none">–</span>
          ) : (
            `${store_p99_ms} ms, 99 of 100 batches since the start`
          )}
        </dd>
      </dl>
    </Panel>
  );
}

export function StorageTab() {
  const query = useQuery(storageQuery());
  return (
    <Asked query={query} what="what is stored">
      {(storage) => (
        <>
          <Parts parts={storage.parts} />
          <Kept {...storage} />
          <Disk disk={storage.disk} />
        </>
      )}
    </Asked>
  );
}
