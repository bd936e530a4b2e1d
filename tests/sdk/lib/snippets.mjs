// The snippets of the guides, and how each is run: as a reader would, with a data plane URL and a
// write key of the reader's own.

import { execFile } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { Site } from "./browser.mjs";
import { BUILT, PYTHON } from "./line-client.mjs";
import { WRITE_KEY } from "./world.mjs";

const HERE = join(import.meta.dirname, "..");
const ROOT = join(HERE, "../..");
const SNIPPETS = join(BUILT, "snippets");

const HOST = "127.0.0.1:8080";
const NOT_RUN = /No test runs (?:this snippet|these snippets|these)\b/;

/** Compiling takes its time. */
const DEADLINE_MS = 90_000;

const run = (program, words, { cwd, env = {} } = {}) =>
  promisify(execFile)(program, words, {
    cwd,
    env: { ...process.env, ...env },
    timeout: DEADLINE_MS,
    killSignal: "SIGKILL",
  });

/** A place below the SDKs' packages, with a file in it. */
function put(name, text) {
  mkdirSync(SNIPPETS, { recursive: true });
  const folder = mkdtempSync(join(SNIPPETS, "one-"));
  mkdirSync(join(folder, "src"));
  writeFileSync(join(folder, name), text);
  return folder;
}

const copied = (folder, from, names) => {
  for (const name of names) copyFileSync(join(HERE, from, name), join(folder, name));
};

/** A page stays open until `isSeen` settles. */
async function runPage(text, isSeen) {
  const site = new Site(join(put("page.mjs", text), "page.mjs"));
  try {
    const visitor = await site.visitor("reader");
    await visitor.visit();
    await isSeen();
    await visitor.close();
  } finally {
    await site.close();
  }
}

const runNode = (name) => (text) => run("node", [join(put(name, text), name)]);

async function runGo(text) {
  const folder = put("main.go", text);
  copied(folder, "clients/go", ["go.mod", "go.sum"]);
  await run("go", ["run", "."], { cwd: folder, env: { GOFLAGS: "-mod=readonly", GOWORK: "off" } });
}

async function runRust(text) {
  const folder = put("src/main.rs", text);
  copied(folder, "clients/rust", ["Cargo.toml", "Cargo.lock"]);
  const where = [
    "--manifest-path",
    join(folder, "Cargo.toml"),
    "--target-dir",
    join(BUILT, "rust"),
  ];
  await run("cargo", ["run", "--quiet", "--locked", "--offline", ...where]);
}

const runJava = (text) =>
  run("java", ["-cp", join(BUILT, "java/jars/*"), join(put("Shop.java", text), "Shop.java")]);

const runPython = (text) => run(PYTHON, [join(put("snippet.py", text), "snippet.py")]);

const runImage = async (text) => {
  const [, source] = /src="([^"]+)"/.exec(text);
  const answer = await fetch(source);
  await answer.arrayBuffer();
};

/** Which snippet is run how: the first whose language and words fit. */
const RUNNERS = [
  { language: "js", says: "@rudderstack/analytics-js/bundled", needs: "browser", how: runPage },
  { language: "js", says: '"rudder-sdk-js"', needs: "browser", how: runPage },
  { language: "js", says: "@segment/analytics-next", needs: "browser", how: runPage },
  { language: "js", says: "@rudderstack/rudder-sdk-node", how: runNode("snippet.cjs") },
  { language: "js", says: "@segment/analytics-node", how: runNode("snippet.mjs") },
  { language: "python", says: "rudderstack.analytics", needs: "python", how: runPython },
  { language: "python", says: "segment.analytics", needs: "python", how: runPython },
  { language: "go", says: "analytics-go", needs: "go", how: runGo },
  { language: "rust", says: "rudderanalytics", needs: "rust", how: runRust },
  { language: "java", says: "RudderAnalytics", needs: "java", how: runJava },
  { language: "sh", says: "curl", how: (text) => run("bash", ["-c", text]) },
  { language: "html", says: "/pixel/", how: runImage },
];

/** A snippet, with the runner that fits; undefined where there is none. */
class Snippet {
  constructor(language, text) {
    this.language = language;
    this.text = text;
    this.runner = RUNNERS.find((one) => one.language === language && text.includes(one.says));
  }

  /** Runs it against a data plane; `isSeen` settles when its event has arrived. */
  run(url, isSeen) {
    const { host } = new URL(url);
    return this.runner.how(
      this.text.replaceAll(HOST, host).replaceAll("<write key>", WRITE_KEY),
      isSeen,
    );
  }
}

export const readGuide = (path) => readFileSync(join(ROOT, path), "utf8");

/** The snippets of a page, but for those in sections that say before them that no test runs them. */
export function snippetsOf(path) {
  const sections = readGuide(path).split(/^(?=## )/m);
  return sections.flatMap((section) => {
    const [said] = section.split(NOT_RUN);
    const blocks = said.matchAll(/^```(\w+)\n(.*?)^```$/gms);
    return [...blocks].map(([, language, text]) => new Snippet(language, text));
  });
}
