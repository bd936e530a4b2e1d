// The call of an SDK that makes such an event, as a developer recognises it in the own code.
import { prettyText } from "../../parts/json";
import { members } from "../../parts/members";

/** The members that stand in a call, in its order; the others an SDK adds by itself. */
const ARGUMENTS: ReadonlyMap<string, readonly string[]> = new Map([
  ["track", ["event", "properties"]],
  ["page", ["category", "name", "properties"]],
  ["screen", ["category", "name", "properties"]],
  ["identify", ["userId", "traits"]],
  ["group", ["groupId", "traits"]],
  ["alias", ["userId", "previousId"]],
]);

/** As JavaScript; values stand as they were sent. Empty where the body is no such event. */
export function sdkCall(text: string): string {
  const found = members(text);
  const type = (found.get("type") ?? "").replaceAll('"', "");
  const wanted = ARGUMENTS.get(type);
  if (!wanted) return "";
  const given = wanted.flatMap((name) => found.get(name) ?? []);
  return `analytics.${type}(${given.map(prettyText).join(", ")});`;
}
