// Takes the pictures of docs/pictures: every page of a server (POSTRIDER_BIN) on which something has
// happened for half a minute, in the light theme. Run it where pages have changed, and look at them.
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { follows, launch, openPage } from "./browser.mjs";
import { startEndpoint } from "./endpoint.mjs";
import { caller, sender } from "./senders.mjs";
import { startServer } from "./server.mjs";

const FOLDER = join(import.meta.dirname, "../../docs/pictures");
const SIZE = { width: 1280, height: 860 };
const EVENTS = 420;
const PACE_MS = 60;
/** While these calls are made, an endpoint fails. */
const TROUBLE = { from: 150, to: 165 };
const NAMES = [
  "Order Completed",
  "Product Viewed",
  "Cart Updated",
  "Coupon Applied",
  "Search Performed",
];

const CONTEXT = {
  library: { name: "RudderLabs JavaScript SDK", version: "3.23.1" },
  page: { url: "https://shop.example/cart", title: "Cart" },
};

const binary = process.env.POSTRIDER_BIN;
if (!binary) {
  console.error("POSTRIDER_BIN must be the path of a postrider binary");
  process.exit(2);
}
const server = await startServer(binary);
const good = await startEndpoint(200);
const picky = await startEndpoint(200);
const refused = (/** @type {string} */ body) =>
  body.includes("u-7") && body.includes("Coupon") ? 422 : 200;
picky.answers.status = refused;
picky.answers.body = (body) =>
  body.includes("Coupon") ? '{"error": "no such coupon"}' : '{"ok": true}';

const browser = await launch();

const { call, read } = caller(server.admin);

/** Two sources, a destination that gets all of both, and one that gets some of one. */
async function furnish() {
  await call("sources/my-app", { name: "Web shop" }, "PATCH");
  await call("sources", { id: "mobile", name: "Mobile app", writeKey: "key-of-the-mobile-app" });
  const header = [{ from: "Authorization", to: "Bearer key-of-the-crm" }];
  for (const [id, name, webhookUrl, headers] of /** @type {const} */ ([
    ["crm", "CRM", picky.url, header],
    ["orders", "Orders service", good.url, []],
  ])) {
    const config = { webhookUrl, webhookMethod: "POST", headers };
    await call("destinations", { id, name, type: "WEBHOOK", config });
  }
  await call("connections", { source: "my-app", destination: "crm" });
  await call("connections", { source: "mobile", destination: "crm" });
  const filter = { types: ["track"], events: { allow: ["Order Completed", "Cart Updated"] } };
  await call("connections", { source: "my-app", destination: "orders", filter });
}

async function senders() {
  const { sources } = await read("status");
  const [key] = sources.find((/** @type {any} */ { id }) => id === "my-app").write_keys;
  const web = sender(server.gateway, `${key}`);
  const mobile = sender(server.gateway, "key-of-the-mobile-app");
  const stranger = sender(server.gateway, "key-that-nobody-knows");
  return { web, mobile, stranger };
}

/** One call, of whatever kind it is the turn. */
async function happen(
  /** @type {Awaited<ReturnType<typeof senders>>} */ { web, mobile, stranger },
  /** @type {number} */ at,
) {
  // The endpoint has trouble for a moment.
  if (at === TROUBLE.from) picky.answers.status = 503;
  if (at === TROUBLE.to) picky.answers.status = refused;
  const userId = `u-${at % 9}`;
  if (at % 12 === 5) {
    const traits = { email: `${userId}@shop.example`, plan: "pro" };
    await web.send("identify", JSON.stringify({ userId, traits, context: CONTEXT }));
  } else if (at % 97 === 40) {
    await stranger.send("track", '{"event": "x"}');
  } else {
    const event = `${NAMES[at % NAMES.length]}`;
    const properties = { total: 42.5, currency: "EUR", items: (at % 4) + 1 };
    await (at % 4 === 3 ? mobile : web).track({ userId, event, properties, context: CONTEXT });
  }
}

async function open() {
  const { page } = await openPage(browser, server.admin);
  await page.setViewportSize(SIZE);
  const shot = async (/** @type {string} */ name) => {
    await page.evaluate(() => scrollTo(0, 0));
    await page.screenshot({ path: join(FOLDER, `${name}.png`) });
    console.log(name);
  };
  return { page, shot };
}

/** The pages that are about what goes on are looked at while it does. */
async function takeWhileItHappens() {
  const [live, overview] = [await open(), await open()];
  await live.page.goto("/live");
  await follows(live.page);
  await overview.page.goto("/");
  const those = await senders();
  for (let at = 0; at < EVENTS; at += 1) {
    await happen(those, at);
    await pause(PACE_MS);
  }
  await live.shot("live");
  await overview.shot("overview");
}

async function takeAfterwards() {
  const { page, shot } = await open();
  const take = async (
    /** @type {string} */ name,
    /** @type {string} */ path,
    /** @type {string} */ has,
  ) => {
    await page.goto(path);
    await page.locator("main").getByText(has).first().waitFor();
    await page.waitForLoadState("networkidle", { timeout: 2_000 }).catch(() => undefined);
    await shot(name);
  };
  const { seq } = (await read("deliveries?destination=crm&status=gave_up")).deliveries[0];
  await take("sources", "/sources", "Mobile app");
  await take("source", "/sources/my-app", "We saw");
  await take("source-events", "/sources/my-app?tab=events", "Order Completed");
  await take("destinations", "/destinations", "Orders service");
  await take("destination", "/destinations/crm", "What fails");
  await take("connections", "/connections", "Mobile app");
  await take("deliveries", "/deliveries", "Order Completed");
  await take("delivery", `/deliveries/crm/${seq}`, "Attempt 1");
  await take("event", `/events/${seq}`, "Coupon Applied");
  await take("issues", "/issues", "The endpoint refused the event.");
  await take("new-replay", "/replays/new?destination=crm&intent=recover_failed", "would be sent");
  await page.getByRole("button", { name: /^Deliver \d+ events? again/ }).click();
  await page.getByText("What it was asked for").waitFor();
  await take("replays", "/replays", "Recover failed");
  await take("settings", "/settings?tab=storage", "What is kept");
  await take("playground", "/play/demo", "Product Viewed");
  await page.goto("/destinations/orders?tab=test");
  await page.getByRole("button", { name: "Send the test event" }).click();
  await page.locator(".outcome").waitFor();
  await shot("test");
}

try {
  await furnish();
  await takeWhileItHappens();
  await takeAfterwards();
} finally {
  await browser.close();
  await server.stop();
  good.stop();
  picky.stop();
}
