// Settings in the browser: people, tokens, what everybody did, and the configuration as a file.
import assert from "node:assert/strict";
import { openPage } from "../browser.mjs";
import { examine, fits } from "../examine.mjs";
import { startServer } from "../server.mjs";

const PASSWORD = "correct horse battery staple";

/** @param {import("../run.mjs").Needs} needs */
export async function stories({ story, browser, binary }) {
  const server = await startServer(binary, undefined, { POSTRIDER_ADMIN_AUTH: "required" });
  const { page, faults } = await openPage(browser, server.admin);
  const button = (/** @type {string | RegExp} */ name) => page.getByRole("button", { name });
  const read = async (/** @type {string} */ path) =>
    await page.evaluate(async (it) => await (await fetch(`/api/v1/${it}`)).json(), path);
  /** Comes in as the page would, without its forms. */
  const post = async (/** @type {string} */ path, /** @type {object} */ body, on = page) =>
    await on.evaluate(
      async ([it, text]) =>
        (await fetch(`/api/v1/${it}`, { method: "POST", body: `${text}` })).status,
      [path, JSON.stringify(body)],
    );

  const code = await server.said(/\/setup#(\S+)/);
  await page.goto("/");
  assert.equal(await post("setup", { code, name: "ada", password: PASSWORD }), 200);

  await story(
    "a user is added, with each mistake at its field, and gets another role",
    async () => {
      await page.goto("/settings");
      await page.getByRole("rowheader", { name: /ada/ }).waitFor();
      await button("Add user").click();
      await page.locator("[aria-invalid=true]").first().waitFor();
      await examine(page, "settings-user-mistakes");
      await page.getByLabel("Name", { exact: true }).fill("grace");
      await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
      await page.getByLabel("Role", { exact: true }).selectOption("viewer");
      await button("Add user").click();
      await page.getByRole("rowheader", { name: "grace" }).waitFor();
      await page.getByLabel("Name", { exact: true }).fill("alan");
      await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
      await button("Add user").click();
      await page.getByLabel("Role of alan").selectOption("editor");
      await page.waitForFunction(async () => {
        const { users } = await (await fetch("/api/v1/users")).json();
        return users.some((/** @type {any} */ one) => one.name === "alan" && one.role === "editor");
      });
      await examine(page, "settings-users");
      await fits(page, "settings-users");
    },
  );

  await story("the last admin cannot be removed, and it is said why", async () => {
    await button("Remove ada").click();
    await page.getByRole("dialog").getByRole("button", { name: "Remove", exact: true }).click();
    await page.getByRole("row", { name: /ada/ }).getByRole("alert").waitFor();
    await button("Remove alan").click();
    await page.getByRole("dialog").getByRole("button", { name: "Remove", exact: true }).click();
    await page.getByRole("rowheader", { name: "alan" }).waitFor({ state: "detached" });
  });

  await story("whoever is no admin is told which role it takes", async () => {
    const second = await openPage(browser, server.admin);
    await second.page.goto("/");
    assert.equal(await post("session", { name: "grace", password: PASSWORD }, second.page), 200);
    for (const tab of ["users", "tokens", "audit"]) {
      await second.page.goto(`/settings?tab=${tab}`);
      await second.page.getByText("Your role may not see this").waitFor();
    }
    await examine(second.page, "settings-no-right");
    await second.page.close();
  });

  await story("one sees where one is logged in, and ends it from afar", async () => {
    const [lost, old] = [
      await openPage(browser, server.admin),
      await openPage(browser, server.admin),
    ];
    for (const { page: on } of [lost, old]) {
      await on.goto("/");
      assert.equal(await post("session", { name: "grace", password: PASSWORD }, on), 200);
    }
    const status = async (on = page) =>
      await on.evaluate(async () => (await fetch("/api/v1/me")).status);
    await old.page.goto("/settings");
    const table = old.page.getByRole("region", { name: "Where you are logged in table" });
    await table.getByRole("row", { name: /Chrome on Linux this one/ }).waitFor();
    await table.getByText("127.0.0.1").first().waitFor();
    await examine(old.page, "settings-sessions");
    await fits(old.page, "settings-sessions");
    const rows = table.locator("tbody tr");
    const before = await rows.count();
    await old.page
      .getByRole("button", { name: /^End the session/ })
      .first()
      .click();
    await old.page.waitForFunction(
      (count) => document.querySelectorAll("tbody tr").length === count,
      before - 1,
    );
    await old.page.getByRole("button", { name: "End all others" }).click();
    await old.page.getByRole("button", { name: "End all others" }).waitFor({ state: "detached" });
    assert.deepEqual([await status(old.page), await status(lost.page)], [200, 401]);
    assert.equal(await status(), 200, "those of others go on");
    await lost.page.close();
    await old.page.close();
  });

  await story("what takes room, and what is kept how long", async () => {
    await page.goto("/");
    await page.getByRole("link", { name: "What takes room, and what is kept" }).click();
    await page.waitForURL(/tab=storage/);
    const row = page.getByRole("row", { name: /^journal Events as they came/ });
    await row.getByText(/KiB|MiB/).waitFor();
    await page.getByText("7 d, and longer while a destination needs them").waitFor();
    await page.getByText("without a bound (journal.size_max)").waitFor();
    await examine(page, "settings-storage");
    await fits(page, "settings-storage");
  });

  await story("a token is shown once, works, and is taken back", async () => {
    await page.goto("/settings?tab=tokens");
    await page.getByText("There is no token").waitFor();
    await page.getByLabel("Name", { exact: true }).fill("deploy");
    await page.getByLabel("Role", { exact: true }).selectOption("editor");
    await button("Make token").click();
    await page.getByText(/It is shown this once/).waitFor();
    const token = await page.locator(".command pre").textContent();
    assert.match(`${token}`, /^pr_/);
    const { role } = await (
      await fetch(`${server.admin}/api/v1/me`, { headers: { authorization: `Bearer ${token}` } })
    ).json();
    assert.equal(role, "editor");
    await examine(page, "settings-token");
    await fits(page, "settings-token");
    await page.reload();
    await page.getByRole("rowheader", { name: "deploy" }).waitFor();
    assert.equal(await page.getByText(`${token}`).count(), 0);
    await button("Take back deploy").click();
    await page.getByText("There is no token").waitFor();
  });

  await story("a file is looked at, compared and applied", async () => {
    await page.getByRole("tab", { name: "Config as code" }).click();
    await page.locator("pre", { hasText: "my-app" }).waitFor();
    const workspace = await read("config?format=json");
    workspace.sources[0].name = "Web shop";
    const field = page.getByLabel("A workspace as JSON");
    await field.fill("{");
    await button("Show what would change").click();
    await page.getByText(/This is not JSON/).waitFor();
    await field.fill(JSON.stringify(workspace));
    await button("Show what would change").click();
    await page.locator(".version", { hasText: "source my-app" }).getByText("Web shop").waitFor();
    await examine(page, "settings-config");
    await fits(page, "settings-config");
    await button("Apply 1 change").click();
    await page.getByText("1 change applied").waitFor();
    assert.equal((await read("sources/my-app")).name, "Web shop");
  });

  await story("the audit log tells who did what, and what is different", async () => {
    await page.getByRole("tab", { name: "Audit log" }).click();
    await page
      .getByRole("row", { name: /source my-app/ })
      .first()
      .waitFor();
    await page
      .getByRole("row", { name: /source my-app/ })
      .first()
      .locator("summary")
      .click();
    await page.getByText("Web shop").first().waitFor();
    await page.getByLabel("To what kind").fill("token");
    await page.waitForURL(/kind=token/);
    await page.getByRole("row", { name: /token/ }).first().waitFor();
    assert.equal(await page.getByRole("row", { name: /source my-app/ }).count(), 0);
    await examine(page, "settings-audit");
    await fits(page, "settings-audit");
  });

  await story("it is said what runs here", async () => {
    await page.getByRole("tab", { name: "About" }).click();
    await page.getByText("Apache-2.0").waitFor();
    await examine(page, "settings-about");
  });

  await story("nothing of that broke the policy, left the host or complained", async () => {
    assert.deepEqual(
      faults.filter((each) => !/status of (401|409|422)/.test(each)),
      [],
    );
  });

  await page.close();
  await server.stop();
}
