// The frame of every page: the palette, any id that is pasted, the keys and their help, wherever one is.
import assert from "node:assert/strict";
import { openPage } from "../browser.mjs";
import { examine, fits } from "../examine.mjs";
import { startServer } from "../server.mjs";

/** @param {import("../run.mjs").Needs} needs */
export async function stories({ story, browser, binary }) {
  const server = await startServer(binary);
  const { page, faults } = await openPage(browser, server.admin);
  const palette = page.getByRole("combobox", { name: "Go to a page, or open an id" });
  const option = (/** @type {RegExp} */ name) => page.getByRole("option", { name });

  await page.goto("/issues");
  await page.getByRole("heading", { name: "Issues" }).first().waitFor();

  await story(
    "the palette opens by keyboard, goes to a page, and gives the focus back",
    async () => {
      await page.keyboard.press("Control+k");
      await palette.waitFor();
      await examine(page, "palette");
      await fits(page, "palette");
      await page.keyboard.press("Escape");
      await palette.waitFor({ state: "detached" });
      await page.getByRole("button", { name: "Search" }).click();
      await palette.fill("play");
      await option(/^Playground/)
        .first()
        .waitFor();
      await page.keyboard.press("ArrowDown");
      await palette.fill("overv");
      assert.equal(await option(/Overview/).getAttribute("aria-selected"), "true");
      await page.keyboard.press("Enter");
      await page.waitForURL(`${server.admin}/`);
      assert.ok(await palette.isHidden());
    },
  );

  await story("an id that is pasted anywhere is offered as what it may be", async () => {
    await page.evaluate(() => navigator.clipboard.writeText(" demo/7 "));
    await page.locator("main").focus();
    await page.keyboard.press("Control+v");
    await option(/^Delivery Open event 7 to demo/).waitFor();
    await page.keyboard.press("Enter");
    await page.waitForURL("**/deliveries/demo/7");
  });

  await story("two keys go to a page, and the help tells all keys", async () => {
    await page.locator("main").focus();
    await page.keyboard.press("g");
    await page.keyboard.press("i");
    await page.waitForURL("**/issues");
    await page.keyboard.press("?");
    await page.getByRole("heading", { name: "Keys" }).waitFor();
    await page.locator("dd", { hasText: "Go to Issues" }).waitFor();
    await examine(page, "keys");
    await fits(page, "keys");
  });

  await story("single keys can be switched off, and two at once go on", async () => {
    await page.getByRole("checkbox", { name: "Single keys do something" }).uncheck();
    await page.keyboard.press("Escape");
    await page.locator("main").focus();
    await page.keyboard.press("g");
    await page.keyboard.press("o");
    await page.keyboard.press("?");
    assert.match(page.url(), /\/issues$/);
    assert.equal(await page.locator("dialog").count(), 0);
    await page.keyboard.press("Control+k");
    await page.keyboard.type("keys");
    await option(/Show the keys/).click();
    await page.getByRole("checkbox", { name: "Single keys do something" }).check();
    await page.getByRole("button", { name: "Close" }).click();
  });

  await story("text in a field is no key", async () => {
    await page.goto("/issues");
    await page.getByRole("button", { name: "Search" }).waitFor();
    await page.keyboard.press("Control+k");
    await palette.waitFor();
    await page.keyboard.type("go?");
    assert.equal(await palette.inputValue(), "go?");
    await page.keyboard.press("Escape");
  });

  await story("j and k walk the rows of a table", async () => {
    await page.goto("/");
    await page.locator("main tbody tr").first().waitFor();
    await page.keyboard.press("j");
    await page.waitForFunction(() => document.activeElement?.closest("tbody tr") !== null);
    const first = await page.evaluate(() => document.activeElement?.textContent);
    await page.keyboard.press("j");
    await page.waitForFunction((before) => document.activeElement?.textContent !== before, first);
    await page.keyboard.press("k");
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), first);
  });

  await story("short addresses lead to what they mean", async () => {
    await page.goto("/d/demo/7");
    await page.waitForURL("**/deliveries/demo/7");
  });

  await story("nothing of that broke the policy, left the host or complained", async () => {
    // There is no such delivery: the addresses are what is looked at.
    const own = faults.filter((fault) => !/404 \(Not Found\).*\/deliveries\/demo\/7/.test(fault));
    assert.deepEqual(own, []);
  });

  await page.close();
  await server.stop();
}
