// The four numbers of the overview: accepted, delivered, waiting, gave up.
import type { Destination, Status } from "../../api/status";
import { count, counted, exact, percent } from "../../parts/format";

type Counter = Extract<
  keyof Destination,
  "waiting" | "retrying" | "delivered_first_try" | "delivered_on_retry" | "gave_up" | "expired"
>;

const total = (status: Status, counter: Counter) =>
  status.destinations.reduce((sum, each) => sum + each[counter], 0);

interface FigureProps {
  name: string;
  value: number;
  note: string;
  tone?: "bad" | "warn" | undefined;
}

function Figure({ name, value, note, tone }: FigureProps) {
  return (
    <div className="number" data-tone={tone}>
      <dt>{name}</dt>
      <dd className="number-value" title={exact(value)}>
        {count(value)}
      </dd>
      <dd className="number-note">{note}</dd>
    </div>
  );
}

export function Numbers({ status }: { status: Status }) {
  const first = total(status, "delivered_first_try");
  const delivered = first + total(status, "delivered_on_retry");
  const gaveUp = total(status, "gave_up");
  const expired = total(status, "expired");
  return (
    <dl className="numbers" aria-label="Counted since the server started">
      <Figure
        name="Accepted"
        value={status.accepted}
        note={status.rejected === 0 ? "none rejected" : `${count(status.rejected)} rejected`}
      />
      <Figure
        name="Delivered"
        value={delivered}
        note={delivered === 0 ? "none yet" : `${percent(first, delivered)} on the first try`}
      />
      <Figure
        name="Waiting"
        value={total(status, "waiting")}
        note={`${count(total(status, "retrying"))} to be retried`}
      />
      <Figure
        name="Gave up"
        value={gaveUp}
        note={expired === 0 ? "none expired" : counted(expired, "expired", "expired")}
        tone={gaveUp + expired > 0 ? "bad" : undefined}
      />
    </dl>
  );
}
