// Which SDK a snippet is for, as its events say it in `context.library.name`: the names are those that
// the tested versions send.
import type { SdkSeen } from "../../api/sources";

const ANDROID = "com.rudderstack.android.sdk.core";
const IOS = "rudder-ios-library";

/** By the caption of the snippet. */
const LIBRARIES: Record<string, readonly string[]> = {
  Browsers: ["RudderLabs JavaScript SDK"],
  "Browsers: API v1.1": ["RudderLabs JavaScript SDK"],
  Node: ["analytics-node"],
  Python: ["analytics-python"],
  Go: ["analytics-go"],
  Rust: ["RudderStack Rust SDK"],
  Java: ["analytics-java"],
  Ruby: ["analytics-ruby"],
  ".NET": ["RudderAnalytics.NET"],
  "Phones: Android 1.x": [ANDROID],
  "Phones: Kotlin 2.x": ["com.rudderstack.sdk.kotlin.android"],
  "Phones: iOS 1.x": [IOS],
  "Phones: Swift": ["com.rudderstack.swift"],
  "Phones: React Native": [ANDROID, IOS],
  "Phones: Flutter": [ANDROID, IOS],
  "Segment's SDKs: Browsers": ["analytics.js"],
  "Segment's SDKs: Node": ["@segment/analytics-node"],
  "Segment's SDKs: Python": ["analytics-python"],
};

export interface SdkSum {
  events: number;
  last_at: string;
  versions: string[];
}

/** What has come of the SDK that a snippet is for; of curl, what names no SDK. */
export function seenOf(caption: string, sdks: readonly SdkSeen[]): SdkSum | null {
  const names = LIBRARIES[caption];
  const own = sdks.filter(({ name }) =>
    names ? name !== null && names.includes(name) : name === null,
  );
  const [first] = own;
  if (!first) return null;
  return own.reduce<SdkSum>(
    (sum, { events, last_at, version }) => ({
      events: sum.events + events,
      last_at: Date.parse(last_at) > Date.parse(sum.last_at) ? last_at : sum.last_at,
      versions: version === null ? sum.versions : [...sum.versions, version],
    }),
    { events: 0, last_at: first.last_at, versions: [] },
  );
}

export const hasLibrary = (caption: string) => Object.hasOwn(LIBRARIES, caption);
