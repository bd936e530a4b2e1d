// The dashboard in a real browser against a real server (POSTRIDER_BIN): every file in stories/, or
// those whose names are given. The last line is `N passed, N failed`; pictures are left in e2e/out.
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { launch } from "./browser.mjs";

/**
 * What the stories of a file get.
 * @typedef {object} Needs
 * @property {(name: string, body: () => Promise<void>) => Promise<void>} story
 * @property {import("playwright-core").Browser} browser
 * @property {string} binary
 */

const binary = process.env.POSTRIDER_BIN;
if (!binary) {
  console.error(
    "POSTRIDER_BIN must be the path of a postrider binary, e.g. target/debug/postrider",
  );
  process.exit(2);
}

const counts = { passed: 0, failed: 0 };

/** Runs one story after the other; a failed one does not stop those that follow. */
async function story(/** @type {string} */ name, /** @type {() => Promise<void>} */ body) {
  const start = performance.now();
  try {
    await body();
    counts.passed += 1;
    console.log(`ok   ${name} (${Math.round(performance.now() - start)} ms)`);
  } catch (error) {
    counts.failed += 1;
    console.log(`FAIL ${name}\n${error instanceof Error ? error.stack : error}`);
  }
}

const folder = join(import.meta.dirname, "stories");
const all = (await readdir(folder)).filter((name) => name.endsWith(".mjs")).sort();
const wanted = process.argv.slice(2).map((name) => `${name.replace(/\.mjs$/, "")}.mjs`);
const browser = await launch();
for (const name of wanted.length > 0 ? wanted : all) {
  console.log(`-- ${name}`);
  const { stories } = await import(join(folder, name));
  // What breaks between the stories of a file must not keep the other files from running.
  try {
    await stories({ story, browser, binary });
  } catch (error) {
    await story(`${name} can be run`, () => Promise.reject(error));
  }
}
await browser.close();
console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exitCode = counts.failed > 0 ? 1 : 0;
