// Text of strangers, wherever it shows: a hundred strings that would like to be more than text.
import assert from "node:assert/strict";
import { follows, openPage } from "../browser.mjs";
import { startEndpoint } from "../endpoint.mjs";
import { HOSTILE, harmless, openEach, reads, visit } from "../hostile.mjs";
import { sender, webhook } from "../senders.mjs";
import { startServer } from "../server.mjs";
import { until } from "../until.mjs";

/** Names of sources and destinations have several of them. */
const TOGETHER = 4;
/** What a header may have. */
const IN_HEADERS = HOSTILE.filter((text) => /^[ -~]+$/.test(text)).slice(0, 60);
/** As they stand in JSON. */
const WRITTEN = HOSTILE.map((text) => JSON.stringify(text).slice(1, -1));
/** Tall enough for a hundred rows, so that none is left out as it cannot be seen. */
const TALL = { width: 1440, height: 4_400 };
/** Live shows so many rows a second; what comes at once is less. */
const AT_ONCE = 5;

const groups = Array.from({ length: HOSTILE.length / TOGETHER }, (_, at) =>
  HOSTILE.slice(at * TOGETHER, (at + 1) * TOGETHER),
);
const named = (/** @type {number} */ at) => `${groups[at]?.join(" · ")}`;
const path = (/** @type {string} */ text) => encodeURIComponent(text);

/** Everything that has a name is called something hostile. */
function workspace(/** @type {string} */ url) {
  const quiet = groups
    .slice(2)
    .map((_, at) => ({ ...webhook(`d-${at}`, url), name: named(at + 2) }));
  const busy = [
    { ...webhook("refuses", url), name: named(0) },
    { ...webhook("shows", "playground://demo"), name: named(1) },
  ];
  const sources = groups.map((_, at) => ({
    id: `s-${at}`,
    name: named(at),
    writeKey: `key-${at}`,
    destinations: at === 0 ? busy : at === 1 ? quiet : [],
  }));
  return { sources };
}

