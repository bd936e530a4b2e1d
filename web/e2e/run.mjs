// The dashboard in a real browser against a real server (POSTRIDER_BIN): every file in stories/, or
// those whose names are given; some files at a time, each in a process with a browser of its own. The
// last line is `N passed, N failed`; pictures are left in e2e/out.
import { spawn } from "node:child_process";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { launch } from "./browser.mjs";

/**
 * What the stories of a file get.
 * @typedef {object} Needs
 * @property {(name: string, body: () => Promise<void>) => Promise<void>} story
 * @property {import("playwright-core").Browser} browser
 * @property {string} binary
 */

/** Stories wait most of their time, for pages and for deliveries. */
const FILES_AT_ONCE = 3;
/** The longest takes a quarter of it on a busy machine. */
const STORY_MS_MAX = 180_000;
const FOLDER = join(import.meta.dirname, "stories");

const binary = process.env.POSTRIDER_BIN;
if (!binary) {
  console.error(
    "POSTRIDER_BIN must be the path of a postrider binary, e.g. target/debug/postrider",
  );
  process.exit(2);
}

const counts = { passed: 0, failed: 0 };
/** What failed, in full; told once more at the end, where one looks for it. @type {string[]} */
const failures = [];

/** A page that never answers is a story that fails, and not a run without an end. */
async function bounded(/** @type {Promise<void>} */ running) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const late = new Promise((_, fail) => {
    timer = setTimeout(() => fail(new Error(`not over after ${STORY_MS_MAX} ms`)), STORY_MS_MAX);
  });
  await Promise.race([running, late]).finally(() => clearTimeout(timer));
}

/** Runs one story after the other; a failed one does not stop those that follow. */
async function story(/** @type {string} */ name, /** @type {() => Promise<void>} */ body) {
  const start = performance.now();
  try {
    await bounded(body());
    counts.passed += 1;
    console.log(`ok   ${name} (${Math.round(performance.now() - start)} ms)`);
  } catch (error) {
    counts.failed += 1;
    console.log(`FAIL ${name}\n${error instanceof Error ? error.stack : error}`);
  }
}

/** Plays the stories of one file here. */
async function play(/** @type {string} */ name, /** @type {string} */ postrider) {
  console.log(`-- ${name}`);
  const browser = await launch();
  const { stories } = await import(join(FOLDER, name));
  // What breaks between the stories of a file is told as a story, with those that went well.
  try {
    await stories({ story, browser, binary: postrider });
  } catch (error) {
    await story(`${name} can be run`, () => Promise.reject(error));
  }
  await browser.close();
}

/** Has a file played in a process of its own, and prints what it says once it is over. */
async function begin(/** @type {string} */ name) {
  const child = spawn(process.execPath, [import.meta.filename, name], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  for await (const part of child.stdout) said += part;
  const [, passed, failed] = /\n(\d+) passed, (\d+) failed\n$/.exec(said) ?? [];
  counts.passed += Number(passed ?? 0);
  counts.failed += Number(failed ?? 1);
  const stories = said
    .split(/\n(?=ok {3}|FAIL |\d+ passed)/)
    .filter((one) => one.startsWith("FAIL "));
  if (failed === undefined) stories.push("FAIL ended before its last story was over");
  failures.push(...stories.map((one) => `-- ${name}: ${one}`));
  console.log(said.replace(/\n[^\n]*\n$/, ""));
}

/** The longest files first, so that none of them is left over at the end. */
async function all() {
  const names = (await readdir(FOLDER)).filter((name) => name.endsWith(".mjs"));
  const sizes = new Map(
    await Promise.all(
      names.map(
        async (name) => /** @type {const} */ ([name, (await stat(join(FOLDER, name))).size]),
      ),
    ),
  );
  return names.sort((a, b) => (sizes.get(b) ?? 0) - (sizes.get(a) ?? 0));
}

const wanted = process.argv.slice(2).map((name) => `${name.replace(/\.mjs$/, "")}.mjs`);
const files = wanted.length > 0 ? wanted : await all();
if (files.length === 1) {
  await play(`${files[0]}`, binary);
} else {
  const turns = Array.from({ length: FILES_AT_ONCE }, async () => {
    for (let name = files.shift(); name; name = files.shift()) await begin(name);
  });
  await Promise.all(turns);
}
for (const failure of failures) console.log(failure);
console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exitCode = counts.failed > 0 ? 1 : 0;
