// A moment between the API's text and what a browser's field for date and time holds.
import type { Zone } from "../format";

const two = (n: number) => String(n).padStart(2, "0");

/** `2026-01-31T09:30` in the reader's zone, as `<input type="datetime-local">` wants it. */
export function fieldOf(at: string | undefined, zone: Zone): string {
  if (at === undefined) return "";
  const when = new Date(at);
  if (Number.isNaN(when.getTime())) return "";
  if (zone === "utc") return when.toISOString().slice(0, 19);
  const day = `${when.getFullYear()}-${two(when.getMonth() + 1)}-${two(when.getDate())}`;
  return `${day}T${two(when.getHours())}:${two(when.getMinutes())}:${two(when.getSeconds())}`;
}

/** The moment that a field holds, with its zone; nothing where it holds none. */
export function momentOf(field: string, zone: Zone): string | undefined {
  if (field === "") return undefined;
  const when = new Date(zone === "utc" ? `${field}Z` : field);
  return Number.isNaN(when.getTime()) ? undefined : when.toISOString();
}
