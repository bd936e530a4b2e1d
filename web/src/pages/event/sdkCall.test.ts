// The SDK call of an event has what a developer wrote, with numbers as they were sent.
import { expect, it } from "vitest";
import { members } from "../../parts/members";
import { sdkCall } from "./sdkCall";

it.each([
  [
    `{"type":"track","userId":"u","event":"Order \\"x\\"","properties":{"total":9007199254740993,"l":[1,{"a":2}]}}`,
    `analytics.track("Order \\"x\\"", {\n  "total": 9007199254740993,\n  "l": [\n    1,\n    {\n      "a": 2\n    }\n  ]\n});`,
  ],
  [`{"name":"Home","type":"page"}`, `analytics.page("Home");`],
  [`{"type":"identify","userId":"u1","traits":{}}`, `analytics.identify("u1", {});`],
  [`{"type":"constructor"}`, ""],
  ["[1]", ""],
])("makes of %s", (text, call) => expect(sdkCall(text)).toBe(call));

it("takes the last of doubled members, and none of a list", () => {
  expect([...members(`{"a":1, "a" : {"b":2} }`)]).toEqual([["a", `{"b":2}`]]);
  expect(members("[1,2]").size).toBe(0);
});
