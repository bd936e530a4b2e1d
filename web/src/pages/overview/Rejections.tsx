// Rejections: how often what was refused at intake, and the latest of it with a sample.
import { useQuery } from "@tanstack/react-query";
import { rejectionsQuery } from "../../api/rejections";
import type { Source } from "../../api/status";
import { Asked } from "../../parts/Asked";
import { Nothing, Panel } from "../../parts/Panel";
import { Counts, Latest } from "../../parts/RejectionTables";

export function Rejections({ sources }: { sources: Source[] }) {
  const query = useQuery(rejectionsQuery());
  const names = new Map(sources.map((each) => [each.id, each.name || each.id]));
  return (
    <Panel title="Rejections">
      <Asked query={query} what="the rejections" right="payload">
        {({ counts, rejections }) =>
          rejections.length === 0 && counts.length === 0 ? (
            <Nothing title="Nothing was rejected" />
          ) : (
            <>
              <Counts counts={counts} names={names} />
              {rejections.length > 0 && <Latest rejections={rejections} names={names} />}
            </>
          )
        }
      </Asked>
    </Panel>
  );
}
