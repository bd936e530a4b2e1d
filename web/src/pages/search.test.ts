// Search parameters are taken as what a page means by them, or not at all.
import { expect, it } from "vitest";
import { oneOf, texts, wholes } from "./search";

it("takes an id that looks like a number as text, and nothing for what is empty", () => {
  expect(
    texts({ destination: 12, source: "", user: null, other: "x" }, "destination", "source", "user"),
  ).toEqual({ destination: "12" });
});

it("takes whole numbers only", () => {
  expect(wholes({ a: 3, b: 1.5, c: "4", d: 2 ** 53 }, "a", "b", "c", "d")).toEqual({ a: 3 });
});

it("takes one of the values, and no other", () => {
  expect(oneOf({ state: "open" }, "state", ["open", "resolved"])).toEqual({ state: "open" });
  expect(oneOf({ state: "shut" }, "state", ["open", "resolved"])).toEqual({});
});
