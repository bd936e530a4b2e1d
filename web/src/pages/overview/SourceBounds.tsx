// What a source may: until when its keys are valid, from which pages and how much it may send.
import type { Source } from "../../api/status";
import { exact, fullTime } from "../../parts/format";
import { Hostile } from "../../parts/Hostile";
import { useZone } from "../../parts/Time";

/** The keys that end or have ended, by their last characters. */
export function Ends({ source, now }: { source: Source; now: string }) {
  const [zone] = useZone();
  return source.keys.map(
    ({ ending, valid_until }) =>
      valid_until && (
        <div className="secondary" key={`${ending} ${valid_until}`}>
          …<Hostile text={ending} /> {valid_until <= now ? "ended" : "ends"}{" "}
          {fullTime(valid_until, zone)}
        </div>
      ),
  );
}

/** What a source may send; nothing where all is allowed. */
export function Bounds({ source: { allowed_origins, rate_limit } }: { source: Source }) {
  if (allowed_origins.length === 0 && !rate_limit) return <span className="none">anything</span>;
  return (
    <>
      {rate_limit && (
        <div>
          {exact(rate_limit.events_per_second)} events/s, {exact(rate_limit.burst)} at once
        </div>
      )}
      {allowed_origins.map((origin) => (
        <div key={origin}>
          <Hostile text={origin} />
        </div>
      ))}
    </>
  );
}
