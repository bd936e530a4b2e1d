// What a save of a source sends where something was left out.
import { expect, it } from "vitest";
import type { SourceObject } from "../../api/sources";
import { whole } from "./draft";

const source: SourceObject = {
  id: "web",
  name: "Web",
  enabled: true,
  writeKey: "k",
  postrider: { writeKeys: [{ key: "old" }], rateLimit: { eventsPerSecond: 10, burst: 20 } },
  version: 3,
};

it("fills in the burst of a limit, and touches nothing else", () => {
  expect(whole(source)).toBe(source);
  const { postrider: _, ...bare } = source;
  expect(whole(bare)).toBe(bare);
  const own = { ...source.postrider, rateLimit: { eventsPerSecond: 50 } };
  const sent = whole({ ...source, postrider: own });
  expect(sent).toEqual({
    ...source,
    postrider: { writeKeys: [{ key: "old" }], rateLimit: { eventsPerSecond: 50, burst: 50 } },
  });
});
