// A page of RudderStack's JavaScript SDK that is left amid sending: what the next page sends again
// arrives once. A file of its own, because the SDK waits so long before it does.

import { siteOf } from "./lib/browser.mjs";
import { firstArrivals } from "./lib/order.mjs";
import { assertArrivedAsSent } from "./lib/visits.mjs";
import { story } from "./lib/world.mjs";

const site = siteOf("rudderstack");
const BROWSER = { needs: "browser" };

const posts = (wire) => wire.exchanges.filter((one) => one.method === "POST");

story(
  "a page of the JavaScript SDK that is left in batch mode before it was answered",
  BROWSER,
  async (world) => {
    const { wire, context } = world;
    const batch = { enabled: true, maxItems: 10, flushInterval: 300 };
    const options = { queueOptions: { batch } };
    const visitor = await site.visitor("user-1");
    try {
      let release;
      const isLeft = new Promise((settle) => {
        release = settle;
      });
      wire.beforeAnswer = ({ method, events }) =>
        method === "POST" && events.length > 0 ? isLeft : undefined;
      await visitor.come(wire.url, options);
      await visitor.identify();
      await visitor.track(24);
      await wire.until(
        () => posts(wire).some((one) => one.status === 200),
        "the gateway has taken a request",
      );
      await visitor.leave();
      release();
      wire.beforeAnswer = async () => {};
      await visitor.come(wire.url, options);
      await visitor.track(5);
      await wire.until(
        () => wire.events.length > firstArrivals(wire.events).length,
        "the next page sends again what it knows no answer of",
      );
      const again = await assertArrivedAsSent(world, 30);
      context.diagnostic(`${again} events were sent again by the next page`);
    } finally {
      await visitor.close();
    }
  },
);
