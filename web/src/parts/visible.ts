// Splits hostile text into plain stretches and characters that would hide or reorder their neighbours.

export interface Stretch {
  text: string;
  /** What the character is called, when it is shown as a symbol instead of being printed. */
  symbol?: string;
}

// C0 (but tab and line feed), DEL, C1, soft hyphen, Arabic letter mark, zero-width space, direction
// marks, line and paragraph separators, embeddings, overrides, isolates, invisible operators, byte
// order mark, interlinear marks, halves of a surrogate pair, and tag characters.
// Zero-width joiner and non-joiner stay: emoji and Persian need them.
const HIDDEN =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\u{e0000}-\u{e007f}]/gu;

// Names and not the Unicode control pictures, which many fonts lack.
const C0 =
  "NUL SOH STX ETX EOT ENQ ACK BEL BS TAB LF VT FF CR SO SI DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US".split(
    " ",
  );

function symbolOf(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  const name = code === 0x7f ? "DEL" : C0[code];
  if (name !== undefined) return name;
  return `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
}

/** `oneLine` also turns tabs and line feeds into symbols, for table cells. */
export type Layout = "oneLine" | "asSent";

export function stretches(text: string, layout: Layout): Stretch[] {
  const found: Stretch[] = [];
  const hidden = layout === "oneLine" ? new RegExp(`${HIDDEN.source}|[\\t\\n]`, "gu") : HIDDEN;
  let at = 0;
  for (const match of text.matchAll(hidden)) {
    if (match.index > at) found.push({ text: text.slice(at, match.index) });
    found.push({ text: match[0], symbol: symbolOf(match[0]) });
    at = match.index + match[0].length;
  }
  if (at < text.length) found.push({ text: text.slice(at) });
  return found;
}

/** The same where there are no elements: a symbol stands for each character that cannot be seen. */
export const inPlainSight = (text: string): string =>
  stretches(text, "oneLine")
    .map((stretch) => (stretch.symbol === undefined ? stretch.text : `[${stretch.symbol}]`))
    .join("");
