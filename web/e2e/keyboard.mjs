// Somebody without a mouse: goes from control to control, and always sees where.
import assert from "node:assert/strict";

const STOPS_MAX = 250;

/**
 * Follows the focus of a page from its first document on, and notes whatever nobody could see.
 * @param {import("playwright-core").Page} page
 */
export async function keyboard(page) {
  /** @type {string[]} */
  const unseen = [];
  await page.exposeFunction("reportFocus", (/** @type {string} */ text) => unseen.push(text));
  await page.addInitScript(() => {
    const report = (/** @type {string} */ text) => /** @type {any} */ (window).reportFocus(text);
    /** @returns {string} what is wrong, or nothing */
    const fault = (/** @type {Element} */ it) => {
      // Some have their looks from what stands beside them.
      const [own, beside] = [it, it.nextElementSibling ?? it];
      const isSmall = own.getBoundingClientRect().width * own.getBoundingClientRect().height === 0;
      const rect = (isSmall ? beside : own).getBoundingClientRect();
      const { width, height, top, bottom, left, right } = rect;
      const isInSight = bottom > 0 && right > 0 && top < innerHeight && left < innerWidth;
      if (width * height === 0 || !isInSight) return "out of sight";
      // The button of a field's calendar is the browser's, and so is its mark.
      if (own.matches("[type=datetime-local]:not(:focus)")) return "";
      const marks = [own, beside].map((each) => getComputedStyle(each));
      const isMarked = marks.some(
        ({ outlineStyle, outlineWidth }) =>
          outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 1,
      );
      return isMarked ? "" : "not marked";
    };
    document.addEventListener("focusin", ({ target }) => {
      // What scrolls into sight has done so by the next frame.
      requestAnimationFrame(() => {
        if (!(target instanceof Element) || document.activeElement !== target) return;
        const found = fault(target);
        if (found !== "")
          report(`${found}: ${location.pathname} ${target.outerHTML.slice(0, 160)}`);
      });
    });
  });

  const focused = () =>
    page.evaluate(() => {
      const it = document.activeElement;
      return it === null || it === document.body ? "" : it.outerHTML.slice(0, 160);
    });

  /** Goes on by Tab until it has the focus. */
  const reach = async (/** @type {import("playwright-core").Locator} */ wanted) => {
    await wanted.waitFor();
    for (let at = 0; at < STOPS_MAX; at += 1) {
      if (await wanted.evaluate((it) => it === document.activeElement)) return;
      await page.keyboard.press("Tab");
    }
    assert.fail(
      `${wanted} is not reached in ${STOPS_MAX} steps; the focus is on ${await focused()}`,
    );
  };

  /** Goes there, and does what Enter does. */
  const enter = async (/** @type {import("playwright-core").Locator} */ wanted) => {
    await reach(wanted);
    await page.keyboard.press("Enter");
  };

  /** The focus is somewhere on the page, now that all has settled. */
  const isKept = async (/** @type {string} */ after) => {
    await page
      .waitForFunction(() => document.activeElement !== document.body, undefined, {
        timeout: 3_000,
      })
      .catch(() => assert.fail(`the focus is lost ${after}`));
  };

  /** Goes all the way round by Tab, and back by Shift+Tab: nothing holds the focus. */
  const goesRound = async () => {
    for (const key of ["Tab", "Shift+Tab"]) {
      const seen = await page.evaluateHandle(() => /** @type {Set<Element>} */ (new Set()));
      let stops = 0;
      for (; stops < STOPS_MAX; stops += 1) {
        await page.keyboard.press(key);
        const was = await seen.evaluate((those) => {
          const it = document.activeElement;
          if (it === null || it === document.body) return "the end";
          // Each part of a time is a stop of its own.
          if (it.matches("[type=datetime-local]") && [...those].at(-1) === it) return "";
          const isFirst = it === those.values().next().value;
          const was = isFirst ? "the end" : those.has(it) ? it.outerHTML.slice(0, 160) : "";
          those.add(it);
          return was;
        });
        // Between the last and the first there may be a step with the focus nowhere.
        if (was === "the end" && stops > 0) break;
        if (was === "the end") continue;
        assert.equal(was, "", `${key} goes in a circle`);
      }
      assert.ok(stops < STOPS_MAX, `${key} does not come to an end of ${page.url()}`);
      assert.ok(stops > 8, `${key} stops at ${stops} places of ${page.url()} only`);
    }
  };

  return { unseen, reach, enter, isKept, goesRound };
}
