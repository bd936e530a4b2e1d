// What every page has to stand: both themes before axe, and all widths.
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import AxeBuilder from "@axe-core/playwright";

const OUT = join(import.meta.dirname, "out");
const WIDTHS = [320, 480, 768, 1024, 1440, 2560];
const SCHEMES = /** @type {const} */ (["light", "dark"]);

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
    await page.screenshot({ path: join(OUT, `${name}-${colorScheme}.png`), fullPage: true });
    const { violations } = await new AxeBuilder({ page }).analyze();
    const found = violations.flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${node.html.slice(0, 120)} ${node.failureSummary}`),
    );
    assert.deepEqual(found, [], `axe on ${name} in ${colorScheme}`);
  }
  await page.emulateMedia({ colorScheme: "light" });
}

/**
 * The page itself never scrolls sideways; tables and code do so inside their frames.
 * @param {import("playwright-core").Page} page
 * @param {string} name
 */
export async function fits(page, name) {
  const before = page.viewportSize();
  try {
    for (const width of WIDTHS) {
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
