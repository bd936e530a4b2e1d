// A moment, as a clock time in the reader's zone or in UTC; the whole date is in its tooltip.
import { useEffect, useState } from "react";
import { clockTime, fullTime } from "./format";
import { useZone } from "./zone";

export { useZone } from "./zone";

/** The browser's clock, again each `every` milliseconds. */
export function useNow(every = 1_000): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}

export function Time({ at }: { at: string | number }) {
  const [zone] = useZone();
  const moment = new Date(at);
  return (
    <time
      className="figure"
      title={fullTime(at, zone)}
      {...(Number.isNaN(moment.getTime()) ? {} : { dateTime: moment.toISOString() })}
    >
      {clockTime(at, { zone, nowMs: Date.now() })}
    </time>
  );
}
