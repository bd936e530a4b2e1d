// Deliveries in the browser: found, understood, tried now, given up, made again, taken along.
import assert from "node:assert/strict";
import { openPage } from "../browser.mjs";
import { startEndpoint } from "../endpoint.mjs";
import { examine, fits } from "../examine.mjs";
import { startServer } from "../server.mjs";
import { until } from "../until.mjs";

/** @param {import("../run.mjs").Needs} needs */
export async function stories({ story, browser, binary }) {
  const endpoint = await startEndpoint(200);
  const destinations = [
    {
      id: "acme",
      name: "Hooks of acme",
      enabled: true,
      destinationDefinition: { name: "WEBHOOK" },
      config: { webhookUrl: endpoint.url, webhookMethod: "POST", headers: [] },
    },
  ];
  const sources = [{ id: "app", name: "App", writeKey: "key-app", destinations }];
  const server = await startServer(binary, { sources });
  const { page, faults } = await openPage(browser, server.admin);
  const button = (/** @type {string | RegExp} */ name) => page.getByRole("button", { name });
  const rows = page.locator("tbody tr");
  const acme = async () =>
    (await (await fetch(`${server.admin}/api/v1/status`)).json()).destinations[0];
  const track = async (/** @type {object} */ event) => {
    const answer = await fetch(`${server.gateway}/v1/track`, {
      method: "POST",
      headers: { authorization: `Basic ${Buffer.from("key-app:").toString("base64")}` },
      body: JSON.stringify({ userId: "u-1", event: "Order Completed", ...event }),
    });
    assert.equal(answer.status, 200);
  };

  await story("a server without deliveries says how they come about", async () => {
    await page.goto("/deliveries");
    await page.getByText("Nothing was delivered yet").waitFor();
    await examine(page, "deliveries-empty");
  });

  await story("each delivery says where it stands, and a filter finds it", async () => {
    await track({ event: "Fine" });
    await until(async () => (await acme()).delivered_first_try === 1);
    endpoint.answers.status = 422;
    await track({ event: "Refused", userId: "u-2" });
    await until(async () => (await acme()).gave_up === 1);
    endpoint.answers.status = 503;
    await track({ event: "Retried", userId: "u-3" });
    await until(async () => (await acme()).retrying === 1);
    await track({ event: "Behind", userId: "u-3" });
    await rows.filter({ hasText: "Behind" }).getByText("Waiting for earlier event").waitFor();
    await rows.filter({ hasText: "Fine" }).getByText("Delivered").waitFor();
    await rows.filter({ hasText: "Refused" }).getByText("Gave up").waitFor();
    await rows
      .filter({ hasText: "Retried" })
      .getByText(/^in \d|due now/)
      .waitFor();
    await examine(page, "deliveries");
    await fits(page, "deliveries");
    await page.getByLabel("Show deliveries that are").selectOption("gave_up");
    await page.waitForFunction(() => document.querySelectorAll("tbody tr").length === 1);
    assert.match(page.url(), /status=gave_up/);
    await page.getByText("More filters").click();
    await page.getByLabel("User").fill("u-1");
    await page.getByText("No delivery matches the filters").waitFor();
    await examine(page, "deliveries-no-match");
    await page.reload();
    await button("Remove the filter by user").click();
    await rows.filter({ hasText: "Refused" }).waitFor();
    await button("Clear filters").click();
    await rows.filter({ hasText: "Fine" }).waitFor();
  });

  await story("what is found can be taken along as a file", async () => {
    await page.goto("/deliveries?status=gave_up");
    await rows.filter({ hasText: "Refused" }).waitFor();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: "CSV" }).click(),
    ]);
    const file = await (await fetch(download.url())).text();
    assert.match(file, /gave_up/);
    assert.equal(file.trim().split("\n").length, 2);
  });

  await story("chosen deliveries lead to a replay of just these", async () => {
    // What is tried again meanwhile has to fail further on: the next story finds it waiting.
    endpoint.answers.status = (body) => (body.includes("Refused") ? 200 : 503);
    await page.getByLabel(/^Choose event/).check();
    await page.getByRole("link", { name: /^Deliver 1 again to Hooks of acme/ }).click();
    await page.getByText("1 event of 1 user would be sent").waitFor();
    await button("Deliver 1 event again").click();
    await page.getByText("All of it is done.").waitFor();
  });

  await story("a delivery says what it waits for, is tried now, and given up", async () => {
    endpoint.answers.status = 503;
    await page.goto("/deliveries?user=u-3");
    await rows.filter({ hasText: "Behind" }).locator("td a").nth(1).click();
    await page.getByText("of the same user, which comes first").waitFor();
    await examine(page, "delivery-waiting");
    await fits(page, "delivery-waiting");
    await page
      .locator(".facts")
      .getByRole("link", { name: /^Event/ })
      .click();
    await button("Try now").waitFor();
    const before = (await acme()).retries;
    await button("Try now").click();
    await until(async () => (await acme()).retries > before);
    await page.getByRole("heading", { name: "Attempt 2" }).waitFor();
    await examine(page, "delivery-scheduled");
    await button("Give up…").click();
    await examine(page, "delivery-give-up");
    await page.getByRole("dialog").getByRole("button", { name: "Give up", exact: true }).click();
    await page.locator(".state", { hasText: "Skipped" }).first().waitFor();
    await examine(page, "delivery-skipped");
  });

  await story("a delivery that is not there says so", async () => {
    await page.goto("/deliveries/acme/4711");
    await page.getByText("there is no such delivery").waitFor();
    await button("Try again").waitFor();
    await examine(page, "delivery-none");
  });

  await story("nothing of that broke the policy, left the host or complained", async () => {
    assert.deepEqual(
      faults.filter((each) => !/status of (404|409|422)/.test(each)),
      [],
    );
  });

  await page.close();
  await server.stop();
  endpoint.stop();
}
