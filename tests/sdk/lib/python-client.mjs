// The Python SDKs, RudderStack's and Segment's.

import { LineClient } from "./line-client.mjs";
import { WRITE_KEY } from "./world.mjs";

const RUDDERSTACK = { module: "rudderstack.analytics", urlSetting: "dataPlaneUrl" };
const SEGMENT = { module: "segment.analytics", urlSetting: "host" };

/** A client that lives on; a go of it answers what the SDK reported as failed. */
export const pythonClient = (url, writeKey = WRITE_KEY) =>
  new LineClient("python", { ...RUDDERSTACK, url, writeKey });

/** The same by Segment's SDK. */
export const segmentPythonClient = (url) =>
  new LineClient("python", { ...SEGMENT, url, writeKey: WRITE_KEY });

/** Makes the calls, each `[name, arguments]`, and answers what the SDK reported as failed. */
export const sendByPython = (url, calls, writeKey) => sendOnce(pythonClient(url, writeKey), calls);

/** The same by Segment's SDK. */
export const sendBySegmentPython = (url, calls) => sendOnce(segmentPythonClient(url), calls);

async function sendOnce(client, calls) {
  try {
    return await client.send(calls);
  } finally {
    await client.close();
  }
}
