// The event that every load sends: a track call as SDKs make it, 1,024 bytes long.

export const EVENT_BYTES = 1_024;
export const WRITE_KEY = "bench-key";
export const AUTHORIZATION = `Basic ${Buffer.from(`${WRITE_KEY}:`).toString("base64")}`;

/** Width of each id that takes the place of a placeholder. */
const ID_WIDTHS = { "{m}": 36, "{a}": 36, "{u}": 23 };

function event(padding) {
  return {
    messageId: "{m}",
    anonymousId: "{a}",
    userId: "{u}",
    type: "track",
    event: "Product Added",
    channel: "server",
    originalTimestamp: "2026-01-01T00:00:00.000Z",
    sentAt: "2026-01-01T00:00:00.000Z",
    context: {
      library: { name: "analytics-node", version: "3.0.0" },
      locale: "en-GB",
      timezone: "Europe/London",
      page: { path: "/shop/cart", url: "https://shop.example/shop/cart", title: "Your cart" },
      traits: { plan: "premium", signed_up: "2025-04-01", orders: 17 },
      userAgent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36",
    },
    properties: {
      product_id: "507f1f77bcf86cd799439011",
      name: "Monopoly: 3rd Edition",
      category: "Games",
      price: 18.99,
      quantity: 1,
      currency: "EUR",
      coupon: null,
      padding,
    },
    integrations: { All: true },
  };
}

/** The event as text, with {m}, {a} and {u} in place of its ids. */
export function template() {
  const bare = JSON.stringify(event(""));
  const filled = Object.entries(ID_WIDTHS).reduce(
    (bytes, [placeholder, width]) => bytes + width - placeholder.length,
    bare.length,
  );
  if (filled > EVENT_BYTES) throw new Error(`the event has ${filled} bytes without padding`);
  return JSON.stringify(event("x".repeat(EVENT_BYTES - filled)));
}

/** Fills in the ids of event number `index`, and more properties where given. */
export function fill(text, run, index, properties = "") {
  const id = `${hex(run, 8)}-ffff-4000-8000-${hex(index, 12)}`;
  const user = `user-${decimal(run, 6)}-99-${decimal(index, 8)}`;
  const filled = text.replace("{m}", id).replace("{a}", id).replace("{u}", user);
  return filled.replace('"properties":{', `"properties":{${properties}`);
}

function hex(number, width) {
  return number.toString(16).padStart(width, "0");
}

function decimal(number, width) {
  return number.toString().padStart(width, "0");
}
