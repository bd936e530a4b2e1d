// The event in the editor: what is wrong with it, and what makes an event of the past one of its own.
import { placeIn, prettyText, walk, without } from "../../parts/json";

/** Why a text is no event, with its place; null where it may be one. */
export function faultOf(text: string): string | null {
  if (text.trim() === "") return "Write an event, or generate a sample.";
  const brokenAt = walk(text, () => {});
  if (brokenAt !== null) {
    const { line, column } = placeIn(text, brokenAt);
    const what = brokenAt >= text.length ? "the JSON ends too early" : "this is not JSON";
    return `Line ${line}, column ${column}: ${what}.`;
  }
  const start = text.search(/\S/);
  if (text[start] === "{") return null;
  const { line, column } = placeIn(text, start);
  return `Line ${line}, column ${column}: an event is an object, in braces.`;
}

/** What the gateway gives each event. With these an event would be taken for the old one. */
const OF_THE_GATEWAY = [
  "messageId",
  "rudderId",
  "receivedAt",
  "request_ip",
  "sentAt",
  "originalTimestamp",
  "timestamp",
];

/** An event that came once, as one that may come again; its numbers stay as they were sent. */
export const renewed = (payload: string): string => prettyText(without(payload, OF_THE_GATEWAY));
