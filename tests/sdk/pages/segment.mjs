// A page with Segment's analytics.js, driven by lib/browser.mjs.

import { AnalyticsBrowser } from "@segment/analytics-next";

/** Settles when the SDK is loaded. */
window.load = async (writeKey, url, { deliveryStrategy } = {}) => {
  const { host, protocol } = new URL(url);
  const segment = { apiHost: `${host}/v1`, protocol: protocol.slice(0, -1), deliveryStrategy };
  const [analytics] = await AnalyticsBrowser.load(
    { writeKey, cdnURL: url },
    { integrations: { "Segment.io": segment } },
  );
  window.sdk = analytics;
};
