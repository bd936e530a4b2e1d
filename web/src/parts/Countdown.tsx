// How long it is until a moment of the server's clock.
import { fullTime, span } from "./format";
import { useZone } from "./Time";
import { useServerNow } from "./useServerNow";

export function Countdown({ at }: { at: string }) {
  const [zone] = useZone();
  const left = Date.parse(at) - useServerNow();
  return (
    <span className="figure" title={fullTime(at, zone)}>
      {left <= 0 ? "due now" : `in ${span(left)}`}
    </span>
  );
}
