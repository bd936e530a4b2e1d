// Issues: what fails, grouped by destination, reason and status; the worst first.
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useEffect } from "react";
import { ISSUE_STATES, type Issue, type IssueState, issuesQuery } from "../../api/issues";
import type { Destination } from "../../api/status";
import { statusQuery } from "../../api/status";
import { Choice, DestinationChoice } from "../../parts/Choice";
import { Count } from "../../parts/Count";
import { exact } from "../../parts/format";
import { Hostile } from "../../parts/Hostile";
import { Nothing, Panel, Scroll } from "../../parts/Panel";
import { State } from "../../parts/State";
import { Time } from "../../parts/Time";
import { issueLook } from "../../parts/words";
import { statusWords, summary, usersWords, worstFirst } from "./issues";

const route = getRouteApi("/issues");

function Row({ issue, name }: { issue: Issue; name: string }) {
  const open = issue.state === "open";
  return (
    <tr>
      <td>
        <State look={issueLook(issue)} />
      </td>
      <th scope="row" className="name">
        <Link to="/issues/$id" params={{ id: String(issue.id) }}>
          <Hostile text={issue.sentence || issue.reason} />
        </Link>
        <span className="secondary">
          <code>
            <Hostile text={issue.reason} />
          </code>
          , {statusWords(issue)}
        </span>
      </th>
      <td>
        <Link to="/destinations/$id" params={{ id: issue.destination }}>
          <Hostile text={name} />
        </Link>
      </td>
      <Count n={issue.waiting} {...(open ? { tone: "warn" } : {})} />
      <Count n={issue.gave_up + issue.expired} {...(open ? { tone: "bad" } : {})} />
      <Count n={issue.failed} />
      <td className="number-cell">{usersWords(issue.users)}</td>
      <td>
        <Time at={issue.first_at} />
      </td>
      <td>
        <Time at={issue.last_at} />
      </td>
      <td className="number-cell">
        <Link
          to="/deliveries/$destination/$seq"
          params={{ destination: issue.destination, seq: String(issue.sample) }}
        >
          {exact(issue.sample)}
        </Link>
      </td>
    </tr>
  );
}

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
        all="Open and resolved"
        value={state}
        options={ISSUE_STATES.map((each) => ({
          value: each,
          label: each === "open" ? "Open" : "Resolved",
        }))}
        onChoose={(value) => choose({ state: value })}
      />
    </div>
  );
}

const HEADS = ["State", "What", "Destination"];
const NUMBERS = ["Waiting", "Lost", "Failed attempts", "Users"];

function Table({ issues, names }: { issues: Issue[]; names: Map<string, string> }) {
  return (
    <Scroll label="Issues table">
      <table>
        <thead>
          <tr>
            {HEADS.map((head) => (
              <th scope="col" key={head}>
                {head}
              </th>
            ))}
            {NUMBERS.map((head) => (
              <th scope="col" className="number-cell" key={head}>
                {head}
              </th>
            ))}
            <th scope="col">First</th>
            <th scope="col">Last</th>
            <th scope="col" className="number-cell">
              Sample
            </th>
          </tr>
        </thead>
        <tbody>
          {issues.map((issue) => (
            <Row
              key={issue.id}
              issue={issue}
              name={names.get(issue.destination) ?? issue.destination}
            />
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function Body({ issues }: { issues: Issue[] }) {
  const { data: status } = useQuery(statusQuery());
  const { destination, state } = route.useSearch();
  const navigate = route.useNavigate();
  const names = new Map(
    (status?.destinations ?? []).map((each) => [each.id, each.name || each.id]),
  );
  if (issues.length > 0) return <Table issues={worstFirst(issues)} names={names} />;
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
  const { data: issues, error } = useQuery(issuesQuery(search));
  const { data: status } = useQuery(statusQuery());
  useEffect(() => {
    document.title = "Issues · Postrider";
  }, []);
  return (
    <div className="page">
      <div className="page-head">
        <h1>Issues</h1>
        {issues && <span className="secondary">{summary(issues)}</span>}
      </div>
      <Panel title="What fails" aside={<Filters destinations={status?.destinations ?? []} />}>
        {issues ? <Body issues={issues} /> : <Nothing title={error ? error.message : "Loading…"} />}
      </Panel>
    </div>
  );
}
