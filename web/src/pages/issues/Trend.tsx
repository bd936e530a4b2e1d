// How often an issue came in each of the last hours, as a line and in words.
import type { Issue } from "../../api/issues";
import { Sparkline } from "../../parts/chart/Sparkline";
import { useZone } from "../../parts/zone";
import { trendWords } from "./issues";

interface Props {
  trend: Issue["trend"];
  /** Whether the words stand beside the line; they are its label in any case. */
  said?: boolean;
}

export function Trend({ trend, said = false }: Props) {
  const [zone] = useZone();
  const words = trendWords(trend, zone);
  const line = <Sparkline values={trend.failed} words={words} />;
  return said ? (
    <span className="trend">
      {line} <span aria-hidden="true">{words}</span>
    </span>
  ) : (
    line
  );
}
