// Two people's changes become one; only what both have changed is asked about.
import { expect, it } from "vitest";
import { at, differences, mergeChanges, same, withAt } from "./merge";

const base = {
  name: "Orders",
  config: { webhookUrl: "https://a.test/", headers: [{ from: "X", to: "sealed:…" }] },
};

it("tells what differs, member by member, lists as a whole", () => {
  const after = {
    name: "Orders",
    config: { webhookUrl: "https://b.test/", headers: [] },
    postrider: { delivery: { rate: 5 } },
  };
  expect(differences(base, after)).toEqual([
    { path: ["config", "webhookUrl"], before: "https://a.test/", after: "https://b.test/" },
    { path: ["config", "headers"], before: [{ from: "X", to: "sealed:…" }], after: [] },
    { path: ["postrider", "delivery", "rate"], before: undefined, after: 5 },
  ]);
  expect(differences(base, base)).toEqual([]);
  expect(same({ a: 1, b: [{}] }, { b: [{}], a: 1 })).toBe(true);
  expect(same([1, 2], [2, 1])).toBe(false);
});

it("puts values in, and leaves no empty object behind", () => {
  const deep = withAt(base, ["postrider", "delivery", "rate"], 5);
  expect(at(deep, ["postrider", "delivery", "rate"])).toBe(5);
  expect(withAt(deep, ["postrider", "delivery", "rate"], undefined)).toEqual(base);
  expect(at(base, ["config", "nothing", "there"])).toBeUndefined();
});

it("keeps both changes where they do not meet", () => {
  const mine = withAt(base, ["config", "webhookUrl"], "https://mine.test/");
  const theirs = withAt(base, ["name"], "Theirs");
  expect(mergeChanges(base, mine, theirs)).toEqual({
    merged: {
      ...base,
      name: "Theirs",
      config: { ...base.config, webhookUrl: "https://mine.test/" },
    },
    conflicts: [],
  });
});

it("asks where both have changed the same, and not where to the same", () => {
  const url = (to: string) => withAt(base, ["config", "webhookUrl"], to);
  const { merged, conflicts } = mergeChanges(base, url("https://m.test/"), url("https://t.test/"));
  expect(merged).toEqual(url("https://t.test/"));
  expect(conflicts).toEqual([
    { path: ["config", "webhookUrl"], mine: "https://m.test/", theirs: "https://t.test/" },
  ]);
  expect(mergeChanges(base, url("https://x.test/"), url("https://x.test/")).conflicts).toEqual([]);
});

it("asks where one has changed inside what the other has taken away", () => {
  const old = withAt(base, ["postrider", "delivery", "rate"], 5);
  const mine = withAt(old, ["postrider", "delivery", "rate"], 9);
  const { merged, conflicts } = mergeChanges(old, mine, base);
  expect(merged).toEqual(base);
  expect(conflicts).toEqual([
    { path: ["postrider", "delivery", "rate"], mine: 9, theirs: undefined },
  ]);
});
