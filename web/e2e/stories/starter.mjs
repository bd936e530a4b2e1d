// The overview and the playground of a starter: from the first event to a server that is lost.
import assert from "node:assert/strict";
import { openPage } from "../browser.mjs";
import { examine, fits } from "../examine.mjs";
import { startServer } from "../server.mjs";

const FIRST_LOAD_BYTES_MAX = 300 * 1024;

/** @param {import("../run.mjs").Needs} needs */
export async function stories({ story, browser, binary }) {
  const server = await startServer(binary);
  const { page, faults } = await openPage(browser, server.admin);

  const readStatus = async () => (await fetch(`${server.admin}/api/v1/status`)).json();
  /** @type {string} */
  const writeKey = (await readStatus()).sources[0].write_keys[0];

  /** Sends an event as an SDK does, and answers the gateway's status. */
  async function send(/** @type {string} */ kind, /** @type {string} */ body) {
    const answer = await fetch(`${server.gateway}/v1/${kind}`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        authorization: `Basic ${Buffer.from(`${writeKey}:`).toString("base64")}`,
      },
      body,
    });
    await answer.text();
    return answer.status;
  }

  const track = (/** @type {string} */ event) =>
    send("track", JSON.stringify({ userId: "u-1", event, properties: {} }));

  const button = (/** @type {string | RegExp} */ name) => page.getByRole("button", { name });
  const row = (/** @type {string} */ name) =>
    page.locator(".requests .row-button").filter({ hasText: name }).first();

  await story("the overview of a fresh server shows how to send the first event", async () => {
    await page.goto("/");
    await page.getByRole("heading", { name: "No events yet" }).waitFor();
    await page.getByText("Waiting for the first event…").waitFor();
    const line = await page.locator(".first pre").textContent();
    assert.ok(line?.includes(`'${writeKey}:'`) && line.includes(server.gateway), `${line}`);
    await examine(page, "overview-empty");
  });

  await story("the first load stays within its budget", async () => {
    const sizes = await page.evaluate(() =>
      performance
        .getEntriesByType("resource")
        .map((entry) => /** @type {PerformanceResourceTiming} */ (entry))
        .filter((entry) => entry.name.endsWith(".js"))
        .map((entry) => entry.encodedBodySize),
    );
    const sum = sizes.reduce((total, size) => total + size, 0);
    console.log(`     ${Math.round(sum / 1024)} KiB of compressed JavaScript`);
    assert.ok(sum > 0 && sum <= FIRST_LOAD_BYTES_MAX, `${sum} bytes of JavaScript`);
  });

  await story("the write key is copied by its button", async () => {
    await button(/^Copy write key/)
      .first()
      .click();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), writeKey);
  });

  await story("an empty playground waits with the curl line", async () => {
    await page.locator(".target").getByRole("link", { name: "Playground" }).click();
    await page.waitForURL("**/play/demo");
    await page.getByText("Waiting for the first event…").waitFor();
    await page.locator("main").getByText("Live", { exact: true }).waitFor();
    await examine(page, "split-empty");
  });

  await story("an accepted event appears in the open playground, as it was sent", async () => {
    const start = performance.now();
    const body = `{"userId":"u-1","event":"Order Completed","properties":{"order":9007199254740993,"total":42.50}}`;
    assert.equal(await send("track", body), 200);
    await row("Order Completed").waitFor();
    console.log(`     shown ${Math.round(performance.now() - start)} ms after it was sent`);
    const pretty = await page.locator(".json").textContent();
    assert.ok(
      pretty?.includes('"order": 9007199254740993') && pretty.includes("42.50"),
      `${pretty}`,
    );
  });

  await story("rows are walked by keyboard and the selection is in the address", async () => {
    await track("Second");
    await track("Third");
    await row("Third").waitFor();
    await row("Third").click();
    await page.keyboard.press("ArrowDown");
    await page.locator(".detail h2", { hasText: "Second" }).waitFor();
    assert.ok(await row("Second").evaluate((it) => it === document.activeElement));
    assert.match(page.url(), /request=\d+/);
    await page.reload();
    await page.locator(".detail h2", { hasText: "Second" }).waitFor();
  });

  await story("each face of a request shows its part", async () => {
    await page.getByRole("tab", { name: "Raw" }).click();
    assert.match(`${await page.locator(".raw").textContent()}`, /^\{.*"event":"Second".*\}$/s);
    await page.getByRole("tab", { name: /Headers/ }).click();
    await page.locator(".pairs dt", { hasText: "content-type" }).waitFor();
    await page.getByRole("tab", { name: "Query" }).click();
    await page.getByRole("tab", { name: "Pretty" }).click();
    await page.locator(".json").waitFor();
  });

  await story("pausing holds the list and counts what came", async () => {
    await button("Pause").click();
    await track("While paused 1");
    await track("While paused 2");
    await button(/Resume · \+2 new/).waitFor();
    assert.equal(await row("While paused 2").count(), 0);
    await button(/Resume/).click();
    await row("While paused 2").waitFor();
  });

  await story("characters that hide or reorder others are shown as symbols", async () => {
    for (const text of ["a\u202Egnp.exe", "W".repeat(180), "line\nfeed"]) {
      const event = { userId: text, event: text, properties: { [text]: text } };
      assert.equal(await send("track", JSON.stringify(event)), 200);
    }
    await row("gnp.exe").click();
    await page.getByRole("tab", { name: "Pretty" }).click();
    assert.ok(await page.locator(".detail h2 .symbol", { hasText: "U+202E" }).isVisible());
  });

  await story("the playground passes axe in both themes and fits every width", async () => {
    await row("Order Completed").click();
    await page.locator(".detail h2", { hasText: "Order Completed" }).waitFor();
    await examine(page, "play");
    await fits(page, "play-detail");
    await page.goto("/play/demo");
    await row("gnp.exe").waitFor();
    await fits(page, "play-list");
  });

  await story("the list is bounded, and shows the newest after a burst", async () => {
    for (let batch = 0; batch < 30; batch += 1) {
      await Promise.all(Array.from({ length: 20 }, (_, at) => track(`Burst ${batch * 20 + at}`)));
    }
    await track("After the burst");
    await row("After the burst").waitFor();
    const rows = await page.locator(".requests tbody tr").count();
    assert.ok(rows > 200 && rows <= 500, `${rows} rows`);
  });

  await story("the list gives way to the request on a narrow screen, and back", async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await row("After the burst").click();
    await page.locator(".detail h2", { hasText: "After the burst" }).waitFor();
    assert.ok(await page.locator(".requests").isHidden());
    await button("Back to the list").click();
    await page.waitForFunction(() => document.activeElement?.textContent === "After the burst");
    await page.setViewportSize({ width: 1440, height: 900 });
  });

  await story("the overview tells what was accepted, delivered and rejected", async () => {
    await send("track", "{broken");
    await page.goto("/");
    await page.getByRole("heading", { name: "Rejections" }).waitFor();
    await page.locator(".state", { hasText: "Rejected" }).first().waitFor();
    await page.getByText("The body is not valid JSON.").waitFor();
    await page.locator(".state", { hasText: "Delivered" }).first().waitFor();
    const { accepted } = await readStatus();
    await page
      .locator(`.number-value[title^="${accepted.toLocaleString("en")} since"]`)
      .first()
      .waitFor();
    await examine(page, "overview");
    await fits(page, "overview");
  });

  await story("what was filtered is a number with its reason", async () => {
    const event = { userId: "u-1", event: "Kept", integrations: { All: false } };
    assert.equal(await send("track", JSON.stringify(event)), 200);
    const cell = page.locator("td", { hasText: "integrations 1" });
    await cell.waitFor();
    const words = await cell.locator("[title]").first().getAttribute("title");
    assert.match(`${words}`, /^1\n1: The event's integrations object keeps it/);
    await examine(page, "overview-filtered");
    await fits(page, "overview-filtered");
  });

  await story("filters of the attempts live in the address", async () => {
    await page.getByLabel("Show attempts that ended as").selectOption("gave_up");
    await page.getByText("No attempt matches the filters").waitFor();
    assert.match(page.url(), /fate=gave_up/);
    await page.reload();
    await page.getByText("No attempt matches the filters").waitFor();
    await button("Clear filters").click();
    await page.locator(".state", { hasText: "Delivered" }).first().waitFor();
  });

  await story("an attempt leads to its delivery, and that to its destination", async () => {
    const { seq, destination } = (await (await fetch(`${server.admin}/api/v1/attempts`)).json())
      .attempts[0];
    await page
      .getByRole("link", { name: seq.toLocaleString("en"), exact: true })
      .first()
      .click();
    await page.waitForURL(`**/deliveries/${destination}/${seq}`);
    await page.reload();
    await page.getByRole("heading", { name: "Attempt 1" }).waitFor();
    await page.locator(".facts dd", { hasText: "200" }).first().waitFor();
    await examine(page, "delivery");
    await fits(page, "delivery");
    await page.locator("h1").getByRole("link").click();
    await page.waitForURL(`**/destinations/${destination}`);
    await page.reload();
    await page.locator(".facts dt", { hasText: "Signing" }).waitFor();
    await page.getByText("all events").waitFor();
    await examine(page, "destination");
    await fits(page, "destination");
  });

  await story("a chosen theme stays after a reload", async () => {
    await button(/^Appearance: as the system/).click();
    await button(/^Appearance: light/).click();
    await page.reload();
    await page.waitForFunction(
      () => document.documentElement.dataset.mantineColorScheme === "dark",
    );
    await button(/^Appearance: dark/).click();
  });

  await story("nothing broke the policy, left the host or complained", async () => {
    assert.deepEqual(faults, []);
  });

  await story("an unknown playground says so and shows the way", async () => {
    await page.goto("/play/nowhere");
    await page.getByText("No destination delivers to this playground").waitFor();
    await page.getByRole("link", { name: "Open demo" }).click();
    await row("After the burst").waitFor();
  });

  await story("a lost server is told, with the age of what is shown", async () => {
    await page.goto("/");
    await page.getByRole("heading", { name: "Destinations" }).waitFor();
    await server.stop();
    await page.getByRole("alert").getByText("The server does not answer.").first().waitFor();
    await page.locator("main[data-stale]").waitFor();
    await examine(page, "overview-lost");
  });

  await page.close();
}
