// @vitest-environment jsdom
// Keys reach the binding that came last; two keys after each other are one binding.
import { expect, it, vi } from "vitest";
import { createBoard, PREFIX_MS, takesText } from "./board";

it("runs the newest binding of a key, and the one before when that is gone", () => {
  const board = createBoard();
  const page = vi.fn();
  const panel = vi.fn();
  board.add({ keys: "p", words: "Pause", run: page });
  const remove = board.add({ keys: "p", words: "Pause the panel", run: panel });
  expect(board.press("p", 0)).toBe(true);
  expect([page.mock.calls.length, panel.mock.calls.length]).toEqual([0, 1]);
  remove();
  board.press("p", 1);
  expect(page).toHaveBeenCalledTimes(1);
  expect(board.press("q", 2)).toBe(false);
});

it("takes two keys within a while, and no later", () => {
  const board = createBoard();
  const live = vi.fn();
  const lonely = vi.fn();
  board.add({ keys: "g l", words: "Go to Live", run: live });
  board.add({ keys: "l", words: "Something else", run: lonely });
  expect(board.press("g", 100)).toBe(true);
  board.press("l", 100 + PREFIX_MS);
  expect([live.mock.calls.length, lonely.mock.calls.length]).toEqual([1, 0]);
  board.press("g", 5_000);
  board.press("l", 5_001 + PREFIX_MS);
  expect([live.mock.calls.length, lonely.mock.calls.length]).toEqual([1, 1]);
});

it("leaves keys to fields of text", () => {
  const element = (tag: string, type?: string) =>
    Object.assign(document.createElement(tag), type ? { type } : {});
  expect(takesText(element("input"))).toBe(true);
  expect(takesText(element("textarea"))).toBe(true);
  expect(takesText(element("input", "checkbox"))).toBe(false);
  expect(takesText(element("a"))).toBe(false);
});
