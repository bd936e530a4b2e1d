// What of a source was refused: by reason, and the latest with a sample.
import { useQuery } from "@tanstack/react-query";
import { rejectionsQuery } from "../../api/rejections";
import { Asked } from "../../parts/Asked";
import { Nothing, Panel } from "../../parts/Panel";
import { Counts, Latest } from "../../parts/RejectionTables";

export function SourceRejected({ id, name }: { id: string; name: string }) {
  const query = useQuery(rejectionsQuery({ source: id }));
  const names = new Map([[id, name]]);
  return (
    <Panel title="Rejected">
      <Asked query={query} what="the rejections" right="payload">
        {({ counts, rejections }) => {
          const own = counts.filter((each) => each.source === id);
          const latest = rejections.filter((each) => each.source === id);
          if (own.length === 0 && latest.length === 0) {
            return (
              <Nothing title="Nothing of this source was rejected">
                <p>What comes with a key that nobody knows is on the overview.</p>
              </Nothing>
            );
          }
          return (
            <>
              <Counts counts={own} names={names} />
              {latest.length > 0 && <Latest rejections={latest} names={names} />}
            </>
          );
        }}
      </Asked>
    </Panel>
  );
}
