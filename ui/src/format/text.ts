/**
 * Text from the wire as the page shows it. It always goes in as a text node, so markup stays text; what remains is
 * characters that cannot be seen or that change the order of others.
 *
 *   a\x1bb   controls and bidirectional overrides become visible; `<bdi>` isolates the rest
 *
 * Limits  Beyond CUT_AT characters a text is cut, and whoever shows it offers the whole.
 */

export const CUT_AT = 200;

// C0 and C1 controls, line and paragraph separators, bidirectional marks, embeddings, overrides and isolates,
// zero-width characters and the byte order mark.
const HIDDEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what this looks for
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** The text with every character that cannot be seen written out: `\n`, `\x1b`, `\u202e`. */
export function visible(text: string): string {
  return text.replace(HIDDEN, (character) => {
    const code = character.charCodeAt(0);
    if (character === '\n') return '\\n';
    if (character === '\t') return '\\t';
    if (character === '\r') return '\\r';
    return code < 0x100
      ? `\\x${code.toString(16).padStart(2, '0')}`
      : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

/** At most `length` characters, without cutting a surrogate pair. */
export function cut(
  text: string,
  length: number = CUT_AT,
): { readonly text: string; readonly isCut: boolean } {
  if (text.length <= length) return { text, isCut: false };
  const end = /[\ud800-\udbff]/.test(text.charAt(length - 1)) ? length - 1 : length;
  return { text: `${text.slice(0, end)}…`, isCut: true };
}

/** The key and the value of a tag; a tag without a colon has no value. */
export function splitTag(tag: string): { readonly key: string; readonly value: string | undefined } {
  const colon = tag.indexOf(':');
  return colon < 0
    ? { key: tag, value: undefined }
    : { key: tag.slice(0, colon), value: tag.slice(colon + 1) };
}
