// Re-indenting must change nothing but the space between tokens, whatever the text is.
import { expect, it } from "vitest";
import { pretty, prettyText, topLevel } from "./json";

it("indents objects and arrays by two spaces", () => {
  expect(prettyText('{"a":1,"b":[true,null,{"c":"d"}],"e":{},"f":[]}')).toBe(
    `{
  "a": 1,
  "b": [
    true,
    null,
    {
      "c": "d"
    }
  ],
  "e": {},
  "f": []
}`,
  );
});

it.each([
  "9007199254740993",
  "1.0",
  "1e400",
  "-0",
  "0.1000000000000000055511151231257827",
  '"\\u0041\\/"',
  '"😀"',
  "123456789012345678901234567890",
])("shows %s as it was sent", (value) => {
  expect(prettyText(`{"n":${value}}`)).toBe(`{\n  "n": ${value}\n}`);
  expect(pretty(`{"n":${value}}`).brokenAt).toBeNull();
});

it.each([
  ["{}", "{}"],
  [" [ ] ", "[]"],
  ["[[]]", "[\n  []\n]"],
  ['"a"', '"a"'],
  ["  17 ", "17"],
  ['{"a":"x\\"} ,[","b":2}', '{\n  "a": "x\\"} ,[",\n  "b": 2\n}'],
  ["\ufeff[1]", "[\n  1\n]"],
])("writes %j as %j", (text, wanted) => {
  expect(prettyText(text)).toBe(wanted);
});

it.each([
  ["", 0],
  ["hello", 0],
  ['{"a":', 5],
  ['{"a":1', 6],
  ['{"a":"cut', 5],
  ["[1,]", 3],
  ["{,}", 1],
  ["[1}", 2],
  ['{"a" 1}', 5],
  ["{1:2}", 1],
  ["[01]", 2],
  ["1 2", 2],
  ["{}]", 2],
  ["[tru]", 1],
])("says where %j stops being JSON", (text, at) => {
  expect(pretty(text).brokenAt).toBe(at);
});

it("keeps the order of doubled keys, and both", () => {
  expect(prettyText('{"b":1,"a":2,"b":3}')).toBe('{\n  "b": 1,\n  "a": 2,\n  "b": 3\n}');
});

it("loses no character of broken text", () => {
  const squeezed = (text: string) => text.replace(/\s+/g, "");
  const whole = '{"a":[1,2,{"b":"c d"}],"e":true,"f":-1.5e3}';
  for (let cut = 0; cut <= whole.length; cut += 1) {
    const text = whole.slice(0, cut);
    expect(squeezed(prettyText(text))).toBe(squeezed(text));
    const strange = `${text}\u0000${whole.slice(cut)}`;
    expect(squeezed(prettyText(strange))).toBe(squeezed(strange));
  }
});

it("gets through a body that is only brackets, or one long string", () => {
  expect(pretty("[".repeat(100_000)).brokenAt).toBe(100_000);
  expect(pretty(`"${"\\\\".repeat(1_000_000)}"`).brokenAt).toBeNull();
});

const NAMES = ["type", "event", "userId"] as const;

it.each([
  [
    '{"type":"track","event":"A \\u00e9","userId":"u"}',
    { type: "track", event: "A é", userId: "u" },
  ],
  ['{"userId":9007199254740993}', { userId: "9007199254740993" }],
  ['{"properties":{"type":"no","event":"no"},"type":"yes"}', { type: "yes" }],
  ['{"properties":["type","event"],"event":"yes"}', { event: "yes" }],
  ['{"type":"a","type":"b"}', { type: "b" }],
  ['{"type":null,"event":{"type":"x"}}', {}],
  ['{"type":"track","event":"cut o', { type: "track" }],
  ['[{"type":"track"}]', {}],
  ["not json", {}],
  ['{"__proto__":"x","constructor":"y"}', {}],
])("picks top-level fields of %j", (text, wanted) => {
  expect(topLevel(text, NAMES)).toEqual(wanted);
});
