// Each snippet knows its SDK by the name that its events carry.
import { expect, it } from "vitest";
import guide from "../../../../docs/guides/sdks.md?raw";
import type { SdkSeen } from "../../api/sources";
import { hasLibrary, seenOf } from "./libraries";
import { captionOf, snippetsOf } from "./snippets";

const sdk = (name: string | null, version: string | null, events: number, last: number) =>
  ({
    name,
    version,
    events,
    first_at: "2026-11-25T09:00:00Z",
    last_at: `2026-11-25T10:00:0${last}Z`,
  }) satisfies SdkSeen;

it("knows the SDK of every snippet", () => {
  const all = snippetsOf(guide);
  const captions = all.map((each) => captionOf(each, all));
  expect(captions.filter((each) => !hasLibrary(each))).toEqual([]);
});

it("sums up the versions of one SDK, and tells what names none from the others", () => {
  const seen = [
    sdk("analytics-node", "3.0.13", 12, 2),
    sdk(null, null, 4, 1),
    sdk("analytics-node", "2.1.0", 3, 5),
    sdk("rudder-ios-library", "1.31.1", 1, 3),
  ];
  expect(seenOf("Node", seen)).toEqual({
    events: 15,
    last_at: "2026-11-25T10:00:05Z",
    versions: ["3.0.13", "2.1.0"],
  });
  expect(seenOf("curl", seen)?.events).toBe(4);
  expect(seenOf("Phones: Flutter", seen)?.events).toBe(1);
  expect(seenOf("Go", seen)).toBeNull();
});
