// Draws a chart with uPlot on a canvas, in the colours of the theme and the reader's zone.
import { useComputedColorScheme } from "@mantine/core";
import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { count } from "../format";
import { useZone } from "../Time";
import type { ChartProps } from "./Chart";
import { type Line, shown, stacked } from "./series";

const HEIGHT = 200;
const TONES: Record<Line["tone"], string> = {
  accent: "var(--accent)",
  good: "var(--good)",
  warn: "var(--warn)",
  bad: "var(--bad)",
  busy: "var(--busy)",
  quiet: "var(--ink-soft)",
};

/** A canvas knows no variables: asks the browser what a colour is in today's theme. */
function colours(at: HTMLElement) {
  const probe = document.createElement("span");
  at.append(probe);
  const of = (colour: string) => {
    probe.style.color = colour;
    return getComputedStyle(probe).color;
  };
  const found = {
    ink: of("var(--ink-soft)"),
    line: of("var(--line)"),
    tones: Object.fromEntries(
      Object.entries(TONES).map(([tone, colour]) => [tone, of(colour)]),
    ) as Record<Line["tone"], string>,
  };
  probe.remove();
  return found;
}

type Palette = ReturnType<typeof colours>;

function lineOptions(line: Line, palette: Palette): uPlot.Series {
  const stroke = palette.tones[line.tone];
  // A moment between two of which nothing is known is no line.
  const hasGaps = line.values.some((value) => value === null);
  return {
    label: line.name,
    stroke,
    width: 1.5,
    points: hasGaps ? { show: true, size: 5, width: 0, fill: stroke } : { show: false },
    ...(line.dash ? { dash: [...line.dash] } : {}),
  };
}

/** Bars over most of their moment, with room between them. */
const BARS = uPlot.paths.bars?.({ size: [0.7, 24], align: 1 });

function barOptions(line: Line, palette: Palette): uPlot.Series {
  const fill = palette.tones[line.tone];
  const paths = BARS ? { paths: BARS } : {};
  return { label: line.name, fill, stroke: fill, width: 0, points: { show: false }, ...paths };
}

/** From the first moment to the end of the last one, which a bar fills. */
function span({ moments, bars = false }: ChartProps, min: number, max: number): uPlot.Range.MinMax {
  const [first = 0, second = first] = moments;
  return [min, bars ? max + (second - first) / 1_000 : max];
}

/** Where no stretch of time can be marked, a click is one, however the page moved under the pointer. */
function dragOf({ onRange }: ChartProps): uPlot.Cursor.Drag {
  const marks = onRange !== undefined;
  return { x: marks, y: false, setScale: false, ...(marks ? {} : { click: () => undefined }) };
}

/** The moment at the pointer, where it leads somewhere. */
function ledTo(plot: uPlot, { moments, lines, lead }: ChartProps): number | undefined {
  const at = plot.cursor.idx;
  if (!lead || at === null || at === undefined) return undefined;
  const line = lines.find(({ name }) => name === lead.line);
  return line?.values[at] ? moments[at] : undefined;
}

/** Steps of an axis: half an event is none. */
const STEPS = [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8].flatMap((n) => [n, 2 * n, 5 * n]);

/** `10:02`, and the day where one begins. */
function clock(seconds: number, zone: string): string {
  const when = new Date(seconds * 1_000);
  const zoned = zone === "utc" ? { timeZone: "UTC" } : {};
  const time = when.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", ...zoned });
  if (time !== "00:00") return time;
  return when.toLocaleDateString("en-GB", { day: "numeric", month: "short", ...zoned });
}

const axis = (palette: Palette): uPlot.Axis => ({
  stroke: palette.ink,
  grid: { stroke: palette.line, width: 1 },
  ticks: { stroke: palette.line, width: 1, size: 4 },
  font: "12px system-ui, sans-serif",
});

/** What stands at the pointer, in words below the chart. */
function told(plot: uPlot, { lines, measure = "count" }: ChartProps, zone: string): string {
  const at = plot.cursor.idx;
  if (at === null || at === undefined) return "";
  const moment = plot.data[0][at];
  if (moment === undefined) return "";
  const time = new Date(moment * 1_000).toLocaleTimeString("en-GB", {
    ...(zone === "utc" ? { timeZone: "UTC" } : {}),
  });
  const values = lines.map((line) => `${line.name} ${shown(line.values[at] ?? null, measure)}`);
  return `${time}: ${values.join(", ")}`;
}

export default function Plot(props: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const words = useRef<HTMLParagraphElement>(null);
  const scheme = useComputedColorScheme();
  const [zone] = useZone();
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const shape = props.lines.map(({ name, tone }) => `${name} ${tone}`).join("|");

  // biome-ignore lint/correctness/useExhaustiveDependencies: it is drawn anew when its look changes.
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const palette = colours(element);
    const { lines, bars = false, measure = "count" } = latest.current;
    const series = lines.map((line) => (bars ? barOptions : lineOptions)(line, palette));
    const drawn = new uPlot(
      {
        width: element.clientWidth,
        height: HEIGHT,
        legend: { show: false },
        cursor: { drag: dragOf(latest.current) },
        ...(zone === "utc" ? { tzDate: (ts) => uPlot.tzDate(new Date(ts * 1e3), "Etc/UTC") } : {}),
        axes: [
          {
            ...axis(palette),
            values: (_, splits) => splits.map((seconds) => clock(seconds, zone)),
          },
          {
            ...axis(palette),
            size: 56,
            incrs: STEPS,
            values: (_, splits) =>
              splits.map((value) => (measure === "ms" ? `${count(value)} ms` : count(value))),
          },
        ],
        scales: {
          x: { range: (_, min, max) => span(latest.current, min, max) },
          y: { range: (_, _min, max) => [0, Math.max(max, 1) * 1.05] },
        },
        series: [{}, ...(bars ? series.reverse() : series)],
        hooks: {
          setCursor: [
            (self) => {
              if (words.current) words.current.textContent = told(self, latest.current, zone);
              const leads = ledTo(self, latest.current) !== undefined;
              self.over.style.cursor = leads ? "pointer" : "";
            },
          ],
          setSelect: [
            (self) => {
              const { left, width } = self.select;
              if (width < 4) return;
              const [from, to] = [left, left + width].map((x) => self.posToVal(x, "x") * 1_000);
              self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
              if (from !== undefined && to !== undefined) latest.current.onRange?.(from, to);
            },
          ],
        },
      },
      dataOf(latest.current),
      element,
    );
    plot.current = drawn;
    drawn.over.addEventListener("click", () => {
      const moment = ledTo(drawn, latest.current);
      if (moment !== undefined) latest.current.lead?.open(moment);
    });
    const sized = new ResizeObserver(() =>
      drawn.setSize({ width: element.clientWidth, height: HEIGHT }),
    );
    sized.observe(element);
    return () => {
      sized.disconnect();
      drawn.destroy();
      plot.current = null;
    };
  }, [scheme, zone, shape]);

  useEffect(() => plot.current?.setData(dataOf(props)), [props]);

  return (
    <>
      <div className="plot" ref={box} aria-hidden="true" />
      <p className="plot-words secondary" ref={words} aria-hidden="true" />
    </>
  );
}

function dataOf({ moments, lines, bars = false }: ChartProps): uPlot.AlignedData {
  // The highest bar is drawn first, so that the others stand before it.
  const values = bars ? stacked(lines).reverse() : lines.map((line) => [...line.values]);
  return [moments.map((moment) => moment / 1_000), ...values];
}
