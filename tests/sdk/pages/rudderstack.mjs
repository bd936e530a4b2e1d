// A page with RudderStack's JavaScript SDK, driven by lib/browser.mjs.

import { RudderAnalytics } from "@rudderstack/analytics-js/bundled";

const analytics = new RudderAnalytics();
window.sdk = analytics;

/** Settles when the SDK is loaded. */
window.load = (writeKey, url, options) =>
  new Promise((onLoaded) =>
    analytics.load(writeKey, url, { configUrl: url, ...options, onLoaded: () => onLoaded() }),
  );
