// What one line can say of a playground request: the kind, name and user that its body tells.
import type { PlaygroundRequest } from "../api/playgrounds";
import { topLevel } from "../parts/json";

export interface Summary {
  /** The event's type, or empty when the body does not say. */
  kind: string;
  /** The event's or page's name, or empty. */
  title: string;
  user: string;
  /** Whether `user` is an anonymous id. */
  anonymous: boolean;
}

const NAMES = ["type", "event", "name", "userId", "anonymousId", "groupId"] as const;

export function summary({ body }: Pick<PlaygroundRequest, "body">): Summary {
  const { type = "", event, name, userId, anonymousId, groupId } = topLevel(body, NAMES);
  const title = event ?? name ?? (type === "group" ? groupId : undefined) ?? "";
  const anonymous = !userId && anonymousId !== undefined;
  return { kind: type, title, user: userId || anonymousId || "", anonymous };
}
