// Live: what is accepted, delivered and refused appears as it happens, and can be held, narrowed and opened.
import assert from "node:assert/strict";
import { follows, openPage } from "../browser.mjs";
import { startEndpoint } from "../endpoint.mjs";
import { examine, fits } from "../examine.mjs";
import { sender, webhook, workspace } from "../senders.mjs";
import { startServer } from "../server.mjs";
import { until } from "../until.mjs";

/** @param {import("../run.mjs").Needs} needs */
export async function stories({ story, browser, binary }) {
  const good = await startEndpoint();
  const server = await startServer(binary, workspace([webhook("good", good.url)]));
  const { page, faults } = await openPage(browser, server.admin);
  const { send, track } = sender(server.gateway, "key-app");
  const row = (/** @type {string} */ name) =>
    page.locator(".live-list tbody tr").filter({ hasText: name }).first();

  await story("a page that waits says how the first event is sent", async () => {
    await page.goto("/live");
    await follows(page);
    await page.getByText("Waiting for the first event…").waitFor();
    await examine(page, "live-empty");
  });

  await story("an event appears with a dot for its delivery", async () => {
    const start = performance.now();
    await track({ event: "Order Completed", userId: "u-live" });
    await row("Order Completed").waitFor();
    console.log(`     shown ${Math.round(performance.now() - start)} ms after it was sent`);
    await row("Order Completed").locator('.dot[data-tone="good"]').waitFor();
    const words = await row("Order Completed").locator(".dot").textContent();
    assert.match(`${words}`, /^Hooks of good: Delivered, 200 in \d+ ms, attempt 1$/);
  });

  await story("what is refused appears, with its reason", async () => {
    const answer = await fetch(`${server.gateway}/v1/track`, {
      method: "POST",
      headers: { authorization: `Basic ${Buffer.from("nobody:").toString("base64")}` },
      body: "{}",
    });
    assert.equal(answer.status, 401);
    assert.equal(await send("track", "{broken"), 400);
    await page.locator("tr[data-rejected]").nth(1).waitFor();
    await examine(page, "live");
    await fits(page, "live");
    await page.locator("tr[data-rejected]").first().click();
    await page.locator(".detail dt", { hasText: "Reason" }).waitFor();
    await page.keyboard.press("Escape");
    await page.locator(".detail").waitFor({ state: "detached" });
  });

  await story("a row opens beside the list, its payload when one asks for it", async () => {
    await row("Order Completed").click();
    await page.locator(".detail h2", { hasText: "Order Completed" }).waitFor();
    await page.getByRole("button", { name: "Show the payload" }).click();
    await page.locator(".detail .json").waitFor();
    await examine(page, "live-detail");
    await fits(page, "live-detail");
    await page.getByRole("button", { name: "Only this user" }).first().click();
    await page.waitForURL(/user=u-live/);
  });

  await story("filters are in the address, shown as chips, and taken away", async () => {
    await page.reload();
    await page.getByRole("button", { name: "Remove the filter by user" }).waitFor();
    await follows(page);
    await track({ event: "Of another", userId: "u-other" });
    await track({ event: "Of the same", userId: "u-live" });
    await row("Of the same").waitFor();
    assert.equal(await row("Of another").count(), 0);
    await page.getByRole("button", { name: "Clear filters" }).click();
    await page
      .getByRole("button", { name: "Remove the filter by user" })
      .waitFor({ state: "detached" });
    await page.getByLabel("Show what is").selectOption("gave_up");
    await page.getByText("Nothing has happened that matches the filters").waitFor();
    await examine(page, "live-no-match");
    await page.getByRole("button", { name: "Clear filters" }).first().click();
  });

  await story("the line between list and detail is moved by keys and by the pointer", async () => {
    await page.goto("/live");
    await follows(page);
    await track({ event: "Wide" });
    await row("Wide").click();
    const line = page.getByRole("separator", { name: "Width of the list" });
    const list = async () => (await page.locator(".split-list").boundingBox())?.width ?? 0;
    const before = await list();
    await line.focus();
    for (let at = 0; at < 5; at += 1) await page.keyboard.press("ArrowLeft");
    assert.equal(await line.getAttribute("aria-valuenow"), "40");
    const narrow = await list();
    assert.ok(narrow < before - 50, `${before} px, then ${narrow} px`);
    const box = await line.boundingBox();
    assert.ok(box);
    await page.mouse.move(box.x + 4, box.y + 100);
    await page.mouse.down();
    await page.mouse.move(box.x + 200, box.y + 100, { steps: 4 });
    await page.mouse.up();
    const wide = await list();
    assert.ok(Math.abs(wide - narrow - 196) < 20, `${narrow} px, then ${wide} px`);
    await page.mouse.move(box.x + 300, box.y + 100);
    assert.equal(await list(), wide, "it stays where it was let go");
    await examine(page, "live-split");
    await fits(page, "live-split");
    await page.keyboard.press("Escape");
    await page.locator(".detail").waitFor({ state: "detached" });
    await row("Wide").click();
    assert.equal(await list(), wide, "it is remembered");
    assert.deepEqual(await page.evaluate(() => JSON.stringify({ ...sessionStorage })), "{}");
  });

  await story("p holds the list and counts what came, by keyboard", async () => {
    await page.goto("/live");
    await follows(page);
    await track({ event: "Before" });
    await row("Before").waitFor();
    await page.locator("main").focus();
    await page.keyboard.press("p");
    await track({ event: "While held" });
    await page.getByRole("button", { name: "Resume · +1 new" }).waitFor();
    assert.equal(await row("While held").count(), 0);
    await page.keyboard.press("p");
    await row("While held").waitFor();
    await page.keyboard.press("j");
    await page.keyboard.press("ArrowDown");
    await page.locator(".detail h2").waitFor();
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/events\/\d+$/);
    await page.goBack();
  });

  await story("a flood is shown in part, says so, and leaves the list bounded", async () => {
    await page.goto("/live");
    await follows(page);
    const batch = JSON.stringify({
      batch: Array.from({ length: 100 }, (_, at) => ({
        type: "track",
        userId: `u-${at}`,
        event: `Flood ${at}`,
      })),
    });
    for (let round = 0; round < 30; round += 1) assert.equal(await send("batch", batch), 200);
    await page.getByText(/^Showing 1 in \d+$/).waitFor();
    const drawn = await page.locator(".live-list tbody tr").count();
    assert.ok(drawn < 100, `${drawn} rows are drawn`);
    await page.locator(".live-list").evaluate((it) => it.scrollTo({ top: 600 }));
    await page.getByRole("button", { name: /^Resume/ }).waitFor();
    await page.locator(".live-list").evaluate((it) => it.scrollTo({ top: 0 }));
    await page.getByRole("button", { name: "Pause" }).waitFor();
  });

  await story("nothing of that broke the policy, left the host or complained", async () => {
    assert.deepEqual(faults, []);
  });

  await story("a stream that is cut comes back by itself, and says so meanwhile", async () => {
    // What the flood has left goes through the stream as well, and of much only a part is shown.
    const status = async () => (await fetch(`${server.admin}/api/v1/status`)).json();
    await until(async () => (await status()).destinations[0].waiting === 0);
    await page.goto("/live");
    await follows(page);
    await track({ event: "Before the end" });
    await row("Before the end").waitFor();
    await server.stop();
    await page.getByText("Reconnecting").waitFor();
    await page.getByRole("alert").getByText("The server does not answer.").waitFor();
    await row("Before the end").waitFor();
    await examine(page, "live-lost");
  });

  await page.close();
  good.stop();
}
