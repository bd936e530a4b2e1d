// How the filter and the consent rules of a connection are drawn as fields.
import type { Schema } from "../../api/catalog";

export const FILTER: Schema = {
  type: "object",
  title: "Which events pass",
  properties: {
    types: {
      type: "array",
      title: "Types",
      description: "Only events of these types; of all where none is chosen.",
      items: {
        enum: ["identify", "track", "page", "screen", "group", "alias", "merge", "other"],
      },
    },
    events: {
      type: "object",
      title: "Tracked events by name",
      properties: {
        allow: {
          type: "array",
          title: "Only these",
          items: { type: "string", examples: ["Order Completed"] },
        },
        deny: {
          type: "array",
          title: "None of these",
          items: { type: "string", examples: ["Order Test"] },
        },
      },
    },
    condition: {
      type: "string",
      title: "Condition",
      format: "multiline",
      description: "What an event must look like.",
      examples: ["properties.total >= 100 and not(exists(context.test))"],
    },
    sample: {
      type: "integer",
      title: "Sample",
      description: "Only the events of so many users in a hundred, always of the same ones.",
      examples: [100],
    },
  },
};

const RULE_ID: Schema = { type: "string", title: "Id" };

export const CONSENT: Schema = {
  type: "object",
  title: "Consent",
  properties: {
    fail: {
      type: "string",
      title: "Events whose consent cannot be read",
      description: "Whether they pass (open) or are kept back (closed).",
      enum: ["open", "closed"],
      default: "open",
    },
    consentManagement: {
      type: "array",
      title: "Providers",
      items: {
        type: "object",
        required: ["provider"],
        properties: {
          provider: {
            type: "string",
            title: "Provider",
            enum: ["oneTrust", "ketch", "iubenda", "custom"],
          },
          resolutionStrategy: {
            type: "string",
            title: "Needs",
            description: "All of the ids (and), or one of them (or).",
            enum: ["and", "or"],
            default: "and",
          },
          consents: {
            type: "array",
            title: "Ids",
            items: { type: "object", properties: { consent: RULE_ID } },
          },
        },
      },
    },
    oneTrustCookieCategories: {
      type: "array",
      title: "OneTrust categories",
      items: { type: "object", properties: { oneTrustCookieCategory: RULE_ID } },
    },
    ketchConsentPurposes: {
      type: "array",
      title: "Ketch purposes",
      items: { type: "object", properties: { purpose: RULE_ID } },
    },
  },
};
