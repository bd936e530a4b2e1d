// A row's last hour as a line of a few pixels, with what it says in words.
import { counted } from "../format";
import { sparkPath } from "./series";

const WIDTH = 96;
const HEIGHT = 20;

interface Props {
  values: readonly number[];
  /** What is counted, as a noun: "event". */
  noun: string;
  /** Over which time: "in the last hour". */
  span: string;
}

export function Sparkline({ values, noun, span }: Props) {
  const sum = values.reduce((all, value) => all + value, 0);
  const words = `${counted(sum, noun)} ${span}`;
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
