// RudderStack's Node SDK, as an application uses it.

import Analytics from "@rudderstack/rudder-sdk-node";
import { within } from "./wait.mjs";
import { WRITE_KEY } from "./world.mjs";

export class NodeClient {
  /** What its error handler was given. */
  failures = [];
  #sdk;

  constructor(dataPlaneUrl, { writeKey = WRITE_KEY, ...options } = {}) {
    const errorHandler = (error) => this.failures.push(error);
    this.#sdk = new Analytics(writeKey, {
      dataPlaneUrl,
      errorHandler,
      logLevel: "none",
      ...options,
    });
  }

  /**
   * Makes the calls, each `[name, event]`, and waits for what their callbacks get.
   *
   * More calls than fit a batch are sent as several requests at the same time: the SDK keeps their
   * order only for those who wait in between.
   */
  async send(calls) {
    const made = calls.map(
      ([name, event]) => new Promise((settle) => this.#sdk[name](event, (error) => settle(error))),
    );
    await within(this.#sdk.flush(), "the Node SDK flushes");
    return within(Promise.all(made), "the Node SDK calls back");
  }
}
