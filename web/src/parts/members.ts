// The members of the outermost object of JSON text, each value as the text it was sent as.
import { walk } from "./json";

/** Of doubled keys the last counts; empty where the text is no object. */
export function members(text: string): Map<string, string> {
  const found = new Map<string, string>();
  let key: string | null = null;
  let from = -1;
  const end = (to: number) => {
    if (key !== null && from >= 0) found.set(key, text.slice(from, to).trim());
    key = null;
    from = -1;
  };
  walk(text, ({ kind, start, end: to, depth }) => {
    const piece = text.slice(start, to);
    if (depth === 1 && kind === "key") key = keyOf(piece);
    else if (depth === 1 && kind === "mark" && piece === ",") end(start);
    else if (depth === 0 && kind === "mark" && piece === "}") end(start);
    else if (depth === 1 && kind === "mark" && piece === ":") from = to;
  });
  return found;
}

function keyOf(raw: string): string {
  try {
    return String(JSON.parse(raw));
  } catch {
    return raw.slice(1, -1);
  }
}
