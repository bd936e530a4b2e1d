// A chart with what it says in words, the moment it is of, and the same figures as a table.
import { Button, Skeleton } from "@mantine/core";
import { lazy, Suspense, useId, useState } from "react";
import { useKey } from "../keys/useKey";
import { Scroll } from "../Panel";
import { Time } from "../Time";
import { type Line, type Measure, shown, summary } from "./series";

const Plot = lazy(() => import("./Plot"));

export interface ChartProps {
  /** What it shows, as a heading of those who hear it. */
  label: string;
  /** The beginning of each bucket in ms since 1970. */
  moments: readonly number[];
  lines: readonly Line[];
  measure?: Measure;
  /** Whether it is drawn as bars, in which the lines stand on top of each other. */
  bars?: boolean;
  /** When the server counted. */
  asOf: string | number | undefined;
  /** What it leads to: a stretch of time that was marked, in ms since 1970. */
  onRange?: (from: number, to: number) => void;
  /** What a line leads to, where it has something: a click at a moment, and each of its figures. */
  lead?: Lead | undefined;
}

export interface Lead {
  /** The name of the line. */
  line: string;
  /** What opens, for those who hear the page: "open them". */
  words: string;
  open: (moment: number) => void;
}

function Figure({ line, moment, value, measure = "count", lead }: FigureProps) {
  const text = shown(value, measure);
  if (lead?.line !== line.name || !value) return text;
  return (
    <button type="button" className="link" onClick={() => lead.open(moment)}>
      {text}
      <span className="offscreen">
        {" "}
        {line.name}: {lead.words}
      </span>
    </button>
  );
}

interface FigureProps extends Pick<ChartProps, "measure" | "lead"> {
  line: Line;
  moment: number;
  value: number | null;
}

function Figures({ label, moments, lines, measure = "count", lead }: ChartProps) {
  const rows = moments
    .map((moment, at) => ({ moment, values: lines.map((line) => line.values[at] ?? null) }))
    .filter(({ values }) => values.some((value) => value !== null && value !== 0))
    .reverse();
  return (
    <Scroll label={`${label} as a table`}>
      <table>
        <thead>
          <tr>
            <th scope="col">From</th>
            {lines.map(({ name }) => (
              <th key={name} scope="col" className="number-cell">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ moment, values }) => (
            <tr key={moment}>
              <th scope="row">
                <Time at={moment} />
              </th>
              {lines.map((line, at) => (
                <td key={line.name} className="number-cell">
                  <Figure {...{ line, moment, measure, lead }} value={values[at] ?? null} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length === 0 && <p className="nothing">Nothing was counted in this time</p>}
    </Scroll>
  );
}

function Legend({ lines }: { lines: readonly Line[] }) {
  return (
    <ul className="legend" aria-hidden="true">
      {lines.map(({ name, tone, dash }) => (
        <li key={name} data-tone={tone}>
          <svg width="18" height="8" viewBox="0 0 18 8" aria-hidden="true" focusable="false">
            <path d="M0 4H18" strokeDasharray={dash?.join(" ")} />
          </svg>
          {name}
        </li>
      ))}
    </ul>
  );
}

export function Chart(props: ChartProps) {
  const { label, lines, measure = "count", asOf } = props;
  const [asTable, setAsTable] = useState(false);
  const turn = () => setAsTable((now) => !now);
  useKey("t", "Charts as tables, and back", turn);
  const words = useId();
  return (
    <figure className="chart" aria-label={label} aria-describedby={words}>
      <div className="chart-head">
        <Legend lines={lines} />
        <p className="secondary" id={words}>
          {summary(lines, measure)}
        </p>
        {asOf !== undefined && (
          <p className="secondary">
            As of <Time at={asOf} />
          </p>
        )}
        <Button size="compact-xs" variant="default" onClick={turn}>
          {asTable ? "Show as a chart" : "Show as a table"}
        </Button>
      </div>
      {asTable ? (
        <Figures {...props} />
      ) : (
        <Suspense fallback={<Skeleton height={200} />}>
          <Plot {...props} />
        </Suspense>
      )}
    </figure>
  );
}
