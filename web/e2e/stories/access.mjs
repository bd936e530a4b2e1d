// Coming in: the first admin by the printed link, then the first event in a few clicks; who may not see
// a payload; logging in and out.
import assert from "node:assert/strict";
import { openPage } from "../browser.mjs";
import { examine, fits } from "../examine.mjs";
import { startServer } from "../server.mjs";

const PASSWORD = "correct horse battery staple";
const CLICKS_MAX = 6;

/** @param {import("../run.mjs").Needs} needs */
export async function stories({ story, browser, binary }) {
  const server = await startServer(binary, undefined, { POSTRIDER_ADMIN_AUTH: "required" });
  const { page, faults } = await openPage(browser, server.admin);
  const link = new URL(await server.said(/Set up\s+(\S+)/));
  let clicks = 0;
  const click = async (/** @type {import("playwright-core").Locator} */ at) => {
    clicks += 1;
    await at.click();
  };
  const button = (/** @type {string} */ name) => page.getByRole("button", { name, exact: true });

  await story("nobody is shown anything before logging in", async () => {
    await page.goto("/issues?state=open");
    await page.waitForURL(/\/login\?to=/);
    await page.getByText("Nobody can log in yet.").waitFor();
    await examine(page, "login-first");
    await fits(page, "login-first");
    const answer = await fetch(`${server.admin}/api/v1/status`);
    assert.equal(answer.status, 401);
  });

  await story("from an empty data directory to a delivered event in a few clicks", async () => {
    const start = performance.now();
    await page.goto(link.pathname + link.hash);
    await examine(page, "setup");
    await fits(page, "setup");
    await page.getByLabel("Name").fill("ada");
    await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await click(button("Create the admin"));
    await page.getByRole("heading", { name: "No events yet" }).waitFor();
    await examine(page, "first-steps");
    await fits(page, "first-steps");
    await click(button("Send a test event"));
    await page.locator(".health-sentence", { hasText: "1 destination healthy" }).waitFor();
    await page.getByRole("heading", { name: "Last hour, by the minute" }).waitFor();
    await page.locator(".state", { hasText: "Delivered" }).first().waitFor();
    console.log(`     ${clicks} clicks, ${Math.round(performance.now() - start)} ms with axe`);
    assert.ok(clicks <= CLICKS_MAX, `${clicks} clicks`);
  });

  await story("the link is used up, and says so", async () => {
    await page.goto(link.pathname + link.hash);
    await page.getByText("this link is used up").waitFor();
    await examine(page, "setup-used");
  });

  await story("who logs out is shown nothing, and comes back where they wanted to go", async () => {
    await page.goto("/live");
    await button("Log out").click();
    await page.waitForURL(/\/login/);
    await page.goto("/issues?state=open");
    await page.waitForURL(/\/login\?to=/);
    await page.getByLabel("Name").fill("ada");
    await page.getByLabel("Password", { exact: true }).fill("not the password");
    await button("Log in").click();
    await page.getByRole("alert").waitFor();
    await examine(page, "login-refused");
    await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await page.keyboard.press("Enter");
    await page.waitForURL("**/issues?state=open");
  });

  await story("a viewer sees events, and no payload, neither here nor in the API", async () => {
    const made = await page.evaluate(
      async (password) =>
        (
          await fetch("/api/v1/users", {
            method: "POST",
            headers: { "content-type": "application/json" },
            body: JSON.stringify({ name: "vera", role: "viewer", password }),
          })
        ).status,
      PASSWORD,
    );
    assert.equal(made, 201);
    await button("Log out").click();
    await page.waitForURL(/\/login/);
    await page.getByLabel("Name").fill("vera");
    await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await button("Log in").click();
    await page.getByRole("heading", { name: "Destinations" }).waitFor();
    await page.goto("/events/1");
    await page.getByRole("heading", { name: "Order Completed" }).waitFor();
    await page.getByText("Your role may not see this").waitFor();
    await page.getByText("payload viewer").waitFor();
    await examine(page, "event-viewer");
    assert.equal(await page.locator(".json, .raw").count(), 0);
    const status = await page.evaluate(
      async () => (await fetch("/api/v1/events/1/payload")).status,
    );
    assert.equal(status, 403);
    await page.goto("/sources");
    await page.getByRole("link", { name: "My app" }).waitFor();
    assert.equal(await button("Add a source").count(), 0);
    await page.goto("/sources/my-app?tab=settings");
    await page
      .getByText(/It takes the role editor|takes the role editor/)
      .first()
      .waitFor();
    await examine(page, "source-viewer");
  });

  await story("nothing of that broke the policy, left the host or complained", async () => {
    const own = faults.filter((fault) => !/ 40[13] \(/.test(fault));
    assert.deepEqual(own, []);
  });

  await page.close();
  await server.stop();
}
