// Browser SDKs in headless Chromium, in pages of another origin than the gateway's.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
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
async function bundled(name) {
  const { outputFiles } = await build({
    entryPoints: [join(PAGES, `${name}.mjs`)],
    bundle: true,
    format: "iife",
    logLevel: "error",
    write: false,
  });
  return outputFiles[0].text;
}

/** A site whose pages load one SDK, and the browser that visits it. */
export class Site {
  #server;
  #browser;

  /** `name` is that of a script in pages/. */
  static async open(name) {
    if (!existsSync(CHROMIUM)) {
      throw new Error(`${CHROMIUM} is missing: run "tools/need browser", or set CHROMIUM`);
    }
    const site = new Site();
    const [script, browser] = await Promise.all([
      bundled(name),
      chromium.launch({ executablePath: CHROMIUM, args: QUIET }),
    ]);
    site.#browser = browser;
    site.#server = createServer((request, response) => site.#serve(request, response, script));
    await new Promise((settle) => site.#server.listen(0, "127.0.0.1", settle));
    site.url = `http://127.0.0.1:${site.#server.address().port}`;
    return site;
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
    await this.#browser.close();
    this.#server.closeAllConnections();
    await new Promise((settle) => this.#server.close(settle));
  }

  /** Someone new, without a past. */
  async visitor(name) {
    return new Visitor(name, this.url, await this.#browser.newContext());
  }
}

export class Visitor {
  /** What pages asked of other hosts than this machine. */
  strayed = [];
  #n = 0;

  constructor(name, site, context) {
    this.name = name;
    this.site = site;
    this.context = context;
  }

  /** Comes to a page and loads its SDK. */
  async come(url, options = {}) {
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
  async track(count) {
    const from = this.#n;
    this.#n += count;
    await this.page.evaluate(
      ({ sender, from, count }) => {
        for (let n = from; n < from + count; n += 1) {
          window.sdk.track("Step Taken", { sender, n, text: "süß & <b>🎉</b>" });
        }
      },
      { sender: this.name, from, count },
    );
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
