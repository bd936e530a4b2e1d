// The four numbers of the overview: what comes and goes each second, what waits, and since when.
import { useEffect, useRef, useState } from "react";
import type { Destination, Status } from "../../api/status";
import { count, counted, exact, percent, span } from "../../parts/format";
import { perSecond, type Rates, ratesOf, type Totals, totalsOf } from "./rates";

type Counter = Extract<
  keyof Destination,
  "waiting" | "retrying" | "delivered_first_try" | "delivered_on_retry" | "gave_up" | "expired"
>;

const total = (status: Status, counter: Counter) =>
  status.destinations.reduce((sum, each) => sum + each[counter], 0);

/** Over the last few polls, so that a slow trickle does not blink. */
const WINDOW_MS = 10_000;

function useRates(status: Status): Rates | null {
  const seen = useRef<Totals[]>([]);
  const [rates, setRates] = useState<Rates | null>(null);
  useEffect(() => {
    const now = totalsOf(status);
    const kept = seen.current.filter(({ at }) => at < now.at && now.at - at <= WINDOW_MS);
    const first = kept[0];
    const told = first ? ratesOf(first, now) : null;
    // What cannot be compared any more is forgotten, and it begins anew.
    seen.current = first && told === null ? [now] : [...kept, now];
    setRates(told);
  }, [status]);
  return rates;
}

interface FigureProps {
  name: string;
  value: string;
  /** What a short value is exactly. */
  title?: string | undefined;
  note: string;
  tone?: "bad" | "warn" | undefined;
}

function Figure({ name, value, title, note, tone }: FigureProps) {
  return (
    <div className="number">
      <dt>{name}</dt>
      <dd className="number-value" title={title}>
        {value}
      </dd>
      <dd className="number-note" data-tone={tone}>
        {note}
      </dd>
    </div>
  );
}

/** The oldest event that waits anywhere. */
export function oldestWaiting({ destinations }: Pick<Status, "destinations">): string | null {
  const waiting = destinations.flatMap((each) => each.oldest_waiting_at ?? []);
  return waiting.sort((a, b) => Date.parse(a) - Date.parse(b))[0] ?? null;
}

export function Numbers({ status, serverNowMs }: { status: Status; serverNowMs: number }) {
  const rates = useRates(status);
  const first = total(status, "delivered_first_try");
  const delivered = first + total(status, "delivered_on_retry");
  const lost = total(status, "gave_up") + total(status, "expired");
  const oldest = oldestWaiting(status);
  const rate = (name: keyof Rates) => (rates ? `${perSecond(rates[name])}/s` : "–");
  const rejected = status.rejected === 0 ? "none" : count(status.rejected);
  return (
    <dl className="numbers" aria-label="What comes, goes and waits">
      <Figure
        name="Accepted"
        value={rate("accepted")}
        title={`${exact(status.accepted)} since the server started`}
        note={`${count(status.accepted)} since the start, ${rejected} rejected`}
      />
      <Figure
        name="Delivered"
        value={rate("delivered")}
        title={`${exact(delivered)} in all`}
        note={
          delivered === 0
            ? "none yet"
            : `${count(delivered)} in all, ${percent(first, delivered)} on the first try`
        }
      />
      <Figure
        name="Waiting"
        value={count(total(status, "waiting"))}
        title={exact(total(status, "waiting"))}
        note={`${count(total(status, "retrying"))} to be retried`}
      />
      <Figure
        name="Oldest waiting"
        value={oldest === null ? "–" : span(Math.max(0, serverNowMs - Date.parse(oldest)))}
        note={lost === 0 ? "nothing given up" : `${counted(lost, "event")} given up or expired`}
        tone={lost > 0 ? "bad" : undefined}
      />
    </dl>
  );
}
