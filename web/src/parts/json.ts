// Reads raw JSON text without parsing values: re-indents it for the eye and picks top-level fields.
// Numbers, escapes and key order stay as they were sent, so 2^53+1 is never rounded.

/** What a stretch of JSON text is; `rest` is where it stops being JSON. */
export type TokenKind = "key" | "string" | "number" | "word" | "mark" | "rest";

export interface Token {
  kind: TokenKind;
  text: string;
}

export interface Line {
  depth: number;
  tokens: Token[];
}

export interface Pretty {
  lines: Line[];
  /** Where the text stops being JSON, in UTF-16 units; null when all of it is. */
  brokenAt: number | null;
}

/** One token with its place; `depth` counts the brackets that are open around it. */
interface Piece {
  kind: TokenKind;
  start: number;
  end: number;
  depth: number;
}

const SPACE = /[ \t\r\n]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;

/** Matches a sticky pattern at `at` and answers where the match ends, or -1. */
function matchEnd(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : -1;
}

/** Where the string that opens at `at` ends, or -1; by hand, as bodies may hold one of megabytes. */
function stringEnd(text: string, at: number): number {
  if (text[at] !== '"') return -1;
  for (let i = at + 1; i < text.length; i += 1) {
    const char = text[i];
    if (char === "\\") i += 1;
    else if (char === '"') return i + 1;
  }
  return -1;
}

type Expect = "value" | "value or ]" | "key" | "key or }" | ":" | "," | "end";

function scalar(text: string, at: number): { kind: TokenKind; end: number } | null {
  const string = stringEnd(text, at);
  if (string > at) return { kind: "string", end: string };
  const number = matchEnd(NUMBER, text, at);
  if (number > at) return { kind: "number", end: number };
  const word = matchEnd(WORD, text, at);
  return word > at ? { kind: "word", end: word } : null;
}

/** Walks the JSON text and calls `visit` for each token; answers where it broke, or null. */
export function walk(text: string, visit: (piece: Piece) => void): number | null {
  const open: string[] = [];
  let expect: Expect = "value";
  let at = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  const after = (): Expect => (open.length === 0 ? "end" : ",");
  for (;;) {
    at = matchEnd(SPACE, text, at);
    if (at >= text.length) return expect === "end" ? null : at;
    const char = text.charAt(at);
    const inside = open.at(-1);
    const mark = (depth: number) => visit({ kind: "mark", start: at, end: at + 1, depth });
    if (expect === "end") return at;
    if (expect === ":" || expect === ",") {
      if (char === expect) {
        mark(open.length);
        expect = char === ":" ? "value" : inside === "{" ? "key" : "value";
        at += 1;
        continue;
      }
    }
    const mayClose = expect === "," || expect === "key or }" || expect === "value or ]";
    if (mayClose && ((char === "}" && inside === "{") || (char === "]" && inside === "["))) {
      open.pop();
      mark(open.length);
      expect = after();
      at += 1;
      continue;
    }
    if (expect === "key" || expect === "key or }") {
      const end = stringEnd(text, at);
      if (end < 0) return at;
      visit({ kind: "key", start: at, end, depth: open.length });
      expect = ":";
      at = end;
      continue;
    }
    if (expect !== "value" && expect !== "value or ]") return at;
    if (char === "{" || char === "[") {
      mark(open.length);
      open.push(char);
      expect = char === "{" ? "key or }" : "value or ]";
      at += 1;
      continue;
    }
    const found = scalar(text, at);
    if (!found) return at;
    visit({ kind: found.kind, start: at, end: found.end, depth: open.length });
    expect = after();
    at = found.end;
  }
}

/** Re-indents raw JSON text. What cannot be read as JSON follows as it was sent. */
export function pretty(text: string): Pretty {
  const lines: Line[] = [{ depth: 0, tokens: [] }];
  let line = lines[0] as Line;
  let justOpened = false;
  let seenTo = 0;
  const newLine = (depth: number) => {
    line = { depth, tokens: [] };
    lines.push(line);
  };
  const brokenAt = walk(text, ({ kind, start, end, depth }) => {
    const shown = text.slice(start, end);
    const closes = kind === "mark" && (shown === "}" || shown === "]");
    if (justOpened && !closes) newLine(depth);
    if (closes && !justOpened) newLine(depth);
    justOpened = kind === "mark" && (shown === "{" || shown === "[");
    line.tokens.push({ kind, text: kind === "mark" && shown === ":" ? ": " : shown });
    if (kind === "mark" && shown === ",") newLine(depth);
    seenTo = end;
  });
  if (brokenAt !== null) {
    const rest = text.slice(seenTo).replace(/^[ \t\r\n]+/, "");
    for (const [index, part] of rest.split("\n").entries()) {
      if (index > 0 || (justOpened && part !== "")) newLine(index > 0 ? 0 : line.depth + 1);
      if (part !== "") line.tokens.push({ kind: "rest", text: part });
    }
  }
  return { lines: lines.filter((each) => each.tokens.length > 0), brokenAt };
}

/** The text of a re-indented body, two spaces a level, as the copy button hands it over. */
export function prettyText(text: string): string {
  return pretty(text)
    .lines.map((line) => "  ".repeat(line.depth) + line.tokens.map((t) => t.text).join(""))
    .join("\n");
}

/** The text a raw string token stands for; other tokens stand for themselves. */
function decoded(raw: string): string {
  if (!raw.startsWith('"')) return raw;
  try {
    return String(JSON.parse(raw));
  } catch {
    return raw.slice(1, -1);
  }
}

/**
 * The scalar fields of the outermost object that are among `names`, decoded if they are strings
 * and otherwise as they were sent. Also reads text that was cut off; of doubled keys the last counts.
 */
export function topLevel<Name extends string>(
  text: string,
  names: readonly Name[],
): Partial<Record<Name, string>> {
  const found: Partial<Record<Name, string>> = {};
  let key: string | null = null;
  walk(text, ({ kind, start, end, depth }) => {
    if (depth !== 1) return;
    const raw = text.slice(start, end);
    if (kind === "key") {
      key = decoded(raw);
    } else if (kind !== "mark" && key !== null) {
      const name = names.find((each) => each === key);
      if (name !== undefined && raw !== "null") found[name] = decoded(raw);
      key = null;
    } else if (raw !== ":") {
      key = null;
    }
  });
  return found;
}

/** Where a place of a text is, as people count: both from 1. */
export function placeIn(text: string, at: number): { line: number; column: number } {
  const before = text.slice(0, at);
  const start = before.lastIndexOf("\n") + 1;
  // An emoji is two units and one character.
  return { line: before.split("\n").length, column: [...before.slice(start)].length + 1 };
}

/** The outermost object without some of its members; the others stay as they were written. */
export function without(text: string, names: readonly string[]): string {
  const kept: string[] = [];
  let member: { start: number; name: string } | null = null;
  let end = 0;
  const keep = () => {
    if (member && !names.includes(member.name)) kept.push(text.slice(member.start, end));
    member = null;
  };
  const brokenAt = walk(text, (piece) => {
    const shown = text.slice(piece.start, piece.end);
    const ends = piece.depth === 1 ? shown === "," : piece.depth === 0 && shown === "}";
    if (piece.kind === "mark" && ends) keep();
    else if (piece.kind === "key" && piece.depth === 1) {
      member = { start: piece.start, name: decoded(shown) };
    } else end = piece.end;
  });
  return brokenAt === null && text.trimStart().startsWith("{") ? `{${kept.join(",")}}` : text;
}