/** @param {import("../run.mjs").Needs} needs */
export async function stories({ story, browser, binary }) {
  const endpoint = await startEndpoint(422);
  endpoint.answers.body = (body) => `${JSON.parse(body).event}`;
  endpoint.answers.headers = Object.fromEntries(IN_HEADERS.map((text, at) => [`x-${at}`, text]));
  const server = await startServer(binary, workspace(endpoint.url));
  const { page, faults } = await openPage(browser, server.admin);
  const { track } = sender(server.gateway, "key-0");
  const read = async (/** @type {string} */ it) =>
    (await fetch(`${server.admin}/api/v1/${it}`)).json();
  const open = async (/** @type {string} */ it, /** @type {string} */ within, wanted = HOSTILE) => {
    await page.goto(it);
    await reads(page, within, wanted);
    await harmless(page, it);
  };
  const walk = async (/** @type {Parameters<typeof visit>[1]} */ stops) => {
    const { missed, titles } = await visit(page, stops);
    assert.deepEqual(missed, []);
    await harmless(page, `${stops.at(-1)?.path}`);
    return titles;
  };
  await page.setViewportSize(TALL);

  await story("hostile: rows of Live, and what is beside them", async () => {
    await page.goto("/live?status=accepted");
    await follows(page);
    for (let at = 0; at < HOSTILE.length; at += AT_ONCE) {
      const some = HOSTILE.slice(at, at + AT_ONCE);
      for (const [which, text] of some.entries()) {
        const messageId = `m-${at + which} ${text}`;
        await track({ userId: text, anonymousId: text, event: text, messageId });
      }
      await reads(page, ".live-list tbody", some);
    }
    await reads(page, ".live-list tbody th");
    await reads(page, ".live-list tbody .user");
    const missed = await openEach(page, ".live-list .row-button", ".detail h2");
    assert.deepEqual(missed, []);
    await harmless(page, "/live");
  });

  await story("hostile: an event by its id, its title, and the title of the window", async () => {
    await page.goto("/events/1");
    const titles = await walk(
      HOSTILE.map((text, at) => ({ path: `/events/${at + 1}`, within: "h1", text })),
    );
    const hides = /[\p{Cc}\u200b\u202a-\u202e\u2066-\u2069\ufeff]/u;
    assert.deepEqual(
      titles.filter((title) => hides.test(title)),
      [],
      "titles in which something hides or reorders",
    );
    const byId = (/** @type {string} */ text) => `/events/${path(text)}`;
    // Of what cannot be seen nothing is in an id.
    const ids = HOSTILE.flatMap((text, at) => (/\p{C}/u.test(text) ? [] : [`m-${at} ${text}`]));
    await walk(ids.map((text) => ({ path: byId(text), within: ".facts code", text })));
    const never = HOSTILE.map((text) => `never ${text}`);
    await walk(never.map((text) => ({ path: byId(text), within: "h1", text })));
  });

  await story("hostile: a payload as it is read, raw and as a table", async () => {
    const pairs = Object.fromEntries(HOSTILE.map((text) => [text, text]));
    await track({
      messageId: "all",
      userId: "all",
      properties: { ...pairs, list: HOSTILE },
      context: { traits: pairs, page: { url: HOSTILE[0], title: HOSTILE[1] } },
    });
    await open("/events/all", ".json", WRITTEN);
    await open("/events/all?face=table", ".leaf-path", WRITTEN);
    await open("/events/all?face=table", "td code", WRITTEN);
    await open("/events/all?face=raw", ".raw", WRITTEN);
  });

  await story("hostile: a user's lane", async () => {
    await page.goto("/users/all");
    const lane = (/** @type {string} */ text) => `/users/${path(text)}`;
    await walk(HOSTILE.map((text) => ({ path: lane(text), within: "h1", text })));
    const only = "?destination=refuses";
    await walk(
      HOSTILE.map((text) => ({ path: `${lane(text)}${only}`, within: "main tbody th", text })),
    );
  });

  await story("hostile: deliveries, and what an endpoint has answered", async () => {
    await until(async () => (await read("issues")).issues[0]?.gave_up === HOSTILE.length + 1);
    await page.goto("/deliveries?destination=refuses");
    await page.getByRole("button", { name: "Show older ones" }).click();
    await reads(page, "main tbody th");
    await reads(page, "main tbody .secondary");
    await harmless(page, "/deliveries");
    const at = (/** @type {any} */ { seq }) => `/deliveries/refuses/${seq}`;
    const { deliveries } = await read("deliveries?destination=refuses&limit=101");
    await page.goto(at(deliveries[0]));
    await reads(page, ".pairs dd", IN_HEADERS);
    await walk(
      deliveries
        .filter((/** @type {any} */ each) => each.name !== "Tried")
        .map((/** @type {any} */ each) => ({ path: at(each), within: ".facts", text: each.name })),
    );
    // Of answers that come close together some are not kept.
    const { attempts } = await read("attempts?destination=refuses&details=1&limit=100");
    const kept = attempts.filter((/** @type {any} */ { answer }) => answer?.body);
    assert.ok(kept.length > 10, `${kept.length} answers`);
    await walk(
      kept.map((/** @type {any} */ each) => ({
        path: at(each),
        within: ".raw",
        text: each.answer.body,
      })),
    );
  });

  await story("hostile: a test event, with what was sent and what came back", async () => {
    const field = page.getByLabel("JSON");
    await page.goto("/destinations/refuses?tab=test");
    await until(async () => (await field.inputValue()).includes("Order Completed"));
    await page.getByRole("button", { name: "Load a recent event" }).click();
    await reads(page, ".recents", HOSTILE.slice(-AT_ONCE));
    const pairs = Object.fromEntries(HOSTILE.map((text) => [text, text]));
    const event = { type: "track", event: HOSTILE[0], userId: HOSTILE[1], properties: pairs };
    await field.fill(JSON.stringify(event));
    await field.press("Control+Enter");
    await page.locator(".outcome").waitFor();
    await reads(page, ".request-body", WRITTEN);
    await reads(page, ".pairs dd", IN_HEADERS);
    await harmless(page, "a test event");
  });

  await story("hostile: a file of deliveries has no formula in it", async () => {
    const answer = await fetch(`${server.admin}/api/v1/deliveries?format=csv`);
    assert.match(`${answer.headers.get("content-disposition")}`, /^attachment/);
    const file = await answer.text();
    assert.ok(file.includes("HYPERLINK"));
    assert.doesNotMatch(file, /(^|,)"?[=+@-]/m);
  });

  await story("hostile: what was rejected, with its sample", async () => {
    for (const [at, some] of groups.entries()) {
      // Of one source only the first refusals of a minute are listed.
      const { send: sends } = sender(server.gateway, `key-${at % 5}`);
      assert.equal(await sends("track", `{"broken": ${JSON.stringify(some)}, `), 400);
    }
    await open("/", ".sample", WRITTEN);
    const own = WRITTEN.filter((_, at) => Math.floor(at / TOGETHER) % 5 === 3);
    await open("/sources/s-3?tab=rejected", ".sample", own);
    await page.goto("/live?status=rejected");
    await follows(page);
    assert.equal(await sender(server.gateway, "key-9").send("track", `{"${HOSTILE[0]}`), 400);
    await page.locator("tr[data-rejected]").first().click();
    await page.locator(".detail dt", { hasText: "Detail" }).waitFor();
    await harmless(page, "/live of rejections");
  });

  await story("hostile: names of sources, destinations and what joins them", async () => {
    for (const it of ["/sources", "/destinations"]) await open(it, "main tbody th");
    await open("/connections", "main tbody th");
    await reads(page, "main option");
    for (const it of ["/", "/live", "/deliveries", "/issues", "/replays", "/replays/new"]) {
      await open(it, "main option", HOSTILE.slice(2 * TOGETHER));
    }
    for (const [at, some] of groups.entries()) {
      const [source, destination] = [`/sources/s-${at}`, `/destinations/d-${at - 2}`];
      if (at % 5 === 0) await open(`${source}?tab=settings`, "h1", some);
      if (at % 5 === 4) await open(`${destination}?tab=settings`, "h1", some);
    }
    for (const it of [
      "/issues/1",
      "/destinations/refuses",
      "/destinations/refuses?tab=deliveries",
    ]) {
      await open(it, "main", groups[0]);
    }
    const plain = HOSTILE.filter((text) => !/["'\\\p{C}]/u.test(text));
    await open("/settings?tab=config", "pre", plain);
  });

  await story("hostile: what is typed into the palette", async () => {
    await page.goto("/issues");
    await page.getByRole("button", { name: "Search" }).click();
    const field = page.getByRole("combobox", { name: "Go to a page, or open an id" });
    for (const text of HOSTILE.filter((each) => !each.includes("\n"))) {
      await field.fill(text);
      await reads(page, "[role=option]", [text.trim().slice(0, 180)]);
    }
    await harmless(page, "the palette");
  });

  await story("hostile: parameters of addresses, as filters and in fields", async () => {
    /** @type {[string, string[]][]} */
    const pages = [
      ["/live", ["name", "user", "text", "source"]],
      ["/deliveries", ["name", "user", "reason", "source"]],
      ["/sources/s-2?tab=events", ["name", "user"]],
      ["/settings?tab=audit", ["by", "action", "kind", "object"]],
      ["/replays/new", ["condition", "user", "name", "type"]],
    ];
    for (const [it, names] of pages) {
      const begin = it.includes("?") ? `${it}&` : `${it}?`;
      const count = names.length;
      await page.goto(it);
      await page.locator("main h1").waitFor();
      for (let at = 0; at < HOSTILE.length; at += count) {
        const some = HOSTILE.slice(at, at + count);
        const search = some.map((text, which) => `${names[which]}=${path(JSON.stringify(text))}`);
        await page.evaluate((to) => history.pushState({}, "", to), `${begin}${search.join("&")}`);
        await page.waitForFunction(
          (wanted) => {
            const fields = [...document.querySelectorAll("main input")].map(
              (it) => /** @type {HTMLInputElement} */ (it).value,
            );
            const text = `${document.querySelector("main .chips")?.textContent}`;
            return fields.includes(wanted) || text.includes(wanted);
          },
          `${some.find((text) => /^[ -~]+$/.test(text)) ?? ""}`,
        );
      }
      await harmless(page, it);
    }
    for (const text of HOSTILE.slice(0, 8)) {
      await page.goto(`/live?user=${path(text)}#${path(text)}`);
      await reads(page, ".chips", [text]);
      await harmless(page, "an address with all of it");
    }
  });

  await story("hostile: requests of the playground, with headers, query and body", async () => {
    const query = new URLSearchParams(HOSTILE.map((text) => [text, text]));
    const answer = await fetch(`${server.admin}/play/demo/in?${query}`, {
      method: "PUT",
      headers: Object.fromEntries(IN_HEADERS.map((text, at) => [`x-${at}`, text])),
      body: JSON.stringify({ type: "track", event: "All of it", of: HOSTILE }),
    });
    assert.equal(answer.status, 200);
    await page.goto("/play/demo");
    await reads(page, ".requests tbody");
    await harmless(page, "/play");
    await page.locator(".requests .row-button", { hasText: "All of it" }).click();
    await reads(page, ".json", WRITTEN);
    for (const [tab, within, wanted] of /** @type {const} */ ([
      ["Raw", ".raw", WRITTEN],
      ["Headers", ".pairs dd", IN_HEADERS],
      ["Query", ".pairs dt", HOSTILE],
    ])) {
      await page.getByRole("tab", { name: tab }).click();
      await reads(page, within, wanted);
      await harmless(page, `/play ${tab}`);
    }
  });

  await story(
    "hostile: nothing of all that broke the policy, left the host or complained",
    async () => {
      assert.deepEqual(
        faults.filter((each) => !/status of (404|422|400)/.test(each)),
        [],
      );
    },
  );

  await page.close();
  await server.stop();
  endpoint.stop();
}
