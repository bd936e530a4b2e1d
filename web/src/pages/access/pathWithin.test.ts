// @vitest-environment jsdom
// Nobody is led to another host after logging in.
import { expect, it } from "vitest";
import { pathWithin } from "./pathWithin";

it.each([
  ["/issues?state=open#top", "/issues?state=open#top"],
  ["//evil.test/issues", "/"],
  ["/\\evil.test/issues", "/"],
  ["https://evil.test/", "/"],
  ["javascript:alert(1)", "/"],
  ["/login?to=/login", "/"],
  [undefined, "/"],
])("leads %s to %s", (wanted, path) => expect(pathWithin(wanted)).toBe(path));
