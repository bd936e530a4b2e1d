// JSON text as a flat table: one row per value that is no object or list, with the path to it.
import { type TokenKind, walk } from "./json";

export interface Leaf {
  path: string;
  kind: TokenKind;
  /** As it was sent: numbers and escapes are not touched. */
  text: string;
}

interface Level {
  /** The key of the member that comes, or the number of the next element. */
  at: string | number;
}

const PLAIN = /^"[A-Za-z_$][\w$-]*"$/;

const step = (at: string | number) =>
  typeof at === "number" ? `[${at}]` : PLAIN.test(at) ? `.${at.slice(1, -1)}` : `[${at}]`;

const pathOf = (levels: readonly Level[]) =>
  levels
    .map(({ at }) => step(at))
    .join("")
    .replace(/^\./, "");

/** At most `most` of them; the text may stop being JSON, then so does the table. */
export function leaves(text: string, most: number): Leaf[] {
  const found: Leaf[] = [];
  const levels: Level[] = [];
  let empty: string | null = null;
  walk(text, ({ kind, start, end }) => {
    const piece = text.slice(start, end);
    const here = levels.at(-1);
    const add = (leaf: Omit<Leaf, "path">) => {
      if (found.length < most) found.push({ path: pathOf(levels), ...leaf });
    };
    if (kind === "key") {
      if (here) here.at = piece;
    } else if (kind !== "mark") {
      add({ kind, text: piece });
    } else if (piece === "{" || piece === "[") {
      levels.push({ at: piece === "[" ? 0 : "" });
    } else if (piece === "}" || piece === "]") {
      levels.pop();
      if (empty !== null) add({ kind: "mark", text: empty + piece });
    } else if (piece === "," && typeof here?.at === "number") {
      here.at += 1;
    }
    empty = kind === "mark" && (piece === "{" || piece === "[") ? piece : null;
  });
  return found;
}
