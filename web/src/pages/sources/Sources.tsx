// All sources: what each sends now, what of it was refused, and where it goes.
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useMay } from "../../api/me";
import { rejectionsQuery } from "../../api/rejections";
import { seriesQuery } from "../../api/series";
import { type Source, type Status, statusQuery } from "../../api/status";
import { Asked } from "../../parts/Asked";
import { Sparkline } from "../../parts/chart/Sparkline";
import { sum } from "../../parts/chart/series";
import { count, counted, exact } from "../../parts/format";
import { Hostile } from "../../parts/Hostile";
import { Nothing, Panel, Scroll } from "../../parts/Panel";
import { State } from "../../parts/State";
import { enabledLook } from "../../parts/words";
import { AddSource } from "./AddSource";

function Rate({ id }: { id: string }) {
  const { data } = useQuery(seriesQuery({ of: "accepted", source: id, bucket: "1m" }));
  if (!data) return <span className="none">–</span>;
  const values = data.points.map((point) => point.accepted ?? 0);
  return <Sparkline values={values} words={`${counted(sum(values), "event")} in the last hour`} />;
}

function Row({ source, status, rejected }: { source: Source; status: Status; rejected: number }) {
  const ids = status.connections
    .filter((each) => each.enabled && each.source === source.id)
    .map((each) => each.destination);
  const targets = status.destinations.filter((each) => ids.includes(each.id));
  return (
    <tr>
      <th scope="row" className="name">
        <Link to="/sources/$id" params={{ id: source.id }}>
          <Hostile text={source.name || source.id} />
        </Link>
        {source.name.toLowerCase() !== source.id.toLowerCase() && (
          <span className="secondary">
            <Hostile text={source.id} />
          </span>
        )}
      </th>
      <td>
        <State look={enabledLook(source.enabled)} />
      </td>
      <td>
        <Rate id={source.id} />
      </td>
      <td
        className="number-cell"
        data-zero={rejected === 0 || undefined}
        data-tone={rejected > 0 ? "bad" : undefined}
      >
        <Link
          to="/sources/$id"
          params={{ id: source.id }}
          search={{ tab: "rejected" }}
          title={exact(rejected)}
        >
          {count(rejected)}
        </Link>
      </td>
      <td className="target">
        {targets.length === 0 ? (
          <span className="none">nothing</span>
        ) : (
          targets.map((each, at) => (
            <span key={each.id}>
              {at > 0 && ", "}
              <Link to="/destinations/$id" params={{ id: each.id }}>
                <Hostile text={each.name || each.id} />
              </Link>
            </span>
          ))
        )}
      </td>
    </tr>
  );
}

function Table({ status }: { status: Status }) {
  const { data } = useQuery(rejectionsQuery());
  const rejectedOf = (id: string) =>
    (data?.counts ?? [])
      .filter((each) => each.source === id)
      .reduce((sum, each) => sum + each.count, 0);
  return (
    <Scroll label="Sources table">
      <table>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">State</th>
            <th scope="col">Last hour</th>
            <th scope="col" className="number-cell">
              Rejected, since the start
            </th>
            <th scope="col">Connected to</th>
          </tr>
        </thead>
        <tbody>
          {status.sources.map((source) => (
            <Row key={source.id} source={source} status={status} rejected={rejectedOf(source.id)} />
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

export function Sources() {
  const query = useQuery(statusQuery());
  const may = useMay("edit");
  const [adding, setAdding] = useState(false);
  useEffect(() => {
    document.title = "Sources · Postrider";
  }, []);
  const add = may && (
    <Button size="compact-sm" onClick={() => setAdding(true)}>
      Add a source
    </Button>
  );
  return (
    <div className="page">
      <div className="page-head">
        <h1>Sources</h1>
        <span className="action">{add}</span>
      </div>
      <Panel title="What sends events">
        <Asked query={query} what="the sources">
          {(status) =>
            status.sources.length === 0 ? (
              <Nothing title="There is no source yet">
                <p>
                  A source is a web shop, an app or a server that sends events with a write key.
                </p>
                {add}
              </Nothing>
            ) : (
              <Table status={status} />
            )
          }
        </Asked>
      </Panel>
      {adding && <AddSource onClose={() => setAdding(false)} />}
    </div>
  );
}
