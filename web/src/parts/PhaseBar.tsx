// How long an attempt took, and under it a bar of its steps; in words for those who cannot see it.
import type { Attempt } from "../api/attempts";
import { durationUs } from "./format";
import { parts, sentence } from "./phases";

const WIDTH = 100;

export function PhaseBar({ attempt }: { attempt: Pick<Attempt, "phases" | "duration_us"> }) {
  const steps = parts(attempt);
  const sum = steps.reduce((total, { us }) => total + us, 0);
  let end = 0;
  const words = sentence(attempt);
  return (
    <span className="phases" title={words || undefined}>
      {durationUs(attempt.duration_us)}
      {sum > 0 && (
        <svg viewBox={`0 0 ${WIDTH} 6`} preserveAspectRatio="none" role="img" aria-label={words}>
          {steps.map(({ step, us }) => {
            const x = end;
            end += (us / sum) * WIDTH;
            return <rect key={step} data-step={step} x={x} width={end - x} height="6" />;
          })}
        </svg>
      )}
    </span>
  );
}
