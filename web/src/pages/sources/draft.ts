// A source's settings as a form has them, what a save changes, and where two drafts differ.
import type { SourceChange, SourceObject } from "../../api/sources";

export interface SourceDraft {
  name: string;
  enabled: boolean;
  /** One a line. */
  allowedOrigins: string;
  eventsPerSecond: string;
  burst: string;
}

export function draftOf({ name, enabled, postrider }: SourceObject): SourceDraft {
  const limit = postrider?.rateLimit;
  return {
    name,
    enabled,
    allowedOrigins: (postrider?.allowedOrigins ?? []).join("\n"),
    eventsPerSecond: limit ? String(limit.eventsPerSecond) : "",
    burst: limit ? String(limit.burst) : "",
  };
}

const lines = (text: string) =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");

/** What is no number goes to the server as it is: it says what is wrong with it. */
const numbered = (text: string) => (/^\d+$/.test(text.trim()) ? Number(text) : text.trim());

function limitOf({ eventsPerSecond, burst }: SourceDraft) {
  if (eventsPerSecond.trim() === "") return null;
  const perSecond = numbered(eventsPerSecond);
  return { eventsPerSecond: perSecond, burst: burst.trim() === "" ? perSecond : numbered(burst) };
}

/** What differs, as a merge patch. */
export function patchOf(draft: SourceDraft, base: SourceDraft): Record<string, unknown> {
  const postrider: Record<string, unknown> = {};
  if (draft.allowedOrigins !== base.allowedOrigins) {
    const origins = lines(draft.allowedOrigins);
    postrider.allowedOrigins = origins.length > 0 ? origins : null;
  }
  if (draft.eventsPerSecond !== base.eventsPerSecond || draft.burst !== base.burst) {
    postrider.rateLimit = limitOf(draft);
  }
  return {
    ...(draft.name !== base.name ? { name: draft.name } : {}),
    ...(draft.enabled !== base.enabled ? { enabled: draft.enabled } : {}),
    ...(Object.keys(postrider).length > 0 ? { postrider } : {}),
  } satisfies Record<keyof SourceChange & string, unknown> | Record<string, unknown>;
}

const WORDS: Record<keyof SourceDraft, string> = {
  name: "Name",
  enabled: "Enabled",
  allowedOrigins: "Origins",
  eventsPerSecond: "Events per second",
  burst: "At once",
};

/** The settings in which two drafts differ, in words. */
export function theirs(their: SourceDraft, mine: SourceDraft) {
  return (Object.keys(WORDS) as (keyof SourceDraft)[])
    .filter((name) => their[name] !== mine[name])
    .map((name) => ({
      word: WORDS[name],
      their: String(their[name]),
      mine: String(mine[name]),
    }));
}
