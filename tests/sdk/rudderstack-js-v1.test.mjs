// RudderStack's JavaScript SDK of the API v1.1 in a browser: every event arrives exactly once and in
// order.

import assert from "node:assert/strict";
import { siteOf } from "./lib/browser.mjs";
import { visit } from "./lib/visits.mjs";
import { story } from "./lib/world.mjs";

const site = siteOf("rudderstack-v1");
const BROWSER = { needs: "browser" };

const posts = (wire) => wire.exchanges.filter((one) => one.method === "POST");

for (const [how, events, atOnce] of [
  ["all calls at once", 20, 20],
  ["call after call", 10, 1],
]) {
  story(`the JavaScript SDK of the API v1.1, ${how}`, BROWSER, async (world) => {
    await visit({ site, world, events, atOnce });
    const paths = new Set(posts(world.wire).map((one) => one.path));
    assert.deepEqual([...paths].sort(), ["/v1/identify", "/v1/track"]);
  });
}
