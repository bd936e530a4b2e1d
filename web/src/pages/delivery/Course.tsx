// What a request came to: why it failed, where it went, and how long each step took; rows of a list of facts.
import type { Attempt } from "../../api/attempts";
import { Hostile } from "../../parts/Hostile";
import { PhaseBar } from "../../parts/PhaseBar";
import { sentence } from "../../parts/phases";

interface Props {
  of: Pick<Attempt, "detail" | "remote" | "phases" | "duration_us"> & { reason: string | null };
  /** What to do about the reason, where that is told. */
  advice?: string;
}

export function Course({ of, advice }: Props) {
  const { reason, detail, remote } = of;
  return (
    <>
      {reason && (
        <>
          <dt>Reason</dt>
          <dd>
            <code>
              <Hostile text={reason} />
            </code>{" "}
            <Hostile text={detail} />
          </dd>
          {advice !== undefined && (
            <>
              <dt>What to do</dt>
              <dd>
                <Hostile text={advice} />
              </dd>
            </>
          )}
        </>
      )}
      <dt>Address</dt>
      <dd>{remote ? <Hostile text={remote} /> : <span className="none">none</span>}</dd>
      <dt>Duration</dt>
      <dd>
        <PhaseBar attempt={of} /> <span className="secondary">{sentence(of)}</span>
      </dd>
    </>
  );
}
