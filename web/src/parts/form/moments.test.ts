// A moment survives the way through a field, in either zone.
import { afterAll, beforeAll, expect, it } from "vitest";
import { fieldOf, momentOf } from "./moments";

const zone = process.env.TZ;
beforeAll(() => {
  process.env.TZ = "Europe/Berlin";
});
afterAll(() => {
  if (zone === undefined) delete process.env.TZ;
  else process.env.TZ = zone;
});

it("keeps a moment to the second", () => {
  const at = "2026-01-31T09:30:05.000Z";
  expect(fieldOf(at, "utc")).toBe("2026-01-31T09:30:05");
  expect(fieldOf(at, "local")).toBe("2026-01-31T10:30:05");
  for (const zone of ["utc", "local"] as const) expect(momentOf(fieldOf(at, zone), zone)).toBe(at);
});

it("holds nothing where there is nothing to hold", () => {
  expect(fieldOf(undefined, "utc")).toBe("");
  expect(fieldOf("soon", "local")).toBe("");
  expect(momentOf("", "utc")).toBeUndefined();
  expect(momentOf("soon", "utc")).toBeUndefined();
});
