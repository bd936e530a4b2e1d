// What a chart draws, worked out without drawing: stacks, totals, summaries.
import { count, exact } from "../format";
import type { Tone } from "../words";

export interface Line {
  name: string;
  tone: Tone | "accent";
  /** One value per moment; null where nothing is known. */
  values: readonly (number | null)[];
  /** Dashes tell lines apart without their colours. */
  dash?: readonly number[];
}

/** Each line on top of those before it, as a stacked chart draws them. */
export function stacked(lines: readonly Line[]): (number | null)[][] {
  const sums: number[] = [];
  return lines.map(({ values }) =>
    values.map((value, at) => {
      sums[at] = (sums[at] ?? 0) + (value ?? 0);
      return value === null ? null : (sums[at] ?? 0);
    }),
  );
}

export const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0);

export const total = ({ values }: Line) =>
  values.reduce<number>((sum, value) => sum + (value ?? 0), 0);

const highest = ({ values }: Line) =>
  values.reduce<number>((most, value) => Math.max(most, value ?? 0), 0);

export type Measure = "count" | "ms";

export const shown = (value: number | null, measure: Measure) =>
  value === null ? "–" : measure === "ms" ? `${exact(Math.round(value))} ms` : exact(value);

/** The chart in one sentence: sums of what is counted, peaks of what is measured. */
export function summary(lines: readonly Line[], measure: Measure): string {
  const parts = lines.map((line) =>
    measure === "count"
      ? `${line.name} ${count(total(line))}`
      : `${line.name} at most ${shown(highest(line), measure)}`,
  );
  return parts.join(", ");
}

/** The points of a sparkline within a box, as an SVG path; empty where there are fewer than two. */
export function sparkPath(values: readonly number[], width: number, height: number): string {
  if (values.length < 2) return "";
  const top = Math.max(...values, 1);
  const step = width / (values.length - 1);
  return values
    .map((value, at) => {
      const y = height - (value / top) * height;
      return `${at === 0 ? "M" : "L"}${round(at * step)} ${round(y)}`;
    })
    .join("");
}

const round = (n: number) => Math.round(n * 10) / 10;
