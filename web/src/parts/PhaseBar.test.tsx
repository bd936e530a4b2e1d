// The steps of an attempt add up to its duration, in the bar as in the words.
import { cleanup, render } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import type { Phases } from "../api/attempts";
import { PhaseBar } from "./PhaseBar";
import { parts, sentence } from "./phases";

afterEach(cleanup);

const none: Phases = { resolve_us: null, connect_us: null, tls_us: null, first_byte_us: null };
const attempt = (duration_us: number, phases: Partial<Phases> = {}) => ({
  duration_us,
  phases: { ...none, ...phases },
});
const whole = { resolve_us: 0, connect_us: 2_000, tls_us: 3_000, first_byte_us: 4_000 };

it.each([
  [attempt(900), ""],
  [attempt(10_000, whole), "DNS 0 µs, connect 2.0 ms, TLS 3.0 ms, first byte 4.0 ms, rest 1.0 ms"],
  [attempt(4_000, { first_byte_us: 4_000 }), "on a kept connection, first byte 4.0 ms"],
  [attempt(7_000, { resolve_us: 6_000 }), "DNS 6.0 ms, rest 1.0 ms"],
  [attempt(3_000, { connect_us: 4_000 }), "connect 4.0 ms"],
])("case %#: in words %2$s", (one, words) => {
  expect(sentence(one)).toBe(words);
});

it("draws each step as wide as its share", () => {
  const { container } = render(<PhaseBar attempt={attempt(10_000, whole)} />);
  const drawn = [...container.querySelectorAll("rect")].map((rect) => [
    rect.getAttribute("data-step"),
    Number(rect.getAttribute("x")),
    Number(rect.getAttribute("width")),
  ]);
  expect(drawn).toEqual([
    ["dns", 0, 0],
    ["connect", 0, 20],
    ["tls", 20, 30],
    ["first_byte", 50, 40],
    ["rest", 90, 10],
  ]);
  expect(container.querySelector("svg")?.getAttribute("aria-label")).toMatch(/^DNS 0/);
});

it("draws nothing where nothing is known", () => {
  expect(parts(attempt(900))).toEqual([]);
  const { container } = render(<PhaseBar attempt={attempt(900)} />);
  expect([container.textContent, container.querySelector("svg")]).toEqual(["900 µs", null]);
});
