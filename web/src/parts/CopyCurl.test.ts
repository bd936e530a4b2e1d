// The curl line asks what the page asked, and has no secret in it.
import { expect, it } from "vitest";
import { apiCurl } from "./CopyCurl";

it("quotes the address, and takes the token from the environment", () => {
  expect(apiCurl("http://h:1", "/api/v1/events/it's", true)).toBe(
    `curl -s -H "Authorization: Bearer $POSTRIDER_TOKEN" 'http://h:1/api/v1/events/it'\\''s'`,
  );
  expect(apiCurl("http://h:1", "/api/v1/status", false)).toBe("curl -s 'http://h:1/api/v1/status'");
});
