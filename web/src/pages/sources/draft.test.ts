// A save sends what was changed, and nothing else.
import { expect, it } from "vitest";
import type { SourceObject } from "../../api/sources";
import { draftOf, patchOf, theirs } from "./draft";

const source: SourceObject = {
  id: "web",
  name: "Web",
  enabled: true,
  writeKey: "k",
  postrider: {
    allowedOrigins: ["https://a.test"],
    rateLimit: { eventsPerSecond: 10, burst: 20 },
  },
  version: 3,
};
const base = draftOf(source);

it("changes nothing where nothing was changed", () => expect(patchOf(base, base)).toEqual({}));

it.each([
  [{ name: "Shop" }, { name: "Shop" }],
  [{ enabled: false }, { enabled: false }],
  [
    { allowedOrigins: " https://b.test \n\nhttps://c.test" },
    { postrider: { allowedOrigins: ["https://b.test", "https://c.test"] } },
  ],
  [{ allowedOrigins: " " }, { postrider: { allowedOrigins: null } }],
  [{ eventsPerSecond: "" }, { postrider: { rateLimit: null } }],
  [
    { eventsPerSecond: "50", burst: "" },
    { postrider: { rateLimit: { eventsPerSecond: 50, burst: 50 } } },
  ],
  [{ burst: "many" }, { postrider: { rateLimit: { eventsPerSecond: 10, burst: "many" } } }],
])("sends of %o only %o", (change, wanted) => {
  expect(patchOf({ ...base, ...change }, base)).toEqual(wanted);
});

it("tells in which settings two drafts differ", () => {
  expect(theirs({ ...base, name: "Theirs" }, { ...base, burst: "9" })).toEqual([
    { word: "Name", their: "Theirs", mine: "Web" },
    { word: "At once", their: "20", mine: "9" },
  ]);
});
