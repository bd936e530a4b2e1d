// The guide's snippets are found with their names, and filled in without a rest.
import { expect, it } from "vitest";
import guide from "../../../../docs/guides/sdks.md?raw";
import { filled, snippetsOf } from "./snippets";

const all = snippetsOf(guide);
const named = all.map(({ group, label, language }) => `${group}/${label}/${language}`);

it("finds a snippet for each SDK of the guide", () => {
  for (const wanted of [
    "Browsers//js",
    "Browsers/API v1.1/js",
    "Node//js",
    "Python//python",
    "Go//go",
    "Rust//rust",
    "Java//java",
    "Ruby and .NET//ruby",
    "Ruby and .NET//csharp",
    "Phones/Android 1.x/kotlin",
    "Phones/iOS 1.x/objective-c",
    "Phones/Swift/swift",
    "Phones/React Native/js",
    "Phones/Flutter/dart",
    "Segment's SDKs/Node/js",
  ]) {
    expect(named).toContain(wanted);
  }
});

it("leaves no placeholder in any snippet", () => {
  for (const { text } of all) {
    const done = filled(text, "key-1", "https://in.shop.test:8443/");
    expect(done).toContain("key-1");
    expect(done).not.toMatch(/<write key>|127\.0\.0\.1|example\.com|protocol: "http"/);
    expect(done).toMatch(/in\.shop\.test:8443/);
  }
});
