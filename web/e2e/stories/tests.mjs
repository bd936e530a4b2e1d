// Test events in the browser: composed, sent both ways, and the requests of real attempts.
import assert from "node:assert/strict";
import { openPage } from "../browser.mjs";
import { startEndpoint } from "../endpoint.mjs";
import { examine, fits } from "../examine.mjs";
import { startServer } from "../server.mjs";
import { until } from "../until.mjs";

const SECRET = "Bearer s3cret-of-the-orders-service";
const BIG = "9007199254740993";

/** @param {import("../run.mjs").Needs} needs */
export async function stories({ story, browser, binary }) {
  const endpoint = await startEndpoint(200);
  const server = await startServer(binary);
  const { page, faults } = await openPage(browser, server.admin);
  const button = (/** @type {string | RegExp} */ name) => page.getByRole("button", { name });
  const ask = async (
    /** @type {string} */ method,
    /** @type {string} */ path,
    /** @type {object} */ body,
  ) => {
    const answer = await fetch(`${server.admin}/api/v1/${path}`, {
      method,
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    assert.ok(answer.ok, await answer.clone().text());
    return await answer.json();
  };
  const read = async (/** @type {string} */ path) =>
    await (await fetch(`${server.admin}/api/v1/${path}`)).json();
  const config = { webhookUrl: endpoint.url, headers: [{ from: "X-Key", to: SECRET }] };
  await ask("POST", "destinations", { id: "orders", name: "Orders", type: "WEBHOOK", config });
  const { id: source } = (await read("status")).sources[0];
  await ask("POST", "connections", { source, destination: "orders", filter: { types: ["track"] } });
  const json = page.getByLabel("JSON");
  const outcome = page.locator(".outcome");

  await story("a fault in the event is named with its line and column", async () => {
    await page.goto("/destinations/orders?tab=test");
    await until(async () => (await json.inputValue()).includes("Order Completed"));
    await examine(page, "test");
    await fits(page, "test");
    await json.fill('{\n  "type": "track",\n  "userId" "u-1"\n}');
    await page.getByText("Line 3, column 12: this is not JSON.").waitFor();
    assert.equal(await json.getAttribute("aria-invalid"), "true");
    assert.ok(await button("Send the test event").isDisabled());
    await examine(page, "test-fault");
  });

  await story("an event goes straight to the destination, and all of it is shown", async () => {
    await button("Generate sample").click();
    await json.press("Control+Enter");
    await outcome.getByText(/200 in/).waitFor();
    assert.equal(endpoint.bodies.length, 1);
    await page.locator(".rules", { hasText: "Passes" }).waitFor();
    await page.locator(".pairs", { hasText: "[secret …vice]" }).waitFor();
    assert.ok(!(await page.content()).includes(SECRET));
    assert.equal((await read("status")).accepted, 0);
    await examine(page, "test-straight");
    await fits(page, "test-straight");
    await button("Copy as curl").click();
    const curl = await page.evaluate(() => navigator.clipboard.readText());
    assert.match(curl, /^curl -i -X POST 'http:/);
    assert.match(curl, /-H 'x-key: <x-key>'/);
    assert.match(curl, /--data-raw '\{"messageId":"test-/);
  });

  await story("what would be filtered says so, and what failed says what to do", async () => {
    endpoint.answers.status = 503;
    await page.getByLabel("Type").selectOption("identify");
    await button("Generate sample").click();
    await button("Send the test event").click();
    await outcome.getByText(/503 in .*The endpoint failed/).waitFor();
    await page.locator(".rules", { hasText: "Filtered" }).waitFor();
    await page.getByText(/Add the type to the filter's types/).waitFor();
    await page.getByText(/A real event like this would not come/).waitFor();
    await page.getByText("What to do").waitFor();
    await examine(page, "test-failed");
    await fits(page, "test-failed");
    endpoint.answers.status = 200;
  });

  await story("a destination that is paused is tested all the same, and that is said", async () => {
    await ask("PATCH", "destinations/orders", { postrider: { delivery: { paused: true } } });
    await button("Send the test event").click();
    await page.getByText(/The destination is paused: events wait/).waitFor();
    await outcome.getByText(/200 in/).waitFor();
    await ask("PATCH", "destinations/orders", { postrider: { delivery: null } });
  });

  await story(
    "an event that has come is loaded, and its numbers stay as they were sent",
    async () => {
      const { write_keys } = (await read("status")).sources[0];
      const answer = await fetch(`${server.gateway}/v1/track`, {
        method: "POST",
        headers: { authorization: `Basic ${Buffer.from(`${write_keys[0]}:`).toString("base64")}` },
        body: `{"userId":"u-big","event":"Big","properties":{"n":${BIG}}}`,
      });
      assert.equal(answer.status, 200);
      await until(
        async () => (await read("deliveries?user=u-big")).deliveries[0]?.status === "delivered",
      );
      await button("Load a recent event").click();
      await page.getByRole("button", { name: /Big/ }).waitFor();
      await examine(page, "test-recent");
      await fits(page, "test-recent");
      await page.getByRole("button", { name: /Big/ }).click();
      await until(async () => (await json.inputValue()).includes(BIG));
      assert.ok(!(await json.inputValue()).includes("messageId"));
      const before = endpoint.bodies.length;
      await button("Send the test event").click();
      await until(async () => endpoint.bodies.length > before);
      assert.match(`${endpoint.bodies.at(-1)}`, new RegExp(`"n":\\s*${BIG}`));
    },
  );

  await story("an event goes through its source, and what became of it is followed", async () => {
    await page.goto(`/sources/${source}`);
    await page.getByRole("link", { name: "Compose one" }).click();
    await until(async () => (await json.inputValue()).includes("Order Completed"));
    assert.ok(await page.getByLabel("Through the source").isChecked());
    await button("Send the test event").click();
    await outcome.getByRole("link", { name: "Open the event" }).waitFor();
    const row = page.getByRole("row", { name: /Orders/ });
    await row.getByText("Delivered").waitFor();
    await button("Show the request").click();
    await page.getByText(/Rebuilt from the event and version \d+ of the destination/).waitFor();
    await examine(page, "test-through");
    await fits(page, "test-through");
  });

  await story(
    "a delivery shows the request of its attempt, rebuilt, also of an older version",
    async () => {
      const { deliveries } = await read("deliveries?user=u-big");
      await ask("PATCH", "destinations/orders", {
        config: { headers: [{ from: "X-Key", to: "another-key-of-the-service" }] },
      });
      await page.goto(`/deliveries/orders/${deliveries[0].seq}`);
      await button("Show the request").click();
      await page.getByText(/which has been changed since/).waitFor();
      await page.locator(".pairs", { hasText: "[secret …vice]" }).waitFor();
      await page.locator(".request-body", { hasText: BIG }).waitFor();
      await examine(page, "delivery-request");
      await fits(page, "delivery-request");
      await button("Copy as curl").click();
      const curl = await page.evaluate(() => navigator.clipboard.readText());
      assert.ok(curl.includes(BIG) && curl.includes("<x-key>"), curl);
    },
  );

  await story("nothing of that broke the policy, left the host or complained", async () => {
    assert.deepEqual(faults, []);
  });

  await page.close();
  await server.stop();
  endpoint.stop();
}
