// The snippets of the guides do what they promise, and the guide names the versions that are tried.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { readGuide, snippetsOf } from "./lib/snippets.mjs";
import { story } from "./lib/world.mjs";

const SDKS = "docs/guides/sdks.md";

/** The pages, and the languages whose snippets are about sending events. */
const PAGES = [
  ["README.md", ["js"]],
  ["docs/guides/send-events.md", ["sh", "html"]],
  [SDKS, undefined],
];

/** Runs one, and checks that its one event arrives. */
const checkSnippet = (page, snippet) => {
  const { says, needs } = snippet.runner;
  story(`the snippet of ${page} with ${says}`, { needs }, async ({ receiver, server, wire }) => {
    await snippet.run(wire.url, () =>
      receiver.until(() => receiver.arrivals.length > 0, "the event of the snippet arrives"),
    );
    await receiver.until(() => receiver.arrivals.length > 0, "the event of the snippet arrives");
    await server.idle();
    assert.equal(receiver.arrivals.length, 1);
    const [{ event }] = receiver.arrivals;
    assert.equal(event.type, "track");
    if (snippet.text.includes("Mail+Opened")) {
      assert.equal(event.event, "Mail Opened");
    } else {
      assert.deepEqual([event.event, event.properties.total], ["Order Completed", 9.5]);
    }
    if (needs !== "browser") assert.equal(event.userId, "u1");
  });
};

for (const [page, languages] of PAGES) {
  const snippets = snippetsOf(page).filter(({ language }) => languages?.includes(language) ?? true);
  test(`${page} has no snippet that nothing runs, unless it says so`, () => {
    assert.ok(snippets.length > 0);
    const orphans = snippets.filter((one) => one.runner === undefined).map((one) => one.text);
    assert.deepEqual(orphans, []);
  });
  for (const snippet of snippets.filter((one) => one.runner)) checkSnippet(page, snippet);
}

/** The SDKs that the tests are made of, each `[name, version]`. */
function tried() {
  const read = (path) => readFileSync(join(import.meta.dirname, path), "utf8");
  const packages = Object.entries(JSON.parse(read("package.json")).devDependencies);
  const wheels = [...read("requirements.txt").matchAll(/^(\S+)==(\S+)/gm)].map((one) =>
    one.slice(1),
  );
  const ofSdks = ([name]) => /rudder|segment/.test(name);
  const [, ...go] = /^require (\S+) v(\S+)$/m.exec(read("clients/go/go.mod"));
  const [, rust] = /^rudderanalytics = \{ version = "=([^"]+)"/m.exec(
    read("clients/rust/Cargo.toml"),
  );
  const pom =
    /<groupId>(\S+)<\/groupId>\s*<artifactId>(\S+)<\/artifactId>\s*<version>(\S+)<\/version>\s*<\/dep/;
  const [, group, artifact, java] = pom.exec(read("clients/java/pom.xml"));
  return [
    ...[...packages, ...wheels].filter(ofSdks),
    go,
    ["rudderanalytics", rust],
    [`${group}:${artifact}`, java],
  ];
}

test("the guide names each SDK that is tried, with its version", () => {
  const rows = readGuide(SDKS)
    .split("\n")
    .filter((line) => line.startsWith("| `"));
  for (const [name, version] of tried()) {
    const row = rows.find(
      (one) => one.startsWith(`| \`${name}\``) && one.endsWith(`| ${version} |`),
    );
    assert.ok(row, `${name} ${version} has a row`);
  }
});
