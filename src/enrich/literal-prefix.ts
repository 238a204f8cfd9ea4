/**
 * The text every match of a regular expression begins with, as far as it can be seen without understanding
 * the expression; a cheap test before the expensive one.
 *
 *   app\.svc1\.(\w+)     app.svc1.
 *   app\.jobs?\.x        app.job       the s may be missing
 *   foo|bar              nothing: the second arm does not begin with foo
 *
 * The expression is matched from the start of the name (spec mapper, Matching). In doubt the answer is
 * shorter than it could be.
 */

const SPECIAL = new Set('.^$*+?()[]{}|');
const OPTIONAL = new Set('*?{');
const PUNCTUATION = /^[!-/:-@[-`{-~]$/;

export function literalPrefix(source: string): string {
  if (hasOuterAlternative(source)) return '';
  let prefix = '';
  for (let at = 0; at < source.length; ) {
    const escaped = source[at] === '\\';
    const start = escaped ? at + 1 : at;
    const char = String.fromCodePoint(source.codePointAt(start) ?? 0);
    const isLiteral = escaped ? PUNCTUATION.test(char) : !SPECIAL.has(char);
    at = start + char.length;
    const next = source[at] ?? '';
    if (!isLiteral || OPTIONAL.has(next)) break;
    prefix += char;
    if (next === '+') break;
  }
  return prefix;
}

/** Whether a bar separates alternatives outside all groups, or might. */
function hasOuterAlternative(source: string): boolean {
  let depth = 0;
  for (let at = 0; at < source.length; at++) {
    switch (source[at]) {
      case '\\':
        // Text between \Q and \E is literal, bars and parentheses too: nothing is said about it.
        if (source[at + 1] === 'Q') return true;
        at++;
        break;
      case '[':
        at = classEnd(source, at);
        break;
      case '(':
        depth++;
        break;
      case ')':
        depth--;
        break;
      case '|':
        if (depth <= 0) return true;
    }
  }
  return false;
}

// [a-z]   []x]   [^]x]   [\]]      a bracket right after the opening is literal, as is an escaped one
function classEnd(source: string, open: number): number {
  let at = open + 1;
  if (source[at] === '^') at++;
  if (source[at] === ']') at++;
  while (at < source.length && source[at] !== ']') at += source[at] === '\\' ? 2 : 1;
  return at;
}
