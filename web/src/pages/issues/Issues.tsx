// Issues: what fails, grouped by destination, reason and status; the worst first.
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useEffect } from "react";
import { ISSUE_STATES, type Issue, type IssueState, issuesQuery } from "../../api/issues";
import type { Destination } from "../../api/status";
import { statusQuery } from "../../api/status";
import { Asked } from "../../parts/Asked";
import { Choice, DestinationChoice } from "../../parts/Choice";
import { counted } from "../../parts/format";
import { Nothing, Panel } from "../../parts/Panel";
import { IssueTable } from "./IssueTable";
import { STATE_WORDS, summary, worstFirst } from "./issues";

const route = getRouteApi("/issues");

function Filters({ destinations }: { destinations: Destination[] }) {
  const { destination, state } = route.useSearch();
  const navigate = route.useNavigate();
  const choose = (part: { destination?: string | undefined; state?: IssueState | undefined }) =>
    void navigate({ search: (now) => ({ ...now, ...part }), resetScroll: false });
  return (
    <div className="filters">
      <DestinationChoice
        label="Show issues of"
        destinations={destinations}
        value={destination}
        onChoose={(value) => choose({ destination: value })}
      />
      <Choice
        label="Show issues that are"
        all="All but ignored"
        value={state}
        options={ISSUE_STATES.map((value) => ({ value, label: STATE_WORDS[value] }))}
        onChoose={(value) => choose({ state: value })}
      />
    </div>
  );
}

function Body({ issues }: { issues: Issue[] }) {
  const { data: status } = useQuery(statusQuery());
  const { destination, state } = route.useSearch();
  const navigate = route.useNavigate();
  const names = new Map(
    (status?.destinations ?? []).map((each) => [each.id, each.name || each.id]),
  );
  if (issues.length > 0) return <IssueTable issues={worstFirst(issues)} names={names} />;
  return destination || state ? (
    <Nothing title="No issue matches the filters">
      <button
        type="button"
        className="link"
        onClick={() => void navigate({ search: {}, resetScroll: false })}
      >
        Clear filters
      </button>
    </Nothing>
  ) : (
    <Nothing title="Nothing has failed">
      <p>When deliveries fail, they are grouped here by destination, reason and status.</p>
    </Nothing>
  );
}

export function Issues() {
  const search = route.useSearch();
  const query = useQuery(issuesQuery(search));
  const { data: status } = useQuery(statusQuery());
  useEffect(() => {
    document.title = "Issues · Postrider";
  }, []);
  return (
    <div className="page">
      <div className="page-head">
        <h1>Issues</h1>
        {query.data && (
          <span className="secondary">
            {search.state
              ? `${counted(query.data.length, "issue")} ${search.state}`
              : summary(query.data)}
          </span>
        )}
      </div>
      <Panel title="What fails" aside={<Filters destinations={status?.destinations ?? []} />}>
        <Asked query={query} what="the issues">
          {(issues) => <Body issues={issues} />}
        </Asked>
      </Panel>
    </div>
  );
}
