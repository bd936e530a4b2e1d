// What is no event is told with its place, and what has come is made an event of its own.
import { expect, it } from "vitest";
import { faultOf, renewed } from "./event";

it("names line and column of the first fault", () => {
  for (const [text, fault] of [
    ['{"type":"track"}', null],
    ['{\n  "a": 1,\n  "b" 2\n}', "Line 3, column 7: this is not JSON."],
    ['{\n  "é😀": tru }', "Line 2, column 9: this is not JSON."],
    ['{"a": [1, 2', "Line 1, column 12: the JSON ends too early."],
    ["{} x", "Line 1, column 4: this is not JSON."],
    ["\n [1]", "Line 2, column 2: an event is an object, in braces."],
    ["", "Write an event, or generate a sample."],
  ] as const) {
    expect(faultOf(text), text).toBe(fault);
  }
});

it("makes an event of the past one of its own, and leaves the rest as it was sent", () => {
  const payload =
    '{"messageId":"m","a":9007199254740993,"b":{"messageId":"n"},"receivedAt":"x","c":[1,{}]}';
  expect(renewed(payload)).toBe(
    [
      "{",
      '  "a": 9007199254740993,',
      '  "b": {',
      '    "messageId": "n"',
      "  },",
      '  "c": [',
      "    1,",
      "    {}",
      "  ]",
      "}",
    ].join("\n"),
  );
  expect(renewed('{"messageId":"m","sentAt":null}')).toBe("{}");
  expect(renewed('{"m\\u0065ssageId":1,"type":"page"}')).toBe('{\n  "type": "page"\n}');
});
