// What every test stands on: a receiver, a server that delivers to it, and the wire that SDKs send
// through. Ends all of it after the test, and shows the server's log where the test failed.

import { test } from "node:test";
import { Receiver } from "./receiver.mjs";
import { Server } from "./server.mjs";
import { Wire } from "./wire.mjs";

export const WRITE_KEY = "2bVZ8TkXqLmN4pRsUwYa1cEgHj";
export const DISABLED_KEY = "9tZQ4WmEkRb7nLcXv2HyUjGs1A";
export const API_KEY = "s3cret";
export const POST_PATH = "/hook";
export const GET_PATH = "/look";

/** The query of the configured URL, spelled and sorted as no library would do it. */
export const GET_OWN_QUERY = "b=%7e&a=x%20y";

const destination = (id, webhookMethod, webhookUrl, own) => ({
  id,
  postrider: own,
  name: `Hook by ${webhookMethod}`,
  enabled: true,
  isProcessorEnabled: true,
  config: { webhookUrl, webhookMethod, headers: [{ from: "X-Api-Key", to: API_KEY }] },
  destinationDefinition: { name: "WEBHOOK", displayName: "Webhook" },
});

/**
 * One source, whose events go by each of the methods, and one that is disabled. `own` is what the
 * destinations have that RudderStack's files do not.
 */
export function workspace(url, methods, own) {
  const all = {
    POST: destination("post", "POST", `${url}${POST_PATH}`, own),
    GET: destination("get", "GET", `${url}${GET_PATH}?${GET_OWN_QUERY}`, own),
  };
  const destinations = methods.map((method) => all[method]);
  return {
    sources: [
      { id: "src", name: "App", writeKey: WRITE_KEY, enabled: true, destinations },
      { id: "off", name: "Old app", writeKey: DISABLED_KEY, enabled: false, destinations: [] },
    ],
  };
}

/** Languages, and `browser`, that this machine has nothing of. */
const LACKS = (process.env.SDK_LACKS ?? "").split(" ");

/** Why a test that needs one of them is skipped; false where it is not. */
export const skipWithout = (need) =>
  LACKS.includes(need) ? `this machine has no ${need}; see tools/need` : false;

/**
 * A test with a world of its own.
 *
 * `answer` is the receiver's, `settings` the server's environment, `port` asks for the gateway's,
 * `needs` is what a machine may lack, `own` the destinations' own settings, `at` another place for
 * events than the receiver.
 */
export function story(name, options, body) {
  const { answer, settings, port, needs, methods = ["POST"], own, at } = options;
  test(name, { skip: skipWithout(needs) }, async (context) => {
    const ends = [];
    let server;
    try {
      const receiver = await new Receiver(answer).listen();
      ends.push(() => receiver.close());
      server = new Server({
        workspace: workspace((await at?.()) ?? receiver.url, methods, own),
        settings,
        port: await port?.(),
      });
      ends.push(() => server.kill());
      await server.start();
      const wire = await new Wire(server.gateway).listen();
      ends.push(() => wire.close());
      await body({ receiver, server, wire, context });
    } catch (error) {
      if (server) context.diagnostic(`the end of the server's log:\n${server.logEnd()}`);
      throw error;
    } finally {
      for (const end of ends.reverse()) await end();
    }
  });
}
