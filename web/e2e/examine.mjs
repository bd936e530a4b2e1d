// What every page has to stand: both themes before axe, and all widths.
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import axe from "axe-core";

const OUT = join(import.meta.dirname, "out");
const WIDTHS = [320, 480, 768, 1024, 1280, 1440, 2560];
const SCHEMES = /** @type {const} */ (["light", "dark"]);
/** Of longer pages only the beginning is in a picture. */
const HEIGHT_MAX = 4_000;
/** Themes differ in nothing but colours, so the other rules are asked in one. */
const OF_COLOURS = /** @type {const} */ (["color-contrast", "link-in-text-block"]);

await mkdir(OUT, { recursive: true });

/**
 * A picture of both themes, each checked by axe.
 * @param {import("playwright-core").Page} page
 * @param {string} name
 */
export async function examine(page, name) {
  for (const colorScheme of SCHEMES) {
    await page.emulateMedia({ colorScheme });
    await page.waitForFunction(
      (wanted) => document.documentElement.dataset.mantineColorScheme === wanted,
      colorScheme,
    );
    await settled(page);
    const height = await page.evaluate(() => document.documentElement.scrollHeight);
    const path = join(OUT, `${name}-${colorScheme}.png`);
    await page.screenshot({ path, fullPage: height <= HEIGHT_MAX });
    const options = colorScheme === "light" ? {} : { runOnly: [...OF_COLOURS] };
    assert.deepEqual(await violations(page, options), [], `axe on ${name} in ${colorScheme}`);
  }
  await page.emulateMedia({ colorScheme: "light" });
}

/**
 * Colours that turn into others are not looked at on their way. They are brought to their end rather
 * than waited for: a page that is not in front may stand still.
 */
const settled = (/** @type {import("playwright-core").Page} */ page) =>
  page.evaluate(() => {
    const turning = document.getAnimations().filter((each) => each instanceof CSSTransition);
    for (const each of turning) each.finish();
  });

/**
 * What axe finds, in words.
 * @param {import("playwright-core").Page} page
 * @param {import("axe-core").RunOptions} options
 */
async function violations(page, options) {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe.source);
  return await page.evaluate(async (wanted) => {
    const { axe } = /** @type {{ axe: typeof import("axe-core") }} */ (
      /** @type {unknown} */ (window)
    );
    const { violations } = await axe.run(document, { ...wanted, resultTypes: ["violations"] });
    return violations.flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${node.html.slice(0, 120)} ${node.failureSummary}`),
    );
  }, options);
}

/**
 * The page itself never scrolls sideways; tables and code do so inside their frames.
 * @param {import("playwright-core").Page} page
 * @param {string} name
 */
export async function fits(page, name, widths = WIDTHS) {
  const before = page.viewportSize();
  try {
    for (const width of widths) {
      await page.setViewportSize({ width, height: 900 });
      const over = await page.evaluate(() => {
        const { scrollWidth, clientWidth } = document.documentElement;
        if (scrollWidth <= clientWidth) return [];
        const wide = [...document.querySelectorAll("body *")].filter(
          (it) =>
            it.getBoundingClientRect().right > clientWidth && !it.parentElement?.closest(".scroll"),
        );
        return [
          `${scrollWidth - clientWidth} px`,
          ...wide.slice(0, 8).map((it) => it.outerHTML.slice(0, 120)),
        ];
      });
      await page.screenshot({ path: join(OUT, `${name}-${width}.png`) });
      assert.deepEqual(over, [], `${name} is too wide at ${width} px`);
    }
  } finally {
    if (before) await page.setViewportSize(before);
  }
}
