// The badge of an event's kind (track, identify, …); a kind we do not know is shown as it came.
import { Hostile } from "./Hostile";

export function Kind({ kind }: { kind: string }) {
  if (kind === "") return <span className="none">–</span>;
  return (
    <span className="kind" data-kind={kind}>
      <Hostile text={kind} />
    </span>
  );
}
