// Without a mouse: the first event, why one has failed, and what an outage has cost; and wherever one
// is, the focus can be seen, is never lost and never held.
import assert from "node:assert/strict";
import { follows, openPage } from "../browser.mjs";
import { startEndpoint } from "../endpoint.mjs";
import { keyboard } from "../keyboard.mjs";
import { sender } from "../senders.mjs";
import { startServer } from "../server.mjs";
import { until } from "../until.mjs";

const PASSWORD = "correct horse battery staple";
const LOST = 30;

/** @param {import("../run.mjs").Needs} needs */
export async function stories({ story, browser, binary }) {
  const endpoint = await startEndpoint(200);
  const server = await startServer(binary, undefined, { POSTRIDER_ADMIN_AUTH: "required" });
  const { page, faults } = await openPage(browser, server.admin);
  const { unseen, reach, enter, isKept, goesRound } = await keyboard(page);
  const { keyboard: keys } = page;
  const button = (/** @type {string | RegExp} */ name) =>
    page.getByRole("button", { name, exact: typeof name === "string" });
  const link = (/** @type {string | RegExp} */ name) => page.getByRole("link", { name }).first();
  const field = (/** @type {string} */ name) => page.getByLabel(name, { exact: true });
  const read = (/** @type {string} */ path) =>
    page.evaluate(async (it) => (await fetch(`/api/v1/${it}`)).json(), path);
  const orders = async () =>
    (await read("status")).destinations.find((/** @type {any} */ { id }) => id === "orders");

  await story("keyboard: from an empty data directory to a delivered event", async () => {
    const link = new URL(await server.said(/Set up\s+(\S+)/));
    await page.goto(link.pathname + link.hash);
    await field("Name").waitFor();
    await keys.type("ada");
    await keys.press("Tab");
    await keys.type(PASSWORD);
    await keys.press("Enter");
    await page.getByRole("heading", { name: "No events yet" }).waitFor();
    await isKept("after the set-up");
    await enter(button("Send a test event"));
    await page.locator(".health-sentence", { hasText: "1 destination healthy" }).waitFor();
    await page.locator(".state", { hasText: "Delivered" }).first().waitFor();
    await isKept("after the steps are done");
  });

  await story("keyboard: a destination is added", async () => {
    await keys.press("g");
    await keys.press("d");
    await enter(link("Add destination"));
    await isKept("on another page");
    await reach(field("Name").first());
    await keys.type("Orders");
    await reach(page.getByLabel("URL"));
    await keys.type(endpoint.url);
    await enter(button("Add destination"));
    await page.waitForURL("**/destinations/orders");
    await isKept("after it was added");
    const { write_keys } = (await read("status")).sources[0];
    const { track } = sender(server.gateway, `${write_keys[0]}`);
    endpoint.answers.status = 422;
    for (let at = 0; at < LOST; at += 1) {
      await track({ userId: `u-${at % 7}`, event: "Order Completed", messageId: `lost-${at}` });
    }
    await until(async () => (await orders()).gave_up === LOST);
  });

  await story("keyboard: why one event has failed is found from its id", async () => {
    await keys.press("Control+k");
    await page.getByRole("combobox", { name: "Go to a page, or open an id" }).waitFor();
    await keys.type("lost-7");
    await page.getByRole("option", { name: /^Event Open event lost-7/ }).waitFor();
    await keys.press("Enter");
    await page.getByText("The endpoint refused the event.").first().waitFor();
    await isKept("after the palette");
    await enter(page.locator("main tbody").getByRole("link", { name: "Orders" }));
    await page.getByRole("heading", { name: "Attempt 1" }).waitFor();
    await page.locator(".facts dd", { hasText: "422" }).first().waitFor();
    await isKept("on the page of the delivery");
  });

  await story("keyboard: what an outage has cost is delivered again", async () => {
    endpoint.answers.status = 200;
    await keys.press("g");
    await keys.press("i");
    await link("The endpoint refused the event.").waitFor();
    await isKept("on the page of issues");
    await keys.press("j");
    await keys.press("Enter");
    await enter(link("Deliver again"));
    await enter(button(`Deliver ${LOST} events again`));
    await page.waitForURL(/\/replays\/\d+$/);
    await page.getByText("All of it is done.").waitFor();
    await isKept("after the replay has begun");
    assert.equal(endpoint.bodies.length, LOST);
  });

  await story("keyboard: dialogs hold the focus, and give it back", async () => {
    await page.goto("/destinations/orders");
    await enter(button("Remove…"));
    await page.getByRole("dialog").waitFor();
    for (let at = 0; at < 8; at += 1) {
      await keys.press("Tab");
      const isOutside = await page.evaluate(() => {
        const it = document.activeElement;
        return it !== document.body && it?.closest("dialog") === null;
      });
      assert.ok(!isOutside, "the focus has left the dialog");
    }
    await keys.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    assert.ok(await button("Remove…").evaluate((it) => it === document.activeElement));
    await page.goto("/settings");
    await reach(field("Name"));
    await keys.type("grace");
    await keys.press("Tab");
    await keys.type(PASSWORD);
    await keys.press("Enter");
    await page.getByRole("rowheader", { name: "grace" }).waitFor();
    await isKept("after a user was added");
    await enter(button("Remove grace"));
    await enter(page.getByRole("dialog").getByRole("button", { name: "Remove", exact: true }));
    await page.getByRole("rowheader", { name: "grace" }).waitFor({ state: "detached" });
    await isKept("after the row of the dialog's button is gone");
  });

  await story("keyboard: tabs turn by arrows, and what is pressed keeps the focus", async () => {
    await page.goto("/destinations/orders");
    await reach(page.getByRole("tab", { name: "Overview" }));
    await keys.press("ArrowRight");
    await page.getByRole("tab", { name: "Deliveries", selected: true }).waitFor();
    const isOnTab = () =>
      page.evaluate(() => document.activeElement?.getAttribute("role") === "tab");
    assert.ok(await isOnTab());
    await enter(button(/^Pause/));
    await button(/^Resume/).waitFor();
    await isKept("after it was paused");
    assert.ok(await button(/^Resume/).evaluate((it) => it === document.activeElement));
    await keys.press("Enter");
    await button(/^Pause/).waitFor();
    await isKept("after it goes on");
  });

  await story("keyboard: the rows of Live are walked, opened and closed", async () => {
    await page.goto("/live");
    await follows(page);
    const { write_keys } = (await read("status")).sources[0];
    const { track } = sender(server.gateway, `${write_keys[0]}`);
    for (const event of ["One", "Two", "Three"]) await track({ event });
    const row = page.locator(".live-list .row-button", { hasText: "Three" });
    await reach(row);
    await keys.press("ArrowDown");
    await page.locator(".detail h2").waitFor();
    await enter(button("Show the payload"));
    await page.locator(".detail .json").waitFor();
    await isKept("after the payload is shown");
    await keys.press("Escape");
    await page.locator(".detail").waitFor({ state: "detached" });
    await isKept("after the detail is closed");
  });

  await story("keyboard: no page holds the focus, from its beginning to its end", async () => {
    const pages = [
      ["/", "Latest attempts"],
      ["/live?text=zzz", "Nothing has happened"],
      ["/sources/my-app?tab=settings", "Events per second"],
      ["/destinations/orders?tab=settings", "Attempts in a second"],
      ["/connections", "What leads where"],
      ["/deliveries?user=u-3", "Order Completed"],
      ["/events/lost-1?face=table", "userId"],
      ["/replays/new?destination=orders&intent=resend_range", "would be sent"],
      ["/settings", "Set password"],
      ["/play/demo?request=1", "Order Completed"],
    ];
    for (const [path, says] of pages) {
      await page.goto(`${path}`);
      await page.locator("main").getByText(`${says}`).first().waitFor();
      await goesRound();
    }
  });

  await story("keyboard: the focus could be seen wherever it was", async () => {
    assert.deepEqual(unseen, []);
    assert.deepEqual(
      faults.filter((fault) => !/ 40[13] \(|status of 401/.test(fault)),
      [],
    );
  });

  await page.close();
  await server.stop();
  endpoint.stop();
}
