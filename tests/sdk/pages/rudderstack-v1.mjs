// A page with RudderStack's JavaScript SDK of the API v1.1, driven by lib/browser.mjs.

import * as analytics from "rudder-sdk-js";

window.sdk = analytics;

/** Settles when the SDK is loaded. */
window.load = (writeKey, url, options) =>
  new Promise((settle) => {
    analytics.load(writeKey, url, { configUrl: url, ...options });
    analytics.ready(() => settle());
  });
