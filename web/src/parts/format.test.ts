// Tables of what numbers, sizes, spans and times look like.
import { expect, it } from "vitest";
import { curlLine, shellQuoted } from "./curl";
import { bytes, clockTime, count, counted, durationUs, percent, span } from "./format";

it.each([
  [0, "0"],
  [12_304, "12,304"],
  [99_999, "99,999"],
  [100_000, "100 k"],
  [999_999, "999 k"],
  [1_234_567, "1.23 M"],
  [98_765_432, "98.7 M"],
  [2_500_000_000, "2.50 G"],
])("counts %d as %s", (n, wanted) => expect(count(n)).toBe(wanted));

it.each([
  [0, "no events"],
  [1, "1 event"],
  [12, "12 events"],
])("says %d as %s", (n, wanted) => expect(counted(n, "event")).toBe(wanted));

it.each([
  [0, 0, "–"],
  [0, 5, "0 %"],
  [5, 5, "100 %"],
  [1, 3, "33.3 %"],
  [9_998, 10_000, "99.98 %"],
  [9_999_999, 10_000_000, "> 99.99 %"],
  [1, 10_000_000, "< 0.1 %"],
])("gives %d of %d as %s", (part, whole, wanted) => expect(percent(part, whole)).toBe(wanted));

it.each([
  [812, "812 B"],
  [1_536, "1.5 KiB"],
  [4 * 1024 * 1024, "4.0 MiB"],
  [124_554_051_584, "116.0 GiB"],
])("gives %d bytes as %s", (n, wanted) => expect(bytes(n)).toBe(wanted));

it.each([
  [840, "840 µs"],
  [8_400, "8.4 ms"],
  [84_000, "84 ms"],
  [2_500_000, "2.5 s"],
])("gives %d µs as %s", (us, wanted) => expect(durationUs(us)).toBe(wanted));

it.each([
  [-5, "0 s"],
  [42_000, "42 s"],
  [200_000, "3 min 20 s"],
  [3_600_000, "1 h"],
  [7_500_000, "2 h 5 min"],
  [352_800_000, "4 d 2 h"],
])("gives %d ms as %s", (ms, wanted) => expect(span(ms)).toBe(wanted));

it("shows the date only when it is not today's", () => {
  const clock = { zone: "utc", nowMs: Date.parse("2026-11-25T23:00:00Z") } as const;
  expect(clockTime("2026-11-25T10:02:11.304Z", clock)).toBe("10:02:11.304");
  expect(clockTime("2026-11-24T10:02:11.304Z", clock)).toBe("24 Nov 10:02:11.304");
  expect(clockTime("soon", clock)).toBe("soon");
});

it("quotes what a shell would read", () => {
  expect(shellQuoted("a'$(b)")).toBe(`'a'\\''$(b)'`);
  expect(curlLine("http://h:1/", "k")).toContain("curl -i 'http://h:1/v1/track' \\\n  -u 'k:'");
});
