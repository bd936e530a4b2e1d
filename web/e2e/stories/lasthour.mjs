// The last hour of a destination: how deliveries ended and how long events took, and what failed in it.
import assert from "node:assert/strict";
import { openPage } from "../browser.mjs";
import { startEndpoint } from "../endpoint.mjs";
import { examine, fits } from "../examine.mjs";
import { sender, webhook, workspace } from "../senders.mjs";
import { startServer } from "../server.mjs";
import { until } from "../until.mjs";

/** @param {import("../run.mjs").Needs} needs */
export async function stories({ story, browser, binary }) {
  const [good, bad] = [await startEndpoint(200), await startEndpoint(400)];
  const both = [webhook("good", good.url), webhook("bad", bad.url)];
  const server = await startServer(binary, workspace(both));
  const { page, faults } = await openPage(browser, server.admin);
  const { track } = sender(server.gateway, "key-app");
  const read = async (/** @type {string} */ path) =>
    await (await fetch(`${server.admin}/api/v1/${path}`)).json();
  const rowOfGood = () =>
    page
      .getByRole("region", { name: "Destinations table" })
      .getByRole("row", { name: /Hooks of good/ });
  /** @type {string[]} */
  const asked = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));

  await story(
    "a destination without deliveries has an hour in which nothing was counted",
    async () => {
      await page.goto("/destinations/good");
      await page.getByText("First try 0, On retry 0, Failed 0").waitFor();
      await page.getByRole("button", { name: "Show as a table" }).click();
      await page.getByText("Nothing was counted in this time").waitFor();
    },
  );

  await story("both tables of destinations ask once for all of them", async () => {
    for (let at = 0; at < 3; at += 1) await track({ userId: `u-${at}` });
    await until(async () => {
      const { destinations } = await read("status");
      return destinations.every(
        (
          /** @type {{ delivered_first_try: number, gave_up: number }} */ {
            delivered_first_try,
            gave_up,
          },
        ) => delivered_first_try + gave_up === 3,
      );
    });
    for (const path of ["/", "/destinations"]) {
      asked.length = 0;
      await page.goto(path);
      await rowOfGood()
        .getByText(/^[\d,]+ ms$/)
        .waitFor();
      const series = asked.filter((each) => each.includes("/series/"));
      assert.deepEqual([...new Set(series)], ["/api/v1/series/destinations"], path);
    }
    await page.goto("/");
    await rowOfGood().getByRole("img", { name: "3 deliveries in the last hour" }).waitFor();
  });

  await story("how deliveries ended is drawn, told in words, and listed", async () => {
    await page.goto("/destinations/bad");
    await page.getByText("First try 0, On retry 0, Failed 3").waitFor();
    await page.locator(".plot canvas").waitFor();
    await examine(page, "destination-hour");
    await fits(page, "destination-hour");
    await page.getByRole("button", { name: "Show as a table" }).click();
    const figure = page.getByRole("button", { name: /Failed: show these deliveries/ }).first();
    await examine(page, "destination-hour-table");
    await figure.focus();
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/deliveries\?.*status=gave_up/);
    await page.locator("tbody tr").nth(2).waitFor();
    assert.equal(await page.locator("tbody tr").count(), 3);
  });

  await story("a click on a bar of failures opens its deliveries", async () => {
    await page.goto("/destinations/bad");
    const plot = page.locator(".plot .u-over");
    await plot.waitFor();
    const box = await plot.boundingBox();
    assert.ok(box);
    const words = page.locator(".plot-words");
    let x = box.x + box.width - 1;
    for (; x > box.x; x -= 4) {
      await page.mouse.move(x, box.y + box.height / 2);
      if (/Failed [1-9]/.test(`${await words.textContent()}`)) break;
    }
    assert.ok(x > box.x, "a bar of failures is found");
    await page.mouse.click(x, box.y + box.height / 2);
    await page.waitForURL(/\/deliveries\?.*destination=bad.*/);
    await page.locator("tbody tr").first().waitFor();
  });

  await story("how long events took is on the other face, which is in the address", async () => {
    await page.goto("/destinations/good");
    await page.getByRole("tab", { name: "Latency" }).click();
    await page.waitForURL(/chart=latency/);
    await page.getByText(/p50 at most [\d,]+ ms, p95 at most [\d,]+ ms/).waitFor();
    await page.locator(".plot canvas").waitFor();
    await examine(page, "destination-latency");
    await page.reload();
    await page.getByText(/p50 at most/).waitFor();
  });

  await story("nothing of that broke the policy, left the host or complained", async () => {
    assert.deepEqual(faults, []);
  });

  await page.close();
  await server.stop();
  good.stop();
  bad.stop();
}
