// The palette finds things by name, and takes any id that is pasted.
import { expect, it } from "vitest";
import { type Known, offers } from "./choices";

const known: Known = {
  pages: [
    { to: "/", word: "Overview", key: "o" },
    { to: "/issues", word: "Issues", key: "i" },
  ],
  destinations: [
    { id: "acme", name: "Acme hooks", playground: null },
    { id: "demo", name: "Playground", playground: "demo" },
  ],
  sources: [{ id: "web", name: "Web shop" }],
  actions: [{ kind: "Action", text: "Show the keys", act: () => {} }],
};
const told = (text: string) => offers(text, known).map((each) => `${each.kind}: ${each.text}`);

it("offers pages first while nothing is typed", () => {
  expect(told("  ").slice(0, 3)).toEqual([
    "Page: Overview",
    "Page: Issues",
    "Destination: Acme hooks",
  ]);
});

it("finds by name and by id, the beginning of a text first", () => {
  expect(told("ho").slice(0, 3)).toEqual([
    "Destination: Acme hooks",
    "Source: Web shop",
    "Action: Show the keys",
  ]);
  expect(told("web")[0]).toBe("Source: Web shop");
});

it("takes a number as the place of an event, also with commas", () => {
  expect(told("1,234").slice(0, 2)).toEqual(["Event: Open event 1,234", "Issue: Open issue 1,234"]);
});

it("takes a delivery by destination and event", () => {
  expect(offers("acme/17", known)[0]?.act).toEqual({
    to: "/deliveries/$destination/$seq",
    params: { destination: "acme", seq: "17" },
  });
});

it("takes any other text as a message id or a user", () => {
  expect(told(" 8f14e45f-ea1b ")).toEqual([
    "Event: Open event 8f14e45f-ea1b",
    "User: Open user 8f14e45f-ea1b",
  ]);
  expect(told("x".repeat(201))).toEqual([]);
});
