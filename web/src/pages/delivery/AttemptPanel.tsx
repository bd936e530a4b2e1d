// One attempt in full: what came of it, which way it took and how long, what was sent and answered.
import type { Answer, Attempt } from "../../api/attempts";
import { ROLE_WITH } from "../../api/me";
import { Copy } from "../../parts/Copy";
import { Hostile } from "../../parts/Hostile";
import { Pairs } from "../../parts/Pairs";
import { Panel } from "../../parts/Panel";
import { State } from "../../parts/State";
import { Time } from "../../parts/Time";
import { fateLook } from "../../parts/words";
import { AttemptRequest } from "./AttemptRequest";
import { Course } from "./Course";

interface AnsweredProps {
  answer: Answer | null;
  status: number | null;
  mayRead: boolean;
}

export function Answered({ answer, status, mayRead }: AnsweredProps) {
  if (!answer && status && !mayRead) {
    return (
      <p className="secondary">What was answered takes the role {ROLE_WITH.payload} to be read.</p>
    );
  }
  if (!answer) {
    return (
      <p className="secondary">{status ? "What was answered is not kept." : "No answer came."}</p>
    );
  }
  return (
    <>
      <h4>Headers</h4>
      <Pairs pairs={answer.headers} empty="No headers" />
      <h4>Body {answer.body !== "" && <Copy what="body of the answer" text={answer.body} />}</h4>
      {answer.body === "" ? (
        <p className="secondary">No body</p>
      ) : (
        <pre className="raw">
          <Hostile text={answer.body} layout="asSent" />
        </pre>
      )}
    </>
  );
}

/** What people let go has the number of the last attempt; a replay counts its own. */
function titleOf({ number, reason, replay }: Attempt): string {
  if (reason === "skipped") return "Given up by hand";
  if (reason === "removed_for_good") return "Removed with its destination";
  const which = number > 0 ? `Attempt ${number}` : "No attempt";
  return replay ? `${which} of replay ${replay}` : which;
}

/** Where a delivery was let go, no request was made. */
const isMade = ({ number, reason }: Attempt) =>
  number > 0 && !["skipped", "removed_for_good", "trimmed", "quarantined"].includes(reason);

interface Props {
  attempt: Attempt;
  /** Whether the reader may see what endpoints answer: it may repeat the event. */
  mayRead: boolean;
}

export function AttemptPanel({ attempt, mayRead }: Props) {
  const { status, answer = null } = attempt;
  return (
    <Panel title={titleOf(attempt)} aside={<State look={fateLook(attempt.fate)} />}>
      <div className="attempt">
        <dl className="facts">
          <dt>Began</dt>
          <dd>
            <Time at={attempt.at} />
          </dd>
          <dt>Status</dt>
          <dd>{status ? status : <span className="none">none</span>}</dd>
          <Course of={attempt} />
        </dl>
        {isMade(attempt) && (
          <>
            <h3>Request</h3>
            <AttemptRequest attempt={attempt} mayRead={mayRead} />
            <h3>Answer</h3>
          </>
        )}
        <Answered answer={answer} status={status} mayRead={mayRead} />
      </div>
    </Panel>
  );
}
