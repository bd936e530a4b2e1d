// A table of issues, each with what it has cost.
import { Link } from "@tanstack/react-router";
import type { Issue } from "../../api/issues";
import { Count } from "../../parts/Count";
import { exact } from "../../parts/format";
import { Hostile } from "../../parts/Hostile";
import { Scroll } from "../../parts/Panel";
import { State } from "../../parts/State";
import { Time } from "../../parts/Time";
import { issueLook } from "../../parts/words";
import { goesOn, statusWords, usersWords } from "./issues";
import { Trend } from "./Trend";

function Row({ issue, name }: { issue: Issue; name: string }) {
  const open = goesOn(issue);
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
        <Trend trend={issue.trend} />
      </td>
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

const HEADS = ["State", "What", "Destination"];
const NUMBERS = ["Waiting", "Lost", "Failed attempts", "Users"];

export function IssueTable({ issues, names }: { issues: Issue[]; names: Map<string, string> }) {
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
            <th scope="col">Last 24 hours</th>
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
