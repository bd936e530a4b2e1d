// Every page in every state: while it loads, when the server fails, filled, cut off from the server,
// without anything, without a match, and with very much; each in both themes, with axe and a picture,
// and without a scroll sideways. For somebody who may not see it: viewer.mjs.
import assert from "node:assert/strict";
import { openPage } from "../browser.mjs";
import { examine, fits } from "../examine.mjs";
import { furnish } from "../furnished.mjs";
import { startServer } from "../server.mjs";

const WIDTHS = [320, 768, 1280, 2560];
/** Rows of a list that has very many; more than are drawn, where only those in sight are. */
const MANY = 60;
const MANY_DELIVERIES = 240;
/** Those of the status have many questions of their own. */
const MANY_OF_STATUS = 30;

/** Pages that are looked at side by side: each waits most of its time for the next poll. */
const LANES = 2;
/** What is asked again by itself comes sooner. */
const AGAIN_MS = 3_000;

/** Pages with a list that may become long. */
const LONG = [
  "overview",
  "sources",
  "source-events",
  "source-rejected",
  "destinations",
  "connections",
  "deliveries",
  "user",
  "issues",
  "replays",
  "settings-users",
  "settings-audit",
];

const FAILURE = {
  status: 500,
  contentType: "application/problem+json",
  body: JSON.stringify({
    type: "about:blank",
    title: "Internal error",
    status: 500,
    code: "internal",
    detail: "the store does not answer",
  }),
};

/** @typedef {"pass" | "hold" | "fail" | "lost" | "many"} Mode */

/**
 * Stands between a page and its server.
 * @param {import("playwright-core").Page} page
 */
async function between(page) {
  /** @type {{ mode: Mode, spares: string[] }} */
  const rule = { mode: "pass", spares: [] };
  /** @type {import("playwright-core").Route[]} */
  const held = [];
  const answered = async (/** @type {import("playwright-core").Route} */ route) => {
    const url = new URL(route.request().url());
    const mode = rule.spares.some((path) => url.pathname === path) ? "pass" : rule.mode;
    if (mode === "hold") held.push(route);
    else if (mode === "fail") await route.fulfill(FAILURE);
    else if (mode === "lost") await route.abort();
    else if (mode === "many" && !url.pathname.endsWith("/live")) await multiplied(route);
    else await route.continue();
  };
  await page.route("**/api/v1/**", (route) => answered(route).catch(() => undefined));
  const turn = async (/** @type {Mode} */ mode, /** @type {string[]} */ spares = []) => {
    Object.assign(rule, { mode, spares });
    for (const route of held.splice(0)) await answered(route).catch(() => undefined);
  };
  return turn;
}

const KEYS = ["seq", "id", "number", "name", "message_id", "user_id", "version", "sentence"];

/** The same answer with very many rows, each of them another one. */
function many(/** @type {any} */ answer) {
  const most = "gateway_url" in answer ? MANY_OF_STATUS : MANY;
  /** @type {any} */
  const grown = { ...answer };
  for (const [name, rows] of Object.entries(answer)) {
    if (!Array.isArray(rows) || typeof rows[0] !== "object" || name === "points") continue;
    grown[name] = Array.from(
      { length: name === "deliveries" ? MANY_DELIVERIES : most },
      (_, at) => {
        const row = { ...rows[at % rows.length] };
        if (at < rows.length) return row;
        for (const key of KEYS) {
          if (typeof row[key] === "number") row[key] += at * 1_000;
          else if (row[key]) row[key] = `${row[key]}-${at}-${"and-so-on".repeat((at % 5) * 4)}`;
        }
        return row;
      },
    );
  }
  return grown;
}

async function multiplied(/** @type {import("playwright-core").Route} */ route) {
  const response = await route.fetch();
  const isJson = response.headers()["content-type"]?.startsWith("application/json");
  if (!response.ok() || !isJson) return await route.fulfill({ response });
  await route.fulfill({ response, json: many(await response.json()) });
}

/**
 * A page with somebody between it and its server.
 * @typedef {object} Lane
 * @property {import("playwright-core").Page} page
 * @property {string[]} faults
 * @property {Awaited<ReturnType<typeof between>>} turn
 *
 * @typedef {import("../furnished.mjs").Place} Place
 */

