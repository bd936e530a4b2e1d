// The settings of a source that a form shows, and what a save makes of what is left out.
import type { Schema } from "../../api/catalog";
import type { SourceObject } from "../../api/sources";

/** What stands in `postrider` besides its keys, which are changed by rotation. */
export const OWN_SETTINGS: Schema = {
  type: "object",
  title: "",
  properties: {
    allowedOrigins: {
      type: "array",
      title: "Origins of pages that may send",
      description: "Empty: any page.",
      items: { type: "string", examples: ["https://shop.example.com"] },
    },
    rateLimit: {
      type: "object",
      title: "How much it may send",
      properties: {
        eventsPerSecond: {
          type: "integer",
          title: "Events per second",
          description: "Empty: as many as come.",
        },
        burst: {
          type: "integer",
          title: "At once, after a silence",
          description: "Empty: as many as in a second.",
        },
      },
    },
  },
};

/** A limit without a burst lets as many come at once as in a second. */
export function whole(draft: SourceObject): SourceObject {
  const limit = draft.postrider?.rateLimit;
  if (!limit || limit.burst !== undefined) return draft;
  const rateLimit = { ...limit, burst: limit.eventsPerSecond };
  return { ...draft, postrider: { ...draft.postrider, rateLimit } };
}
