// Rejections: how often what was refused at intake, and the latest of it with a sample.
import { useQuery } from "@tanstack/react-query";
import { rejectionsQuery } from "../../api/rejections";
import type { Source } from "../../api/status";
import { Nothing, Panel } from "../../parts/Panel";
import { Counts, Latest } from "../../parts/RejectionTables";

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
