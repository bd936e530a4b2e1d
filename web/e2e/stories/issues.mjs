// Issues in the browser: two kinds of failures, what each has cost, and what is disabled or removed.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { openPage } from "../browser.mjs";
import { examine, fits } from "../examine.mjs";
import { startServer } from "../server.mjs";

/** An endpoint that answers every event with the status that its name says. */
async function startEndpoint() {
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const part of request) body += part;
    response.writeHead(Number(JSON.parse(body).event)).end("<b>no</b>");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = /** @type {import("node:net").AddressInfo} */ (server.address());
  const stop = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${address.port}/`, stop };
}

/** @param {string} id @param {string} url @param {boolean} enabled */
const destination = (id, url, enabled) => ({
  id,
  name: `Hooks of ${id}`,
  enabled,
  destinationDefinition: { name: "WEBHOOK" },
  config: { webhookUrl: url, webhookMethod: "POST", headers: [] },
});

/** @param {object[]} destinations */
const workspace = (destinations) => ({
  sources: [{ id: "app", name: "App", writeKey: "key-app", destinations }],
});

/** @param {import("../run.mjs").Needs} needs */
export async function stories({ story, browser, binary }) {
  const endpoint = await startEndpoint();
  const both = ["acme", "old"].map((id) => destination(id, endpoint.url, true));
  const server = await startServer(binary, workspace(both));
  const { page, faults } = await openPage(browser, server.admin);

  const track = async (/** @type {string} */ user, /** @type {number} */ status) => {
    const answer = await fetch(`${server.gateway}/v1/track`, {
      method: "POST",
      headers: { authorization: `Basic ${Buffer.from("key-app:").toString("base64")}` },
      body: JSON.stringify({ userId: user, event: String(status) }),
    });
    assert.equal(answer.status, 200);
  };

  await story("a server without failures has no issue", async () => {
    await page.goto("/issues");
    await page.getByText("Nothing has failed").waitFor();
    await page.getByText("No issue is open").waitFor();
    await examine(page, "issues-empty");
  });

  await story(
    "failures of two kinds are two issues, the worst first, counted in the navigation",
    async () => {
      for (const user of ["u-1", "u-1", "u-2"]) await track(user, 422);
      for (const user of ["u-3", "u-4"]) await track(user, 503);
      await page.goto("/issues?destination=acme");
      await page.getByText("2 issues open, 3 deliveries lost, 2 deliveries waiting").waitFor();
      const rows = page.locator("tbody tr");
      await rows.first().getByText("The endpoint refused the event.").waitFor();
      assert.match(`${await rows.first().textContent()}`, /client_error.*422.*Hooks of acme/);
      await page.getByRole("link", { name: "Issues 4 open" }).waitFor();
      await examine(page, "issues");
      await fits(page, "issues");
    },
  );

  await story("an issue shows what to do, what it cost, and its newest attempts", async () => {
    await page.getByRole("link", { name: "The endpoint refused the event." }).click();
    await page.waitForURL(/\/issues\/\d+$/);
    await page.locator(".facts dt", { hasText: "What to do" }).waitFor();
    await page.locator(".facts dd", { hasText: "3 deliveries" }).first().waitFor();
    assert.equal(await page.locator("tbody tr").count(), 3);
    await examine(page, "issue");
    await fits(page, "issue");
    await page.getByRole("link", { name: "Deliver again" }).waitFor();
    await page.locator("tbody a").first().click();
    await page.waitForURL(/\/deliveries\/acme\/\d+$/);
  });

  await story(
    "an issue is acknowledged with a note, ignored, found again and reopened",
    async () => {
      await page.goto("/issues?destination=acme");
      await page.getByRole("link", { name: "The endpoint refused the event." }).click();
      await page.locator(".trend > span", { hasText: /\d since \d\d:\d\d, \d in the/ }).waitFor();
      await page.getByRole("button", { name: "Acknowledge…" }).click();
      await page.getByLabel("Note").fill("<i>Ada</i> asks them");
      await examine(page, "issue-acknowledge");
      await page.getByRole("dialog").getByRole("button", { name: "Acknowledge" }).click();
      await page.locator(".page-head .state", { hasText: "Acknowledged" }).waitFor();
      await page.locator(".facts dd", { hasText: "<i>Ada</i> asks them" }).waitFor();
      await page.getByRole("link", { name: "Issues 3 open" }).waitFor();
      await examine(page, "issue-acknowledged");
      await fits(page, "issue-acknowledged");

      await page.getByRole("button", { name: "Ignore…" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Ignore" }).click();
      await page.locator(".page-head .state", { hasText: "Ignored" }).waitFor();
      await page.goto("/issues?destination=acme");
      await page.getByText("1 issue open, 2 deliveries waiting").waitFor();
      assert.equal(await page.locator("tbody tr").count(), 1);
      await page.getByLabel("Show issues that are").selectOption("ignored");
      await page.getByText("1 issue ignored").waitFor();
      await examine(page, "issues-ignored");
      await page.getByRole("link", { name: "The endpoint refused the event." }).click();
      await page.getByRole("button", { name: "Reopen" }).click();
      await page.getByRole("link", { name: "Issues 4 open" }).waitFor();
      await page.locator(".page-head .state", { hasText: "Open" }).waitFor();
    },
  );

  await story(
    "what is disabled does not queue, and what is removed is kept for a while",
    async () => {
      await server.follow(workspace([destination("acme", endpoint.url, false)]));
      await page.goto("/");
      await page.getByText("does not queue", { exact: true }).waitFor();
      await page.getByRole("heading", { name: "Removed destinations" }).waitFor();
      await page.getByText(/does not queue; put/).waitFor();
      await examine(page, "overview-away");
      await fits(page, "overview-away");
      await page.getByRole("link", { name: "Hooks of acme" }).first().click();
      await page.getByText(/what comes now is passed over/).waitFor();
      await page.getByText("the machine's authorities").waitFor();
      await examine(page, "destination-disabled");
    },
  );

  await story("nothing of that broke the policy, left the host or complained", async () => {
    assert.deepEqual(faults, []);
  });

  await page.close();
  await server.stop();
  endpoint.stop();
}
