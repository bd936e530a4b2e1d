// What the fields of a schema are called, and what stands in them while they are empty.

import type { Schema } from "../../api/catalog";

/** What stands in an empty field: its default, or an example. */
export function placeholderOf({ default: own, examples }: Schema): string {
  const value = own ?? examples?.[0];
  return value === undefined || typeof value === "object" ? "" : String(value);
}

/** A member's name in words, where the schema has none: `maxBackoff` is `Max backoff`, `client_error` is `Client error`. */
export function titleOf(schema: Schema, name: string): string {
  if (schema.title) return schema.title;
  const words = name
    .replace(/([A-Z])|_/g, " $1")
    .toLowerCase()
    .replace(/\btls\b/, "TLS");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
