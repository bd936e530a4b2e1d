// Browser SDKs in headless Chromium, in pages of another origin than the gateway's.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { join } from "node:path";
import { after } from "node:test";
import { build } from "esbuild-wasm";
import { chromium } from "playwright-core";
import { within } from "./wait.mjs";
import { WRITE_KEY } from "./world.mjs";

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";

const QUIET = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const PAGES = join(import.meta.dirname, "../pages");

const html = (script) =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><title>Shop</title>${script}</html>`;

/** The script of a page, as an application would bundle it. */
async function bundled(path) {
  const { outputFiles } = await build({
    entryPoints: [path],
    bundle: true,
    format: "iife",
    logLevel: "error",
    write: false,
  });
  return outputFiles[0].text;
}

/** A site whose pages load one script, and the browser that visits it; its first visitor opens it. */
export class Site {
  #script;
  #server;
  #browser;
  #opening;

  /** `script` is the path of what the pages load. */
  constructor(script) {
    this.#script = script;
  }

  async #open() {
    const [script, browser] = await Promise.all([
      bundled(this.#script),
      chromium.launch({ executablePath: CHROMIUM, args: QUIET }),
    ]);
    this.#browser = browser;
    this.#server = createServer((request, response) => this.#serve(request, response, script));
    await new Promise((settle) => this.#server.listen(0, "127.0.0.1", settle));
    this.url = `http://127.0.0.1:${this.#server.address().port}`;
  }

  #serve({ url }, response, script) {
    const [path] = url.split("?");
    const pages = { "/": html('<script src="/page.js"></script>'), "/empty": html("") };
    if (path === "/page.js") response.setHeader("content-type", "text/javascript");
    else response.setHeader("content-type", "text/html");
    const body = path === "/page.js" ? script : pages[path];
    response.writeHead(body === undefined ? 404 : 200).end(body);
  }

  async close() {
    await this.#browser?.close();
    this.#server?.closeAllConnections();
    await new Promise((settle) => (this.#server ? this.#server.close(settle) : settle()));
  }

  /** Someone new, without a past. `options` are those of Playwright's contexts. */
  async visitor(name, options = {}) {
    this.#opening ??= this.#open();
    await this.#opening;
    return new Visitor(name, this.url, await this.#browser.newContext(options));
  }
}

/** The site of a test file, closed after its tests. `name` is that of a script in pages/. */
export function siteOf(name) {
  const site = new Site(join(PAGES, `${name}.mjs`));
  after(() => site.close());
  return site;
}

class Visitor {
  /** What pages asked of other hosts than this machine. */
  strayed = [];
  #n = 0;

  constructor(name, site, context) {
    this.name = name;
    this.site = site;
    this.context = context;
  }

  /** Comes to a page. */
  async visit() {
    if (!this.page) {
      await this.context.route(
        ({ hostname }) => hostname !== "127.0.0.1",
        (route) => {
          this.strayed.push(route.request().url());
          return route.abort();
        },
      );
      this.page = await this.context.newPage();
    }
    await this.page.goto(this.site);
  }

  /** Comes to a page and loads its SDK. */
  async come(url, options = {}) {
    await this.visit();
    const loading = this.page.evaluate((given) => window.load(...given), [WRITE_KEY, url, options]);
    await within(loading, "the SDK of the page is loaded");
  }

  /** Says who it is, which all that follows carries. */
  identify() {
    return this.page.evaluate((name) => {
      window.sdk.identify(name, { plan: "größte 🦀" });
    }, this.name);
  }

  /** Makes so many calls at once; their numbers go on from page to page. */
  track(count) {
    const from = this.#n;
    this.#n += count;
    return this.take(
      Array.from({ length: count }, (_, at) => ({ sender: this.name, n: from + at })),
    );
  }

  /** Makes a call for each step at once. */
  async take(steps) {
    await this.page.evaluate((all) => {
      for (const { sender, n } of all) {
        window.sdk.track("Step Taken", { sender, n, text: "süß & <b>🎉</b>" });
      }
    }, steps);
  }

  /** Leaves for a page without an SDK. */
  leave() {
    return this.page.goto(`${this.site}/empty`);
  }

  async close() {
    await this.context.close();
    assert.deepEqual(this.strayed, [], "pages ask nothing of anybody else");
  }
}
