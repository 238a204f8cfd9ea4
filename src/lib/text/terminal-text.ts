/**
 * Text for terminals and log lines: nothing that came from elsewhere may move the cursor, change colours
 * or reorder what is read.
 */
// C0, DEL and C1 controls, line and paragraph separators, invisible and bidirectional formatting, byte
// order mark, tags. Lone characters of these blocks have no business in a name.
const DRIVING =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
  /[\0-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;
const SHORT_ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const COMBINING = /\p{M}/u;

/** Writes every character that could drive a terminal as an escape: `\x1b`. */
export function escapeControls(text: string): string {
  return text.replace(DRIVING, (char) => SHORT_ESCAPES[char] ?? escapeOf(char.codePointAt(0) ?? 0));
}

/** How many columns a terminal gives `text`. */
export function widthOf(text: string): number {
  let width = 0;
  for (const char of text) width += columnsOf(char);
  return width;
}

/** Shortens `text` to `columns`, with `…` where it was cut. */
export function elide(text: string, columns: number): string {
  // Every character takes two columns at most, and most texts are short.
  if (text.length * 2 <= columns || widthOf(text) <= columns) return text;
  if (columns < 1) return '';
  let kept = '';
  let width = 1;
  for (const char of text) {
    width += columnsOf(char);
    if (width > columns) break;
    kept += char;
  }
  return `${kept}…`;
}

/** Fills `text` up to `columns` with spaces. */
export function padTo(text: string, columns: number, side: 'left' | 'right'): string {
  const space = ' '.repeat(Math.max(0, columns - widthOf(text)));
  return side === 'right' ? text + space : space + text;
}

function columnsOf(char: string): number {
  if (char < '\u0300') return 1;
  return COMBINING.test(char) ? 0 : WIDE.test(char) ? 2 : 1;
}

function escapeOf(code: number): string {
  const hex = code.toString(16);
  return code <= 0xff ? `\\x${hex.padStart(2, '0')}` : `\\u{${hex}}`;
}
