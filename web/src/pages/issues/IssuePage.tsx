// One issue: what it is, what to do about it, what it has cost, and its newest attempts.
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { Attempt } from "../../api/attempts";
import type { Issue } from "../../api/issues";
import { issueQuery } from "../../api/issues";
import { statusQuery } from "../../api/status";
import { Asked } from "../../parts/Asked";
import { AttemptTable } from "../../parts/AttemptTable";
import { counted, exact } from "../../parts/format";
import { Hostile } from "../../parts/Hostile";
import { Panel } from "../../parts/Panel";
import { State } from "../../parts/State";
import { Time } from "../../parts/Time";
import { useTitle } from "../../parts/useTitle";
import { issueLook } from "../../parts/words";
import { Deeds } from "./Deeds";
import { endWords, goesOn, STATE_WORDS, statusWords, usersWords } from "./issues";
import { Trend } from "./Trend";

const route = getRouteApi("/issues/$id");

/** Who said what of it, and why. */
function Said({ mark }: { mark: NonNullable<Issue["mark"]> }) {
  return (
    <>
      <dt>{STATE_WORDS[mark.ruling] ?? mark.ruling}</dt>
      <dd>
        by <Hostile text={mark.by} />, <Time at={mark.at} />
        {mark.note && (
          <>
            : <Hostile text={mark.note} layout="asSent" />
          </>
        )}
      </dd>
    </>
  );
}

function Facts({ issue, name }: { issue: Issue; name: string }) {
  return (
    <dl className="facts">
      <dt>Destination</dt>
      <dd>
        <Link to="/destinations/$id" params={{ id: issue.destination }}>
          <Hostile text={name} />
        </Link>
      </dd>
      <dt>Reason</dt>
      <dd>
        <code>
          <Hostile text={issue.reason} />
        </code>
        , {statusWords(issue)}
      </dd>
      <dt>What to do</dt>
      <dd>{issue.advice || <span className="none">nothing is known of it</span>}</dd>
      <dt>Waiting because of it</dt>
      <dd>{counted(issue.waiting, "delivery", "deliveries")}</dd>
      <dt>Given up</dt>
      <dd>
        {counted(issue.gave_up, "delivery", "deliveries")}
        {issue.expired > 0 && `, and ${exact(issue.expired)} expired`}{" "}
        {issue.gave_up > 0 && (
          <Link
            to="/replays/new"
            search={{ destination: issue.destination, intent: "recover_failed", issue: issue.id }}
          >
            Deliver again
          </Link>
        )}
      </dd>
      <dt>Failed attempts</dt>
      <dd>{exact(issue.failed)}</dd>
      <dt>Last 24 hours</dt>
      <dd>
        <Trend trend={issue.trend} said />
      </dd>
      <dt>Users touched</dt>
      <dd>{usersWords(issue.users)}</dd>
      <dt>Seen</dt>
      <dd>
        first <Time at={issue.first_at} />, last <Time at={issue.last_at} />
        {issue.reopened > 0 && `, came again ${counted(issue.reopened, "time")}`}
      </dd>
      {issue.mark && <Said mark={issue.mark} />}
      {issue.resolved_at !== null && issue.mark?.ruling !== "resolved" && (
        <>
          <dt>Resolved</dt>
          <dd>
            <Time at={issue.resolved_at} />
          </dd>
        </>
      )}
      {goesOn(issue) && (
        <>
          <dt>Resolves by itself</dt>
          <dd>{endWords(issue)}</dd>
        </>
      )}
      <dt>Last said</dt>
      <dd>
        <Hostile text={issue.detail} />
      </dd>
    </dl>
  );
}

function Shown({ issue }: { issue: Issue & { attempts: Attempt[] } }) {
  const { data: status } = useQuery(statusQuery());
  const destinations = status?.destinations ?? [];
  const known = destinations.find((each) => each.id === issue.destination);
  return (
    <>
      <Panel title="What it is">
        <Facts issue={issue} name={known?.name || issue.destination} />
      </Panel>
      <Panel title="Newest attempts">
        <AttemptTable attempts={issue.attempts} destinations={destinations} />
      </Panel>
    </>
  );
}

export function IssuePage() {
  const { id } = route.useParams();
  const query = useQuery(issueQuery(id));
  const issue = query.data;
  const title = issue ? issue.sentence || issue.reason : "Issue";
  useTitle(title);
  return (
    <div className="page">
      <div className="page-head">
        <h1>
          <Hostile text={title} />
        </h1>
        {issue && <State look={issueLook(issue)} />}
        <Link to="/issues">All issues</Link>
        {issue && <Deeds issue={issue} />}
      </div>
      <Asked query={query} what="the issue">
        {(found) => <Shown issue={found} />}
      </Asked>
    </div>
  );
}
