// Destinations and connections in the browser: made, edited by two at once, paused, removed and brought back.
import assert from "node:assert/strict";
import { openPage } from "../browser.mjs";
import { startEndpoint } from "../endpoint.mjs";
import { examine, fits } from "../examine.mjs";
import { startServer } from "../server.mjs";
import { until } from "../until.mjs";

const SECRET = "Bearer s3cret-of-the-orders-service";
const BACKLOG = 60;

/** @param {import("../run.mjs").Needs} needs */
export async function stories({ story, browser, binary }) {
  const [old, fresh] = [await startEndpoint(200), await startEndpoint(200)];
  const server = await startServer(binary);
  const { page, faults } = await openPage(browser, server.admin);
  const other = await openPage(browser, server.admin);
  const button = (/** @type {string | RegExp} */ name, on = page) =>
    on.getByRole("button", { name });
  const read = async (/** @type {string} */ path) =>
    await (await fetch(`${server.admin}/api/v1/${path}`)).json();
  const orders = async () =>
    (await read("status")).destinations.find(
      (/** @type {{ id: string }} */ { id }) => id === "orders-service",
    );
  const { write_keys, id: source } = (await read("status")).sources[0];
  const track = async (/** @type {object} */ event) => {
    const answer = await fetch(`${server.gateway}/v1/track`, {
      method: "POST",
      headers: { authorization: `Basic ${Buffer.from(`${write_keys[0]}:`).toString("base64")}` },
      body: JSON.stringify({ userId: "u-1", event: "Order Completed", ...event }),
    });
    assert.equal(answer.status, 200);
  };

  await story("a destination is added, and each mistake is told at its field", async () => {
    await page.goto("/destinations");
    await page.getByRole("link", { name: "Add destination" }).click();
    await page.getByLabel("Name", { exact: true }).first().fill("Orders service");
    await button("Add destination").click();
    const url = page.getByLabel("URL");
    await page.waitForFunction(() => document.querySelector("[aria-invalid=true]") !== null);
    assert.equal(await url.getAttribute("aria-invalid"), "true");
    await examine(page, "destination-new-mistake");
    await fits(page, "destination-new");
    await url.fill(old.url);
    await button("Add to headers").click();
    await page.getByRole("group", { name: "Headers" }).getByRole("textbox").nth(0).fill("X-Key");
    await page.getByRole("group", { name: "Headers" }).getByRole("textbox").nth(1).fill(SECRET);
    await button("Add destination").click();
    await page.waitForURL("**/destinations/orders-service");
    await track({});
    await until(async () => old.bodies.length === 1);
    await page
      .locator(".number", { hasText: "Delivered at first try" })
      .getByText("1", { exact: true })
      .waitFor();
    await examine(page, "destination-overview");
    await fits(page, "destination-overview");
  });

  await story("a secret is kept, and never shown again", async () => {
    await page.getByRole("tab", { name: "Settings" }).click();
    const value = page.getByRole("group", { name: "Headers" }).getByRole("textbox").nth(1);
    await value.waitFor();
    assert.equal(await value.inputValue(), "");
    assert.match(`${await value.getAttribute("placeholder")}`, /kept as it is: …vice/);
    assert.ok(!(await page.content()).includes(SECRET));
    await examine(page, "destination-settings");
    await fits(page, "destination-settings");
  });

  await story("a URL is edited while a backlog waits, which drains to the new one", async () => {
    old.answers.status = 503;
    for (let at = 0; at < BACKLOG; at += 1) await track({ userId: `u-${at}` });
    await until(async () => (await orders()).waiting >= BACKLOG);
    await page.getByLabel("URL").fill(fresh.url);
    await button("Save").click();
    await page.getByText("Saved", { exact: true }).waitFor();
    await until(async () => fresh.bodies.length === BACKLOG);
    await until(async () => (await orders()).waiting === 0);
    old.answers.status = 200;
  });

  await story("two who save the same thing see what the other did, and choose", async () => {
    const path = "/destinations/orders-service?tab=settings";
    await Promise.all([page.goto(path), other.page.goto(path)]);
    await page.getByLabel("Attempts in a second").fill("50");
    await page.getByLabel("Name", { exact: true }).first().fill("Orders (mine)");
    await other.page.getByLabel("Attempts in a second").fill("70");
    await other.page.getByLabel("Attempts at a time").fill("3");
    await button("Save", other.page).click();
    await other.page.getByText("Saved", { exact: true }).waitFor();
    await button("Save").click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("Somebody else has changed it meanwhile").waitFor();
    await dialog.getByText("postrider.delivery.concurrency").waitFor();
    await examine(page, "destination-conflict");
    await fits(page, "destination-conflict");
    await dialog.getByLabel(/Yours/).check();
    await dialog.getByRole("button", { name: "Save this" }).click();
    await page.getByText("Saved", { exact: true }).waitFor();
    const { name, postrider } = await read("destinations/orders-service");
    assert.deepEqual(
      [name, postrider.delivery.rate, postrider.delivery.concurrency],
      ["Orders (mine)", 50, 3],
    );
  });

  await story("the history tells what was changed", async () => {
    await page.getByRole("tab", { name: "History" }).click();
    await page.locator(".version").nth(2).waitFor();
    await page.getByText(fresh.url).first().waitFor();
    assert.ok(!(await page.content()).includes(SECRET));
    await examine(page, "destination-history");
    await fits(page, "destination-history");
  });

  await story("a destination is paused and resumed, removed and brought back", async () => {
    await button("Pause").click();
    await page.locator(".state", { hasText: "Paused" }).waitFor();
    await button("Resume").click();
    await page.locator(".state", { hasText: "Active" }).waitFor();
    await button("Remove…").click();
    await page.getByRole("dialog").getByText("It can be brought back for a while").waitFor();
    await examine(page, "destination-remove");
    await page.getByRole("dialog").getByRole("button", { name: "Remove", exact: true }).click();
    await page.waitForURL("**/destinations");
    await page.getByRole("heading", { name: "Removed destinations" }).waitFor();
    await examine(page, "destinations");
    await fits(page, "destinations");
    await button(/Bring back/).click();
    await page.getByRole("link", { name: "Orders (mine)" }).waitFor();
    await page
      .getByRole("heading", { name: "Removed destinations" })
      .waitFor({ state: "detached" });
  });

  await story("a filter is tried on what has come, and its mistakes are told at it", async () => {
    await page.goto("/connections");
    await page.getByRole("link", { name: /Orders \(mine\)/ }).waitFor();
    await examine(page, "connections");
    await fits(page, "connections");
    await page.getByRole("link", { name: /Orders \(mine\)/ }).click();
    const condition = page.getByLabel("Condition");
    await condition.fill('userId = "u-7"');
    await button(/Try it/).click();
    await page
      .getByText(/column 8/)
      .first()
      .waitFor();
    await condition.fill('userId == "u-7"');
    await button(/Try it/).click();
    await page.getByText(/1 event of 61 would pass/).waitFor();
    await examine(page, "connection-tried");
    await fits(page, "connection-tried");
    await button("Save").click();
    await page.getByText("Saved", { exact: true }).waitFor();
    await page.goto("/connections");
    await page.getByText('only where userId == "u-7"').waitFor();
  });

  await story("a connection is taken away, and made anew", async () => {
    await page.getByRole("link", { name: /Orders \(mine\)/ }).click();
    await button("Disconnect…").click();
    await page.getByRole("dialog").getByRole("button", { name: "Disconnect" }).click();
    await page.waitForURL("**/connections");
    await page.getByLabel("Source").selectOption(source);
    await page.getByLabel("Destination").selectOption("orders-service");
    await button("Connect").click();
    await page.waitForURL(`**/connections/${source}-orders-service`);
  });

  await story("nothing of that broke the policy, left the host or complained", async () => {
    const refusals = /status of (404|409|412|422)/;
    assert.deepEqual(
      [...faults, ...other.faults].filter((each) => !refusals.test(each)),
      [],
    );
  });

  await page.close();
  await other.page.close();
  await server.stop();

  const led = await startServer(binary, {
    sources: [{ id: "app", name: "App", writeKey: "key-app", destinations: [filed(old.url)] }],
  });
  const third = await openPage(browser, led.admin);

  await story("what the workspace file decides can be looked at, and not changed", async () => {
    await third.page.goto("/destinations/acme?tab=settings");
    await third.page.getByText("It is managed by the workspace file: change it there.").waitFor();
    assert.ok(await third.page.getByLabel("URL").isDisabled());
    assert.equal(await third.page.getByRole("button", { name: "Save" }).count(), 0);
    assert.ok(await third.page.getByRole("button", { name: "Pause" }).isDisabled());
    await examine(third.page, "destination-managed");
    assert.deepEqual(third.faults, []);
  });

  await third.page.close();
  await led.stop();
  old.stop();
  fresh.stop();
}

/** A destination as a workspace file has it. */
const filed = (/** @type {string} */ url) => ({
  id: "acme",
  name: "Hooks of acme",
  enabled: true,
  destinationDefinition: { name: "WEBHOOK" },
  config: { webhookUrl: url, webhookMethod: "POST", headers: [] },
});
