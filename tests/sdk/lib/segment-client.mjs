// Segment's Node SDK, as an application uses it.

import { Analytics } from "@segment/analytics-node";
import { within } from "./wait.mjs";
import { WRITE_KEY } from "./world.mjs";

export class SegmentClient {
  /** What it told its listener for errors. */
  failures = [];
  #sdk;

  constructor(host) {
    this.#sdk = new Analytics({ writeKey: WRITE_KEY, host, flushInterval: 100 });
    this.#sdk.on("error", (error) => this.failures.push(error));
  }

  /** Makes the calls, each `[name, event]`, and waits for what their callbacks get. */
  async send(calls) {
    const made = calls.map(
      ([name, event]) => new Promise((settle) => this.#sdk[name](event, (error) => settle(error))),
    );
    return within(Promise.all(made), "Segment's Node SDK calls back");
  }

  close() {
    return within(this.#sdk.closeAndFlush(), "Segment's Node SDK closes");
  }
}
