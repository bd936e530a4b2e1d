// From the id of an event to why it failed; what is in it, who it is of, and what waits behind it.
import assert from "node:assert/strict";
import { openPage } from "../browser.mjs";
import { startEndpoint } from "../endpoint.mjs";
import { examine, fits } from "../examine.mjs";
import { sender, webhook, workspace } from "../senders.mjs";
import { startServer } from "../server.mjs";
import { until } from "../until.mjs";

/** @param {import("../run.mjs").Needs} needs */
export async function stories({ story, browser, binary }) {
  const good = await startEndpoint();
  const picky = await startEndpoint(422);
  const server = await startServer(
    binary,
    workspace([webhook("good", good.url), webhook("picky", picky.url)]),
  );
  const { page, faults } = await openPage(browser, server.admin);
  const { send, track } = sender(server.gateway, "key-app");
  const read = async (/** @type {string} */ path) =>
    (await fetch(`${server.admin}/api/v1/${path}`)).json();
  const states = async (/** @type {string} */ id) =>
    (await read(`events/${id}`)).deliveries.map((/** @type {any} */ each) => each.status).join();

  await story("why one event failed is found from its id in two actions, by keyboard", async () => {
    // As text: in a number of JavaScript it would not be the same.
    const body = `{"userId":"u-1","messageId":"find-me-1","event":"Order Completed","properties":{"order":9007199254740993,"total":42.5}}`;
    assert.equal(await send("track", body), 200);
    await until(async () => (await states("find-me-1")) === "delivered,gave_up");
    await page.goto("/");
    await page.getByRole("heading", { name: "Destinations" }).waitFor();
    await page.evaluate(() => navigator.clipboard.writeText("find-me-1"));
    await page.locator("main").focus();
    const start = performance.now();
    await page.keyboard.press("Control+v");
    await page.keyboard.press("Enter");
    await page.getByText("The endpoint refused the event.").first().waitFor();
    console.log(`     found in ${Math.round(performance.now() - start)} ms`);
    await page.waitForURL("**/events/find-me-1");
  });

  await story(
    "an event shows its deliveries, what happened, and its payload as it was sent",
    async () => {
      await page.locator(".state", { hasText: "Delivered" }).first().waitFor();
      await page.locator(".state", { hasText: "Gave up" }).first().waitFor();
      await page.locator(".timeline li", { hasText: "Hooks of picky: attempt 1, 422" }).waitFor();
      const pretty = await page.locator(".json").textContent();
      assert.ok(pretty?.includes('"order": 9007199254740993'), `${pretty}`);
      await examine(page, "event");
      await fits(page, "event");
      await page.getByRole("tab", { name: "Table" }).click();
      await page.getByRole("row", { name: "properties.order 9007199254740993" }).waitFor();
      await page.reload();
      await page.getByRole("row", { name: "properties.order 9007199254740993" }).waitFor();
      await examine(page, "event-table");
      await page.getByRole("tab", { name: "Raw" }).click();
      assert.match(`${await page.locator(".raw").textContent()}`, /^\{.*"total":42\.5.*\}$/s);
      await page.getByRole("button", { name: "SDK call" }).click();
      assert.match(
        await page.evaluate(() => navigator.clipboard.readText()),
        /^analytics\.track\("Order Completed", \{\n {2}"order": 9007199254740993,/,
      );
    },
  );

  await story("c copies the id, and the short address leads to the event", async () => {
    await page.locator("main").focus();
    await page.keyboard.press("c");
    await page.waitForFunction(async () => (await navigator.clipboard.readText()) === "find-me-1");
    await page.goto("/e/find-me-1");
    await page.waitForURL("**/events/find-me-1");
  });

  await story("a user's lane shows what waits, and for what", async () => {
    picky.answers.status = 503;
    await track({ userId: "lane", messageId: "lane-1", event: "First" });
    await track({ userId: "lane", messageId: "lane-2", event: "Second" });
    await until(async () => (await states("lane-1")) === "delivered,scheduled");
    await page.goto("/events/lane-2");
    await page.locator(".state", { hasText: "Waiting for earlier event" }).waitFor();
    await page.getByRole("link", { name: "First" }).waitFor();
    await page.getByRole("link", { name: "All events of this user" }).click();
    await page.waitForURL("**/users/lane");
    await page.getByText(/^Later events wait for/).waitFor();
    await page.getByText("Attempt 1 failed: 503.").first().waitFor();
    await examine(page, "user");
    await fits(page, "user");
    await page.getByLabel("Show deliveries to").selectOption("good");
    await page.waitForURL("**/users/lane?destination=good");
    await page.locator(".state", { hasText: "Waiting" }).waitFor({ state: "detached" });
  });

  await story("what is not there is said to be so, and can be asked for again", async () => {
    await page.goto("/events/never-was");
    await page.getByText("There is no such thing as the event").waitFor();
    await page.getByRole("button", { name: "Try again" }).waitFor();
    await examine(page, "event-none");
    await page.goto("/users/nobody");
    await page.getByText("No event of this user is kept").waitFor();
    await examine(page, "user-none");
  });

  await story("nothing of that broke the policy, left the host or complained", async () => {
    const own = faults.filter((fault) => !/404 \(Not Found\).*\/events\/never-was/.test(fault));
    assert.deepEqual(own, []);
  });

  await page.close();
  await server.stop();
  good.stop();
  picky.stop();
}
