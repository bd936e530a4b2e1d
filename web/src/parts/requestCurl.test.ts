// What a request is as a curl line: quoted for shells, and without what is secret.
import { expect, it } from "vitest";
import type { ShownRequest } from "../api/testEvents";
import { requestCurl } from "./requestCurl";

const request = (change: Partial<ShownRequest>): ShownRequest => ({
  method: "POST",
  url: "https://a.test/in",
  headers: [],
  body: "{}",
  body_bytes: 2,
  cut: false,
  ...change,
});

const header = (name: string, value: string, secret = false) => ({ name, value, secret });

it("is a request that a shell can make, with places to fill in for secrets", () => {
  const headers = [
    header("host", "a.test"),
    header("content-type", "application/json"),
    header("x-key", "[secret …shop]", true),
    header("x-empty", ""),
    header("x-quote", "it's"),
  ];
  expect(requestCurl(request({ headers, body: `{"a":"it's $(rm) \`x\`"}`, body_bytes: 22 }))).toBe(
    [
      "curl -i -X POST 'https://a.test/in' \\",
      "  -H 'content-type: application/json' \\",
      "  -H 'x-key: <x-key>' \\",
      "  -H 'x-empty;' \\",
      "  -H 'x-quote: it'\\''s' \\",
      `  --data-raw '{"a":"it'\\''s $(rm) \`x\`"}'`,
    ].join("\n"),
  );
});

it("has no body where there is none, and names a file for one that is not whole", () => {
  const get = request({ method: "GET", url: "https://a.test/?a[0]=1", body: "", body_bytes: 0 });
  expect(requestCurl(get)).toBe("curl -i -g -X GET 'https://a.test/?a[0]=1'");
  expect(requestCurl(request({ cut: true }))).toContain("--data-binary @body.json");
});
