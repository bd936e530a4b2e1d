// What came of an event that went straight to a destination.
import type { Judgement, StraightTest, TestResult } from "../../api/testEvents";
import { durationUs } from "../../parts/format";
import { Hostile } from "../../parts/Hostile";
import { RequestShown } from "../../parts/RequestShown";
import { State } from "../../parts/State";
import type { Look } from "../../parts/words";
import { Answered } from "../delivery/AttemptPanel";
import { Course } from "../delivery/Course";

const TAKEN: Look = { word: "Delivered", shape: "tick", tone: "good" };
const FAILED: Look = { word: "Failed", shape: "cross", tone: "bad" };
const PASSES: Look = { word: "Passes", shape: "tick", tone: "good" };
const FILTERED: Look = { word: "Filtered", shape: "slash", tone: "quiet" };
const OFF: Look = { word: "Disabled", shape: "slash", tone: "quiet" };

const AWAY: Record<string, string> = {
  paused: "The destination is paused: events wait. The test was sent all the same.",
  disabled: "The destination is disabled: events are passed over. The test was sent all the same.",
};

/** One line that says what came of it. */
export function outcomeWords({
  delivered,
  status,
  duration_us,
  sentence: why,
}: TestResult): string {
  if (delivered) return `${status} in ${durationUs(duration_us)}`;
  return status ? `${status} in ${durationUs(duration_us)}. ${why}` : why;
}

function look({ enabled, passes }: Judgement): Look {
  if (!enabled) return OFF;
  return passes ? PASSES : FILTERED;
}

/** What the connections would make of a real event like this. */
function Rules({ connections }: { connections: Judgement[] }) {
  if (connections.length === 0) {
    return <p className="secondary">No connection leads here, so no event comes.</p>;
  }
  const isHeldBack = !connections.some(({ enabled, passes }) => enabled && passes);
  return (
    <ul className="rules">
      {connections.map((each) => (
        <li key={each.connection}>
          <State look={look(each)} /> from <Hostile text={each.source} />
          {each.reason && (
            <p className="secondary">
              <Hostile text={`${each.sentence} ${each.advice}`} />
            </p>
          )}
        </li>
      ))}
      {isHeldBack && (
        <li className="secondary">
          A real event like this would not come. The test was sent all the same.
        </li>
      )}
    </ul>
  );
}

export function Straight({ told }: { told: StraightTest }) {
  const { result, connections, away } = told;
  return (
    <div className="attempt">
      <p className="outcome">
        <State look={result.delivered ? TAKEN : FAILED} /> <Hostile text={outcomeWords(result)} />
      </p>
      {away && <p className="note">{AWAY[away] ?? <Hostile text={away} />}</p>}
      <dl className="facts">
        <Course of={result} advice={result.advice} />
      </dl>
      <h3>Rules</h3>
      <Rules connections={connections} />
      <h3>Request</h3>
      {result.request ? (
        <RequestShown request={result.request} />
      ) : (
        <p className="secondary">There can be no request for this event.</p>
      )}
      <h3>Answer</h3>
      <Answered answer={result.answer} status={result.status} mayRead />
    </div>
  );
}
