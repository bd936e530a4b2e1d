// How far something is, as a bar and in numbers.
import { count, exact } from "../../parts/format";
import type { Progress } from "./progress";

/** A share that says 100 % only at the end. */
function shareWords({ share, left }: Progress): string {
  return left === null ? "" : `${Math.floor(share * 100)} %`;
}

export function ProgressBar({ label, progress }: { label: string; progress: Progress }) {
  const { done, left, share } = progress;
  const title = left === null ? exact(done) : `${exact(done)} of ${exact(done + left)}`;
  return (
    <span className="progress" title={title}>
      <progress aria-label={label} max={1} {...(left === null ? {} : { value: share })} />
      <span className="figure">{shareWords(progress) || count(done)}</span>
    </span>
  );
}
