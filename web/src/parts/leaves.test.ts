// The table of a body has each value once, by its path, as it was sent.
import { expect, it } from "vitest";
import { leaves } from "./leaves";

const told = (text: string, most = 100) => leaves(text, most).map((leaf) => [leaf.path, leaf.text]);

it("names members, elements and keys that are no plain words", () => {
  expect(told(`{"a":{"b":9007199254740993},"list":[1,{"c":null}],"od d":"x","a":2.50}`)).toEqual([
    ["a.b", "9007199254740993"],
    ["list[0]", "1"],
    ["list[1].c", "null"],
    [`["od d"]`, `"x"`],
    ["a", "2.50"],
  ]);
});

it("shows empty objects and lists, and a lone value", () => {
  expect(told(`{"a":{},"b":[]}`)).toEqual([
    ["a", "{}"],
    ["b", "[]"],
  ]);
  expect(told("7")).toEqual([["", "7"]]);
});

it("stops where the text stops being JSON, and at its bound", () => {
  expect(told(`{"a":1,"b":tru`)).toEqual([["a", "1"]]);
  expect(told("[1,2,3]", 2)).toHaveLength(2);
});
