// What mobile SDKs make of an answer, as their sources say: pure functions of what the server said.
//
// For events, of status and text:
//   "delivered"       they are taken off the device
//   "retry"           they are kept and sent again, later and later
//   "hammer"          they are kept and sent again every second, for ever
//   "drop"            they are deleted
//   "drop culprits"   those without an anonymousId are deleted, the others sent again
//   "stop"            they are kept, and nothing is sent until the app starts again
//   "wipe"            everything on the device is deleted, and the SDK shuts down
// For its configuration, of the same:
//   "enabled"         it sends
//   "disabled"        it does not, and RudderStack's 1.x delete what they have
//   "stop", "wipe"    as above: the write key is wrong
//   "retry"           it asks again, and goes by what it knows

const says = (text, words) => text.toLowerCase().includes(words);

const isText = (value) => typeof value === "string";
const isFlag = (value) => typeof value === "boolean";

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

const collects = (source) => {
  const { errors, metrics } = source.config?.statsCollection ?? {};
  return isFlag(errors?.enabled) && isFlag(metrics?.enabled);
};

const isWhole = (source) =>
  ["id", "name", "writeKey", "workspaceId", "updatedAt"].every((name) => isText(source[name])) &&
  isFlag(source.enabled);

const onOff = (source) => (source.enabled ? "enabled" : "disabled");

/** Where a JSON lacks what the SDK needs, the fetch has failed. */
const judged = (status, text, isEnough) => {
  const { source } = parsed(text);
  return status === 200 && source && isEnough(source) ? onOff(source) : "retry";
};

const ANDROID_V1 = {
  events(status, text) {
    if (status === 200) return "delivered";
    if (says(text, "invalid write key")) return "stop";
    if (says(text, "request neither has anonymousid nor userid")) return "drop culprits";
    return status === 404 || status === 400 ? "hammer" : "retry";
  },
  config(status, text) {
    if (says(text, "invalid write key")) return "stop";
    return judged(status, text, (source) => Array.isArray(source.destinations) && collects(source));
  },
};

const IOS_V1 = {
  events(status, text) {
    if (status === 200) return "delivered";
    if (says(text, "invalid write key")) return "stop";
    return status === 404 || status === 400 ? "hammer" : "retry";
  },
  config(status, text) {
    return status === 400 ? "stop" : judged(status, text, () => true);
  },
};

/** Kotlin and Swift, which differ in what they need to know. */
const second = (isEnough) => ({
  events(status) {
    if (status >= 200 && status < 300) return "delivered";
    return { 400: "drop", 401: "wipe", 404: "stop", 413: "drop" }[status] ?? "retry";
  },
  config(status, text) {
    return status === 400 ? "wipe" : judged(status, text, isEnough);
  },
});

const KOTLIN = second(
  (source) =>
    isWhole(source) &&
    (source.config === undefined || collects(source)) &&
    (source.destinations === undefined || Array.isArray(source.destinations)),
);

const SWIFT = second(
  (source) => isWhole(source) && collects(source) && Array.isArray(source.destinations),
);

/** Segment's need to be told where their own destination is; they send while they do not know. */
const segmentConfig = (status, text) =>
  status === 200 && isText(parsed(text).integrations?.["Segment.io"]?.apiKey) ? "enabled" : "retry";

const SEGMENT_KOTLIN = {
  events(status) {
    if (status >= 200 && status < 300) return "delivered";
    if ([408, 410, 429, 460].includes(status)) return "retry";
    return status >= 500 && ![501, 505].includes(status) ? "retry" : "drop";
  },
  config: segmentConfig,
};

const SEGMENT_SWIFT = {
  events(status) {
    if (status < 300) return "delivered";
    return status === 400 ? "drop" : "retry";
  },
  config: segmentConfig,
};

const SEGMENT_REACT_NATIVE = {
  events: (status) => (status >= 200 && status < 300 ? "delivered" : "retry"),
  config: segmentConfig,
};

/** By the names of the recordings. */
export const RULES = {
  "android-v1": ANDROID_V1,
  "ios-v1": IOS_V1,
  kotlin: KOTLIN,
  swift: SWIFT,
  "segment-kotlin": SEGMENT_KOTLIN,
  "segment-swift": SEGMENT_SWIFT,
  "segment-react-native": SEGMENT_REACT_NATIVE,
};
