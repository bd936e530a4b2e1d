// Numbers, sizes, durations and times as people read them; pure, so that they are tested by table.

const grouped = new Intl.NumberFormat("en");

/** 12,304 below a hundred thousand, then 1.23 M; the exact figure belongs in a tooltip. */
export function count(n: number): string {
  if (n < 100_000) return grouped.format(n);
  for (const [unit, size] of [
    ["G", 1e9],
    ["M", 1e6],
    ["k", 1e3],
  ] as const) {
    if (n >= size) {
      const scaled = n / size;
      const digits = scaled < 10 ? 2 : scaled < 100 ? 1 : 0;
      // Cut, not rounded: 999,999 is not yet 1 M.
      const cut = Math.floor(scaled * 10 ** digits) / 10 ** digits;
      return `${cut.toFixed(digits)} ${unit}`;
    }
  }
  return grouped.format(n);
}

export const exact = (n: number) => grouped.format(n);

/** `3 events`, `1 event`, `no events`. */
export function counted(n: number, one: string, many = `${one}s`): string {
  return `${n === 0 ? "no" : count(n)} ${n === 1 ? one : many}`;
}

/** A share that never says 100 % while something is missing, nor 0 % while something is there. */
export function percent(part: number, whole: number): string {
  if (whole <= 0) return "–";
  if (part === whole) return "100 %";
  if (part <= 0) return "0 %";
  const share = (part / whole) * 100;
  if (share > 99.9) return share >= 99.99 ? "> 99.99 %" : `${share.toFixed(2)} %`;
  if (share < 0.1) return "< 0.1 %";
  return `${share.toFixed(1)} %`;
}

export function bytes(n: number): string {
  if (n < 1024) return `${n} B`;
  if (n < 1024 * 1024) return `${(n / 1024).toFixed(1)} KiB`;
  if (n < 1024 ** 3) return `${(n / 1024 ** 2).toFixed(1)} MiB`;
  return `${(n / 1024 ** 3).toFixed(1)} GiB`;
}

export function durationUs(us: number): string {
  if (us < 1_000) return `${us} µs`;
  if (us < 10_000) return `${(us / 1_000).toFixed(1)} ms`;
  if (us < 1_000_000) return `${Math.round(us / 1_000)} ms`;
  return `${(us / 1_000_000).toFixed(1)} s`;
}

/** A span of time in its two largest units: `42 s`, `3 min 20 s`, `2 h 5 min`, `4 d 2 h`. */
export function span(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1_000));
  const two = (big: number, bigUnit: string, small: number, smallUnit: string) =>
    small > 0 ? `${big} ${bigUnit} ${small} ${smallUnit}` : `${big} ${bigUnit}`;
  if (s < 60) return `${s} s`;
  if (s < 3_600) return two(Math.floor(s / 60), "min", s % 60, "s");
  if (s < 86_400) return two(Math.floor(s / 3_600), "h", Math.floor((s % 3_600) / 60), "min");
  return two(Math.floor(s / 86_400), "d", Math.floor((s % 86_400) / 3_600), "h");
}

export type Zone = "local" | "utc";

interface Clock {
  zone: Zone;
  /** What counts as today. */
  nowMs: number;
}

/** `10:02:11.304`, with the date before it when it is not today. */
export function clockTime(at: string | number, { zone, nowMs }: Clock): string {
  const when = new Date(at);
  if (Number.isNaN(when.getTime())) return String(at);
  const zoned = zone === "utc" ? { timeZone: "UTC" } : {};
  const time = when.toLocaleTimeString("en-GB", {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    fractionalSecondDigits: 3,
    ...zoned,
  });
  const day = (d: Date) =>
    d.toLocaleDateString("en-GB", { day: "numeric", month: "short", ...zoned });
  return day(when) === day(new Date(nowMs)) ? time : `${day(when)} ${time}`;
}

/** `10:02`. */
export function hourTime(at: string | number, zone: Zone): string {
  const zoned = zone === "utc" ? { timeZone: "UTC" } : {};
  return new Date(at).toLocaleTimeString("en-GB", {
    hour: "2-digit",
    minute: "2-digit",
    ...zoned,
  });
}

/** Date, time and zone in full, for tooltips. */
export function fullTime(at: string | number, zone: Zone): string {
  const when = new Date(at);
  if (Number.isNaN(when.getTime())) return String(at);
  return when.toLocaleString("en-GB", {
    dateStyle: "medium",
    timeStyle: "long",
    ...(zone === "utc" ? { timeZone: "UTC" } : {}),
  });
}
