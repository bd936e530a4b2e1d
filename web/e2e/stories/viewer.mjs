// Somebody who may not see payloads: nothing of them is on any page, or in any answer of the API.
import assert from "node:assert/strict";
import { openPage } from "../browser.mjs";
import { examine } from "../examine.mjs";
import { furnish, MARKER } from "../furnished.mjs";

/** What only those who may see payloads or people get at all. */
const REFUSED = [
  "/api/v1/audit",
  "/api/v1/deliveries/{destination}/{seq}/attempts/{number}/request",
  "/api/v1/events/{id}/payload",
  "/api/v1/playgrounds/{name}/live",
  "/api/v1/playgrounds/{name}/requests",
  "/api/v1/rejections",
  "/api/v1/tokens",
  "/api/v1/users",
  "/api/v1/users/{name}",
];

/** Streams, which do not end. */
const STREAMS = ["/api/v1/live", "/api/v1/playgrounds/{name}/live"];

/** Parameters without which a route says nothing, or says more. */
const QUERIES = /** @type {Record<string, string[]>} */ ({
  "/api/v1/attempts": [
    "",
    "?details=1",
    "?format=csv",
    "?format=ndjson",
    "?details=1&format=ndjson",
  ],
  "/api/v1/config": ["?format=json", "?format=yaml"],
  "/api/v1/deliveries": ["", "?format=csv", "?format=ndjson"],
  "/api/v1/events": ["", "?format=csv", "?format=ndjson"],
  "/api/v1/rejections": ["", "?format=csv"],
  "/api/v1/series": ["?of=accepted&bucket=1m", "?of=deliveries&bucket=1h"],
});

/** @param {import("../run.mjs").Needs} needs */
export async function stories({ story, browser, binary }) {
  const furnished = await furnish(binary);
  const { server, call, read, track, logIn, places } = furnished;
  const { token } = await call("tokens", { name: "to look", role: "viewer" });
  const { page } = await openPage(browser, server.admin);
  const headers = { authorization: `Bearer ${token}` };
  const { seq } = await read("events/seen-1");
  const ids = /** @type {Record<string, string>} */ ({
    "/api/v1/connections": (await read("connections")).connections[0].id,
    "/api/v1/deliveries": "refuses",
    "/api/v1/destinations": "refuses",
    "/api/v1/events": "seen-1",
    "/api/v1/issues": `${(await read("issues?destination=refuses")).issues[0].id}`,
    "/api/v1/replays": `${(await read("replays")).replays[0].id}`,
    "/api/v1/sources": "my-app",
    "/api/v1/users": "u-1",
    "/api/v1/playgrounds": "demo",
  });
  const filled = (/** @type {string} */ path) => {
    const [, begin = ""] = /^(\/api\/v1\/[\w-]+)/.exec(path) ?? [];
    return path
      .replace("{seq}", `${seq}`)
      .replace("{number}", "1")
      .replace(/\{\w+\}/g, ids[begin] ?? "missing");
  };

  await story("viewer: no answer of the API has anything of a payload in it", async () => {
    const { paths } = await read("openapi.json");
    const asked = Object.keys(paths).filter((path) => paths[path].get);
    assert.ok(asked.length > 30, `${asked.length} routes`);
    for (const path of asked) {
      for (const query of QUERIES[path] ?? [""]) {
        const ending = STREAMS.includes(path) ? AbortSignal.timeout(400) : null;
        const answer = await fetch(`${server.admin}${filled(path)}${query}`, {
          headers,
          signal: ending,
        });
        const wanted = REFUSED.includes(path) ? 403 : 200;
        assert.equal(answer.status, wanted, `${filled(path)}${query}`);
        const text = await answer.text().catch(() => "");
        assert.ok(!text.includes(MARKER), `${path}${query}: ${text}`);
      }
    }
  });

  await story("viewer: who may see payloads finds it in the same places", async () => {
    const { token: other } = await call("tokens", { name: "to read", role: "payload_viewer" });
    const found = [];
    for (const path of ["events/{id}/payload", "playgrounds/{name}/requests", "rejections"]) {
      const answer = await fetch(`${server.admin}${filled(`/api/v1/${path}`)}`, {
        headers: { authorization: `Bearer ${other}` },
      });
      if ((await answer.text()).includes(MARKER)) found.push(path);
    }
    const detailed = await fetch(`${server.admin}/api/v1/deliveries/refuses/${seq}`, {
      headers: { authorization: `Bearer ${other}` },
    });
    assert.ok((await detailed.text()).includes(MARKER), "what an endpoint has answered");
    const made = await fetch(
      `${server.admin}/api/v1/deliveries/refuses/${seq}/attempts/1/request`,
      { headers: { authorization: `Bearer ${other}` } },
    );
    assert.ok((await made.text()).includes(MARKER), "what an endpoint was sent");
    assert.equal(found.length, 3, `${found}`);
  });

  await story("viewer: the live stream tells what happens, and not what events say", async () => {
    const leaving = new AbortController();
    const answer = await fetch(`${server.admin}/api/v1/live`, { headers, signal: leaving.signal });
    let said = "";
    const reader = /** @type {ReadableStream<Uint8Array>} */ (answer.body).getReader();
    const properties = { secret: MARKER };
    await track({ event: "Watched", userId: "u-9", messageId: "watched", properties });
    const decoder = new TextDecoder();
    while (!/"status":"gave_up"/.test(said)) {
      const { value, done } = await reader.read();
      assert.ok(!done, said);
      said += decoder.decode(value, { stream: true });
    }
    leaving.abort();
    assert.ok(said.includes("Watched") && !said.includes(MARKER), said);
  });

  await logIn(page, "vera");
  /** @type {string[]} */
  const told = [];
  page.on("response", async (response) => {
    const text = await response.text().catch(() => "");
    if (text.includes(MARKER)) told.push(response.url());
  });
  for (const { name, path, full, right } of places) {
    await story(`viewer: ${name} says what it may, and which role the rest takes`, async () => {
      await page.goto(path);
      const says = right ? "Your role may not see this" : full;
      await page.locator("main").getByText(says).first().waitFor();
      assert.ok(!(await page.content()).includes(MARKER), path);
      await examine(page, `state-${name}-viewer`);
    });
  }

  await story("viewer: no page was told anything of a payload", async () => {
    assert.deepEqual(told, []);
  });

  await page.close();
  await furnished.stop();
}
