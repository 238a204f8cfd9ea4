/**
 * Patterns with `*` for any text, matched in time that grows with text and pattern only: no regular expression, whose
 * time a pattern with many stars could make grow without bound.
 *
 *   api-*      begins with `api-`          *.b.*   has `.b.` in it          a   is `a`
 */

/** Whether all of the text fits the pattern. */
export function matchesGlob(text: string, pattern: string): boolean {
  const parts = pattern.split('*');
  const [first = '', ...others] = parts;
  if (others.length === 0) return text === pattern;
  if (!text.startsWith(first)) return false;
  const last = others.pop() as string;
  let from = first.length;
  // The earliest place for each part leaves most room for those behind it.
  for (const part of others) {
    const found = text.indexOf(part, from);
    if (found < 0) return false;
    from = found + part.length;
  }
  return text.length - last.length >= from && text.endsWith(last);
}