/** From the first question to the loss of the server. */
async function lives(/** @type {Lane} */ { page, turn }, /** @type {Place} */ place) {
  const { name, path, full, isOfStatus, isStream } = place;
  const main = page.locator("main");
  const spares = isOfStatus ? ["/api/v1/me"] : ["/api/v1/me", "/api/v1/status"];
  await turn("hold", spares);
  await page.goto(path);
  const words = main.locator(".nothing-title", { hasText: /^(Loading|Connecting)…$/ });
  await words.or(main.locator("[aria-busy=true]")).first().waitFor();
  await examine(page, `state-${name}-loading`);

  await turn("fail", spares);
  await main.getByText("the store does not answer").first().waitFor();
  const again = main.getByRole("button", { name: "Try again" }).first();
  if (isStream) await main.getByText("It is tried again by itself.").waitFor();
  else await again.waitFor();
  await examine(page, `state-${name}-error`);

  await turn("pass");
  const filled = main.getByText(full).first();
  // Where one answer rests on another, both may have to be asked for again; and each may have come
  // by itself meanwhile.
  for (let left = isStream ? 0 : 2; left > 0 && !(await filled.isVisible()); left -= 1) {
    await again.click({ timeout: AGAIN_MS }).catch(() => undefined);
    await filled.or(again).first().waitFor();
  }
  await filled.waitFor();
  await fits(page, `state-${name}`, WIDTHS);

  await turn("lost");
  await page.getByRole("alert").getByText("The server does not answer.").waitFor();
  await page.locator("main[data-stale]").waitFor();
  await filled.waitFor();
  await examine(page, `state-${name}-lost`);
}

async function matchesNothing(
  /** @type {Lane} */ { page, turn },
  /** @type {string} */ name,
  /** @type {[path: string, says: string]} */ [path, says],
) {
  const main = page.locator("main");
  await turn("pass");
  await page.goto(path);
  await main.getByText(says).waitFor();
  await examine(page, `state-${name}-no-match`);
  await main.locator(".nothing").getByText("Clear filters").click();
  await main.getByText(says).waitFor({ state: "detached" });
}

async function hasVeryMuch(/** @type {Lane} */ { page, turn }, /** @type {Place} */ place) {
  const { name, path, full } = place;
  await turn("many");
  await page.goto(path);
  await page.locator("main").getByText(full).first().waitFor();
  await fits(page, `state-${name}-huge`, [320, 1280]);
  await examine(page, `state-${name}-huge`);
}

/** @param {import("../run.mjs").Needs} needs */
export async function stories({ story, browser, binary }) {
  const furnished = await furnish(binary);
  const { server, places, logIn } = furnished;
  const open = async () => {
    const { page, faults } = await openPage(browser, server.admin);
    await logIn(page, "ada");
    return { page, faults, turn: await between(page) };
  };
  /** @type {Lane[]} */
  const lanes = await Promise.all(Array.from({ length: LANES }, open));

  /** @type {[name: string, body: (lane: Lane) => Promise<void>][]} */
  const left = places.flatMap((place) => {
    const { name, noMatch } = place;
    /** @type {typeof left} */
    const of = [[`${name} loads, fails, is filled, loses the server`, (it) => lives(it, place)]];
    if (noMatch) of.push([`${name} without a match`, (it) => matchesNothing(it, name, noMatch)]);
    if (LONG.includes(name)) of.push([`${name} with very much`, (it) => hasVeryMuch(it, place)]);
    return of;
  });
  const walk = async (/** @type {Lane} */ lane) => {
    for (let next = left.shift(); next; next = left.shift()) {
      const [name, body] = next;
      await story(`states: ${name}`, () => body(lane));
    }
  };
  await Promise.all(lanes.map(walk));

  await story("states: nothing of that broke the policy or left the host", async () => {
    const made = /status of (500|404)|ERR_FAILED|EventSource/;
    const own = lanes.flatMap(({ faults }) => faults);
    assert.deepEqual(
      own.filter((fault) => !made.test(fault)),
      [],
    );
  });
  for (const { page } of lanes) await page.close();
  await furnished.stop();

  const bare = await startServer(binary);
  for (const path of ["destinations/playground", "sources/my-app"]) {
    const answer = await fetch(`${bare.admin}/api/v1/${path}`, { method: "DELETE" });
    assert.equal(answer.status, 204, path);
  }
  const { page } = await openPage(browser, bare.admin);
  for (const { name, empty } of places) {
    if (!empty) continue;
    await story(`states: ${name} before anything has happened`, async () => {
      await page.goto(empty[0]);
      await page.locator("main").getByText(empty[1]).first().waitFor();
      await examine(page, `state-${name}-empty`);
    });
  }
  await page.close();
  await bare.stop();
}
