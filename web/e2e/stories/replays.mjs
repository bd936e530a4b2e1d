// Replays in the browser: what an outage has cost is delivered again, in few steps and with an estimate.
import assert from "node:assert/strict";
import { openPage } from "../browser.mjs";
import { startEndpoint } from "../endpoint.mjs";
import { examine, fits } from "../examine.mjs";
import { startServer } from "../server.mjs";
import { until } from "../until.mjs";

const EVENTS = 2_000;
const BATCH = 500;

/** @param {string} id @param {string} url */
const destination = (id, url) => ({
  id,
  name: `Hooks of ${id}`,
  enabled: true,
  destinationDefinition: { name: "WEBHOOK" },
  config: { webhookUrl: url, webhookMethod: "POST", headers: [] },
});

/** @param {import("../run.mjs").Needs} needs */
export async function stories({ story, browser, binary }) {
  const endpoint = await startEndpoint(422);
  const destinations = [destination("acme", endpoint.url)];
  const sources = [{ id: "app", name: "App", writeKey: "key-app", destinations }];
  const server = await startServer(binary, { sources });
  const { page, faults } = await openPage(browser, server.admin);
  const acme = async () =>
    (await (await fetch(`${server.admin}/api/v1/status`)).json()).destinations[0];
  const track = async (/** @type {string} */ user) => {
    const answer = await fetch(`${server.gateway}/v1/track`, {
      method: "POST",
      headers: { authorization: `Basic ${Buffer.from("key-app:").toString("base64")}` },
      body: JSON.stringify({ userId: user, event: "Order Completed" }),
    });
    assert.equal(answer.status, 200);
  };
  const button = (/** @type {string | RegExp} */ name) => page.getByRole("button", { name });

  const fail = async () => {
    for (let sent = 0; sent < EVENTS; sent += BATCH) {
      const batch = Array.from({ length: BATCH }, (_, at) => ({
        type: "track",
        userId: `u-${(sent + at) % 90}`,
        event: at % 2 === 0 ? "Order Completed" : "Order Refunded",
      }));
      const answer = await fetch(`${server.gateway}/v1/batch`, {
        method: "POST",
        headers: { authorization: `Basic ${Buffer.from("key-app:").toString("base64")}` },
        body: JSON.stringify({ batch }),
      });
      assert.equal(answer.status, 200);
    }
    await until(async () => (await acme()).gave_up >= EVENTS);
  };

  await story("a server without replays says what they are for, and begins one", async () => {
    await page.goto("/replays");
    await page.getByText("Nothing was replayed yet").waitFor();
    await examine(page, "replays-empty");
    await page.getByRole("link", { name: "New replay" }).last().click();
    await page.getByText("Choose a destination and an intent").waitFor();
    await page.getByLabel("Destination").selectOption("acme");
    await page.getByLabel("Recover failed").check();
    await page.getByText("No event would be sent.").waitFor();
    assert.ok(await button("Deliver no events again").isDisabled());
    await examine(page, "replay-new-empty");
    await fits(page, "replay-new");
  });

  await story("a mistake is told at its field, and the rest stays", async () => {
    await page.getByLabel("Condition").fill('event = "Order Completed"');
    await page.getByText("column 7: found =; write == to compare").waitFor();
    const field = page.getByLabel("Condition");
    assert.equal(await field.getAttribute("aria-invalid"), "true");
    await examine(page, "replay-new-mistake");
    await page.getByLabel("Type").fill("event");
    await page.getByText(/must be one of other, identify/).waitFor();
    await page.reload();
    await page.getByText("column 7: found =; write == to compare").waitFor();
    assert.equal(await field.inputValue(), 'event = "Order Completed"');
  });

  await story(`${EVENTS} events that an outage has cost come back in five steps`, async () => {
    await page.goto("/");
    await fail();
    endpoint.answers.status = 200;
    let steps = 0;
    const step = async (/** @type {import("playwright-core").Locator} */ what) => {
      steps += 1;
      await what.click();
    };
    await step(page.getByRole("navigation").getByRole("link", { name: /^Issues/ }));
    await step(page.getByRole("link", { name: "The endpoint refused the event." }));
    await step(page.getByRole("link", { name: "Deliver again" }));
    await page.getByText("2,000 events of 90 users would be sent").waitFor();
    await examine(page, "replay-new");
    await step(button("Deliver 2,000 events again"));
    await page.waitForURL(/\/replays\/\d+$/);
    await page.getByText("All of it is done.").waitFor({ timeout: 30_000 });
    assert.ok(steps <= 5, `${steps} steps`);
    assert.equal(endpoint.bodies.length, EVENTS);
    await page.locator(".number-value", { hasText: "2,000" }).waitFor();
    await examine(page, "replay-done");
    await fits(page, "replay-done");
  });

  await story("a replay is paused, goes on, and is cancelled; the list tells", async () => {
    await page.goto("/replays/new?destination=acme&intent=resend_range&rate=20");
    await button("Deliver 2,000 events again").click();
    await page.waitForURL(/\/replays\/\d+$/);
    await button("Pause").click();
    await button("Resume").waitFor();
    await examine(page, "replay-paused");
    await button("Resume").click();
    await button("Pause").waitFor();
    await page.getByText(/a second, about/).waitFor();
    await examine(page, "replay-running");
    await button("Cancel").click();
    await page.getByText("It was cancelled").waitFor();
    await page.getByRole("link", { name: "All replays" }).click();
    await page.locator("tbody tr", { hasText: "Cancelled" }).getByText("Resend a range").waitFor();
    await page.locator("tbody tr", { hasText: "Recover failed" }).getByText("Done").waitFor();
    await examine(page, "replays");
    await fits(page, "replays");
  });

  await story("an endpoint that takes nothing is to be mended before a replay", async () => {
    endpoint.stop();
    for (let user = 0; user < 40; user += 1) await track(`u-${user}`);
    await until(async () => (await acme()).flow.failing_since !== null);
    await page.goto("/replays/new?destination=acme&intent=resend_range");
    await page.getByText(/takes deliveries again: mend that first/).waitFor();
    await examine(page, "replay-new-sick");
  });

  await story("no replay can be found under a strange number", async () => {
    await page.goto("/replays/4711");
    await page.getByText("there is no replay 4711").waitFor();
  });

  await story("nothing of that broke the policy, left the host or complained", async () => {
    // What the server refuses is in the console of every browser.
    assert.deepEqual(
      faults.filter((each) => !/status of 422|status of 404/.test(each)),
      [],
    );
  });

  await page.close();
  await server.stop();
}
