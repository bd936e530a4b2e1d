// How a destination fares: five numbers, its last hour, what fails, and how and for which events it is asked.
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { issuesQuery } from "../../api/issues";
import type { Destination, Status } from "../../api/status";
import { Countdown } from "../../parts/Countdown";
import { count, exact } from "../../parts/format";
import { Hostile } from "../../parts/Hostile";
import { Nothing, Panel } from "../../parts/Panel";
import { Time } from "../../parts/Time";
import { IssueTable } from "../issues/IssueTable";
import { goesOn, worstFirst } from "../issues/issues";
import { Filters } from "./Filters";
import { LastHour } from "./LastHour";
import { arrived, firstTry } from "./numbers";
import { RequestFacts } from "./RequestFacts";

function Figure({ word, n, tone, note }: { word: string; n: number; tone?: string; note: string }) {
  return (
    <div className="number" data-tone={n > 0 ? tone : undefined}>
      <dt>{word}</dt>
      <dd>
        <div className="number-value" title={exact(n)}>
          {count(n)}
        </div>
        <div className="number-note">{note}</div>
      </dd>
    </div>
  );
}

function Numbers({ destination }: { destination: Destination }) {
  const { gave_up, expired, retrying, filtered } = destination;
  const lost = gave_up + expired;
  return (
    <dl className="numbers" data-five>
      <Figure
        word="Delivered at first try"
        n={destination.delivered_first_try}
        note={firstTry(destination)}
      />
      <Figure
        word="Delivered on retry"
        n={destination.delivered_on_retry}
        note={`${arrived(destination)} arrived in all`}
      />
      <Figure
        word="Lost"
        n={lost}
        tone="bad"
        note={expired > 0 ? `${exact(expired)} of them expired` : "given up"}
      />
      <Figure word="Waiting" n={destination.waiting} note={`${exact(retrying)} to be retried`} />
      <Figure word="Filtered" n={filtered.total} note="kept back by rules" />
    </dl>
  );
}

/** Why an endpoint gets no more now, and when it is asked again. */
function Trouble({ destination }: { destination: Destination }) {
  const { flow } = destination;
  if (!flow?.failing_since) return null;
  return (
    <p className="note" role="status">
      Its endpoint takes nothing since <Time at={flow.failing_since} />:{" "}
      <Hostile text={flow.sentence ?? flow.reason ?? ""} />{" "}
      {flow.next_probe_at !== null && (
        <>
          It is asked again <Countdown at={flow.next_probe_at} />.
        </>
      )}
    </p>
  );
}

function Issues({ destination }: { destination: Destination }) {
  const { id, name } = destination;
  const { data, error } = useQuery(issuesQuery({ destination: id }));
  const issues = data?.filter(goesOn);
  return (
    <Panel
      title="What fails"
      aside={
        <Link to="/issues" search={{ destination: id }}>
          All its issues
        </Link>
      }
    >
      {issues && issues.length > 0 ? (
        <IssueTable issues={worstFirst(issues)} names={new Map([[id, name || id]])} />
      ) : (
        <Nothing title={issues ? "No issue goes on" : error ? error.message : "Loading…"} />
      )}
    </Panel>
  );
}

export function OverviewTab({ destination, status }: { destination: Destination; status: Status }) {
  return (
    <>
      <Trouble destination={destination} />
      <Numbers destination={destination} />
      <LastHour id={destination.id} asOf={status.now} />
      <Issues destination={destination} />
      <Panel title="Requests">
        <RequestFacts requests={destination.requests} />
      </Panel>
      <Panel title="Events it gets">
        <Filters
          connections={status.connections.filter((each) => each.destination === destination.id)}
          sources={status.sources}
        />
      </Panel>
    </>
  );
}
