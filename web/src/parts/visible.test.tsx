// Hostile text is shown, never obeyed: nothing hides, nothing reorders, nothing becomes markup.
import { cleanup, render } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import { Hostile } from "./Hostile";
import { inPlainSight, stretches } from "./visible";

afterEach(cleanup);

const shown = (text: string, layout: "oneLine" | "asSent" = "oneLine") =>
  stretches(text, layout)
    .map((each) => (each.symbol ? `[${each.symbol}]` : each.text))
    .join("");

it.each([
  ["plain", "plain"],
  ["", ""],
  ["a\u0000b\u001b[31m", "a[NUL]b[ESC][31m"],
  ["a\nb\tc", "a[LF]b[TAB]c"],
  ["\u007f\u0085", "[DEL][U+0085]"],
  ["user\u202egnp.exe", "user[U+202E]gnp.exe"],
  ["\u2066x\u2069", "[U+2066]x[U+2069]"],
  ["zero\u200bwidth\ufeff", "zero[U+200B]width[U+FEFF]"],
  ["tag\u{e0041}", "tag[U+E0041]"],
  ["half\ud800!", "half[U+D800]!"],
  ["👩‍👩‍👧 سلام می‌خواهم שלום 日本", "👩‍👩‍👧 سلام می‌خواهم שלום 日本"],
])("shows %j as %j", (text, wanted) => {
  expect(shown(text)).toBe(wanted);
  expect(inPlainSight(text)).toBe(wanted);
});

it("keeps line feeds and tabs where text is shown as sent", () => {
  expect(shown("a\n\tb\r", "asSent")).toBe("a\n\tb[CR]");
});

it("puts markup on the page as text", () => {
  const { container } = render(<Hostile text={'<img src=x onerror="alert(1)">'} />);
  expect(container.querySelector("img")).toBeNull();
  expect(container.textContent).toBe('<img src=x onerror="alert(1)">');
});
