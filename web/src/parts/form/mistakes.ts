// What the server found wrong with a request, at the field where each stands.
import { Problem } from "../../api/client";

/** Text for a field, by the field's name as the API spells it; nothing where it has no mistake. */
export type Mistakes = ReadonlyMap<string, string>;

export function mistakesOf(error: unknown): Mistakes {
  const found = new Map<string, string>();
  if (!(error instanceof Problem)) return found;
  for (const { field, detail } of error.body.mistakes ?? []) {
    const before = found.get(field);
    found.set(field, before === undefined ? detail : `${before}; ${detail}`);
  }
  return found;
}

/** The mistakes of `field` and of what is inside it, as `filter.types[0]` is in `filter.types`. */
export function within(mistakes: Mistakes, field: string): string | undefined {
  const inside = [...mistakes].filter(
    ([name]) => name === field || name.startsWith(`${field}.`) || name.startsWith(`${field}[`),
  );
  if (inside.length === 0) return undefined;
  return inside
    .map(([name, detail]) => (name === field ? detail : `${name.slice(field.length)}: ${detail}`))
    .join("; ");
}

/** What no field of a form shows: the mistakes elsewhere, or the whole error where it names none. */
export function elsewhere(error: unknown, shown: readonly string[]): string[] {
  if (!(error instanceof Error)) return [];
  const mistakes = mistakesOf(error);
  if (mistakes.size === 0) return [error.message];
  return [...mistakes]
    .filter(([name]) => !shown.some((field) => within(new Map([[name, ""]]), field) !== undefined))
    .map(([name, detail]) => `${name}: ${detail}`);
}
