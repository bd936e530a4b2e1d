// What a filter would make of the latest events, before it is saved.
import { Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useEffect } from "react";
import type { ConnectionObject } from "../../api/catalog";
import { type Trial, tryFilter } from "../../api/trials";
import { EventLink } from "../../parts/EventName";
import { elsewhere } from "../../parts/form/mistakes";
import { counted, exact } from "../../parts/format";
import { Hostile } from "../../parts/Hostile";
import { Kind } from "../../parts/Kind";
import { Scroll } from "../../parts/Panel";

/** Verdicts in words; the codes are those of the reasons dictionary. */
const VERDICTS: Record<string, string> = {
  passes: "pass",
  filtered_type: "kept back by their type",
  filtered_event: "kept back by their name",
  filtered_condition: "kept back by the condition",
  filtered_sample: "of users outside the sample",
  filtered_integrations: "kept back by their own integrations object",
  filtered_consent: "kept back by consent",
};

function Samples({ trial }: { trial: Trial }) {
  const rows = Object.values(trial.samples).flat();
  if (rows.length === 0) return null;
  return (
    <Scroll label="Samples table">
      <table>
        <thead>
          <tr>
            <th scope="col" className="number-cell">
              Event
            </th>
            <th scope="col">Type</th>
            <th scope="col">Name</th>
            <th scope="col">Verdict</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ seq, kind, event, verdict }) => (
            <tr key={seq}>
              <td className="number-cell">
                <EventLink seq={seq} />
              </td>
              <td>
                <Kind kind={kind} />
              </td>
              <th scope="row" className="name">
                <Hostile text={event ?? "–"} />
              </th>
              <td>{VERDICTS[verdict] ?? <Hostile text={verdict} />}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

export function DryRun({ draft }: { draft: ConnectionObject }) {
  const { source, destination, filter = {} } = draft;
  const { mutate, isPending, data, error, reset } = useMutation({
    mutationFn: async () => await tryFilter({ source, destination, filter }),
  });
  const said = JSON.stringify(filter);
  // What was said of another filter does not hold for this one.
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is the filter that counts.
  useEffect(() => reset(), [said]);
  return (
    <div className="trial">
      <div className="confirm">
        <Button variant="default" size="compact-sm" loading={isPending} onClick={() => mutate()}>
          Try it on the latest 1,000 events
        </Button>
        <span role="status">
          {data &&
            `${counted(data.counts.passes ?? 0, "event")} of ${exact(data.events)} would pass` +
              (data.complete ? "" : "; there was no time for more")}
        </span>
      </div>
      {elsewhere(error, []).map((each) => (
        <p className="refused" role="alert" key={each}>
          <Hostile text={each} />
        </p>
      ))}
      {data && (
        <ul className="verdicts">
          {Object.entries(data.counts).map(([verdict, n]) => (
            <li key={verdict}>
              {exact(n)} {VERDICTS[verdict] ?? <Hostile text={verdict} />}
            </li>
          ))}
        </ul>
      )}
      {data && <Samples trial={data} />}
    </div>
  );
}
