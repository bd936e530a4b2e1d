// A row's last hours as a line of a few pixels, with what it says in words.
import { sparkPath } from "./series";

const WIDTH = 96;
const HEIGHT = 20;

interface Props {
  values: readonly number[];
  /** What it says: "12 events in the last hour". */
  words: string;
}

export function Sparkline({ values, words }: Props) {
  return (
    <svg
      className="sparkline"
      width={WIDTH}
      height={HEIGHT}
      viewBox={`0 -1 ${WIDTH} ${HEIGHT + 2}`}
      role="img"
      aria-label={words}
    >
      <title>{words}</title>
      <path d={sparkPath(values, WIDTH, HEIGHT)} />
    </svg>
  );
}
