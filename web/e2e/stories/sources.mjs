// Sources: added by a name, set up with a snippet, edited where two people do it at once, removed.
import assert from "node:assert/strict";
import { follows, openPage } from "../browser.mjs";
import { examine, fits } from "../examine.mjs";
import { sender } from "../senders.mjs";
import { startServer } from "../server.mjs";

/** @param {import("../run.mjs").Needs} needs */
export async function stories({ story, browser, binary }) {
  const server = await startServer(binary);
  const { page, faults } = await openPage(browser, server.admin);
  const tab = (/** @type {string} */ name) => page.getByRole("tab", { name }).click();
  const source = async () => (await fetch(`${server.admin}/api/v1/sources/web-shop`)).json();

  await story("a source is added by its name", async () => {
    await page.goto("/sources");
    await page.getByRole("link", { name: "My app" }).waitFor();
    await examine(page, "sources");
    await fits(page, "sources");
    await page.getByRole("button", { name: "Add a source" }).click();
    await page.getByLabel("Name").fill("Web shop");
    await examine(page, "source-add");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/sources/web-shop");
    await page.getByText("Waiting for the first event…").waitFor();
    await examine(page, "source-setup");
    await fits(page, "source-setup");
  });

  await story("a snippet has the key and the address, and an event is seen", async () => {
    const { writeKey } = await source();
    for (const [choice, wanted] of [
      ["Node", `new Analytics("${writeKey}", {`],
      ["Browsers", `analytics.load("${writeKey}", "${server.gateway}", {`],
      ["Python", `analytics.dataPlaneUrl = "${server.gateway}"`],
    ]) {
      await page.getByLabel("Send with").selectOption(`${choice}`);
      assert.ok((await page.locator(".command pre").textContent())?.includes(`${wanted}`), choice);
    }
    await page.getByText("No events of this SDK so far.").waitFor();
    const library = { name: "analytics-python", version: "2.1.9" };
    const { track } = sender(server.gateway, writeKey);
    await track({ event: "From the shop", context: { library } });
    await page.getByText(/We saw an event of this source/).waitFor();
    await page.getByText(/We saw 1 event of this SDK, the last .* \(2\.1\.9\)/).waitFor();
    await track({ event: "<b>Bold</b>", context: { library: { name: "<i>", version: "1" } } });
    await page.getByText("All SDKs of this source (2)").click();
    await page.locator("li", { hasText: "<i> 1" }).waitFor();
    await examine(page, "source-seen");
  });

  await story("its events, rejections and live rows are its own", async () => {
    const { writeKey } = await source();
    const { send, track } = sender(server.gateway, writeKey);
    await tab("Events");
    await page.getByRole("link", { name: "From the shop" }).waitFor();
    await examine(page, "source-events");
    await fits(page, "source-events");
    await page.getByRole("button", { name: "<b>Bold</b>" }).click();
    await page.getByRole("link", { name: "From the shop" }).waitFor({ state: "detached" });
    await page.getByRole("link", { name: "<b>Bold</b>" }).waitFor();
    await page.getByRole("button", { name: "Clear filters" }).first().click();
    await page.getByLabel("Name", { exact: true }).fill("Nothing is called so");
    await page.getByText("No event matches the filters").waitFor();
    await page.getByRole("button", { name: "Clear filters" }).first().click();
    await page.getByRole("link", { name: "From the shop" }).waitFor();
    await tab("Rejected");
    await page.getByText("Nothing of this source was rejected").waitFor();
    assert.equal(await send("track", "{broken"), 400);
    await page.locator(".state", { hasText: "Rejected" }).first().waitFor();
    await examine(page, "source-rejected");
    await tab("Live");
    await follows(page);
    await track({ event: "Seen live" });
    await page.locator(".live-list tbody tr", { hasText: "Seen live" }).waitFor();
    await examine(page, "source-live");
    await fits(page, "source-live");
  });

  await story("a test event is sent from the page, and leads to itself", async () => {
    await tab("Setup");
    await page.getByRole("button", { name: "Send a test event" }).click();
    await page.getByRole("link", { name: "See what became of it" }).click();
    await page.waitForURL(/\/events\/test-/);
    await page.getByRole("heading", { name: "Order Completed" }).waitFor();
  });

  await story("what is refused of a change is told at its field", async () => {
    await page.goto("/sources/web-shop?tab=settings");
    await page.getByLabel("Events per second").fill("many");
    await page.getByRole("button", { name: "Save" }).click();
    await page.locator(".mantine-InputWrapper-error").first().waitFor();
    await examine(page, "source-mistake");
    await page.getByLabel("Events per second").fill("50");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("status").getByText("Saved").waitFor();
    assert.equal((await source()).postrider.rateLimit.eventsPerSecond, 50);
    await examine(page, "source-settings");
    await fits(page, "source-settings");
  });

  await story("a new key is made, and the old one counts for a while", async () => {
    const { writeKey } = await source();
    await page.getByRole("button", { name: "Make a new key" }).click();
    await page.locator("dt", { hasText: "Ends" }).waitFor();
    assert.notEqual((await source()).writeKey, writeKey);
    await sender(server.gateway, writeKey).track({ event: "With the old key" });
  });

  await story("a source is removed once one says so again", async () => {
    await page.getByRole("button", { name: "Remove this source…" }).click();
    await examine(page, "source-remove");
    await page.getByRole("button", { name: "Remove", exact: true }).click();
    await page.waitForURL("**/sources");
    await page.getByRole("link", { name: "Web shop" }).waitFor({ state: "detached" });
    await page.goto("/sources/web-shop");
    await page.getByText("There is no such source").waitFor();
    await examine(page, "source-none");
  });

  await story("nothing of that broke the policy, left the host or complained", async () => {
    // What is refused by its form is an answer of 4xx, and no fault of the page.
    const own = faults.filter((fault) => !/ 4\d\d \(/.test(fault));
    assert.deepEqual(own, []);
  });

  await page.close();
  await server.stop();
}
