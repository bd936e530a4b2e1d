// A Chromium that reports whatever a page must never do: errors, policy reports, calls to other hosts.
import { chromium } from "playwright-core";

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";

export const launch = () =>
  chromium.launch({
    executablePath: CHROMIUM,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });

/**
 * @param {import("playwright-core").Browser} browser
 * @param {string} origin the only host that pages may call
 */
export async function openPage(browser, origin) {
  const context = await browser.newContext({
    baseURL: origin,
    viewport: { width: 1440, height: 900 },
    reducedMotion: "reduce",
    timezoneId: "Europe/Berlin",
  });
  await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  /** @type {string[]} */
  const faults = [];
  await page.exposeFunction("reportFault", (/** @type {string} */ text) => faults.push(text));
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      const report = /** @type {any} */ (window).reportFault;
      report(`policy ${event.effectiveDirective} refused ${event.blockedURI} ${event.sample}`);
    });
  });
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type()))
      faults.push(`console: ${message.text()} ${message.location().url}`);
  });
  page.on("pageerror", (error) => faults.push(`uncaught: ${error.message}`));
  page.on("dialog", (dialog) => {
    faults.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(`${origin}/`)) faults.push(`left the host: ${url}`);
  });
  return { page, faults };
}

/**
 * Waits until the stream of a page stands: what happens before is not told. The heading of Live is the
 * same word.
 * @param {import("playwright-core").Page} page
 */
export const follows = (page) =>
  page.locator(".split-bar .state").getByText("Live", { exact: true }).waitFor();
