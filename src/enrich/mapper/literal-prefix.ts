/**
 * The text every match of a regular expression begins with, as far as it can be seen without understanding
 * the expression; a cheap test before the expensive one.
 *
 *   app\.svc1\.(\w+)     app.svc1.
 *   ^app\.jobs?\.x       app.job       the s may be missing
 *   foo|bar              nothing: the second arm does not begin with foo
 *
 * The expression is matched from the start of the name (docs/mapper.md#profiles-and-rules). In doubt the answer is
 * shorter than it could be.
 */

// U+FFFD is among them because it also matches a byte that is not UTF-8.
const SPECIAL = new Set('.^$*+?()[]{}|\uFFFD');
const OPTIONAL = new Set('*?{');
const PUNCTUATION = /^[!-/:-@[-`{-~]$/;

export function literalPrefix(source: string): string {
  if (hasOuterAlternative(source)) return '';
  let prefix = '';
  for (let at = source.startsWith('^') ? 1 : 0; at < source.length; ) {
    const escaped = source[at] === '\\';
    const start = escaped ? at + 1 : at;
    const char = String.fromCodePoint(source.codePointAt(start) ?? 0);
    at = start + char.length;
    const next = source[at] ?? '';
    if (!isLiteral(char, escaped) || OPTIONAL.has(next)) break;
    prefix += char;
    if (next === '+') break;
  }
  return prefix;
}

/** Whether a character, or a backslash before it, stands for just that character. */
export function isLiteral(char: string, escaped: boolean): boolean {
  return escaped ? PUNCTUATION.test(char) : !SPECIAL.has(char);
}

/** Whether a bar separates alternatives outside all groups, or might. */
export function hasOuterAlternative(source: string): boolean {
  // [+-[:a:]] is a range up to a bracket, [a-z-[:alpha:]] names a class: nothing is said about either.
  if (source.includes('-[:')) return true;
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
// [[:alpha:]x]                     a class by name has brackets of its own
/** Returns where the class that begins at `open` has its closing bracket. */
export function classEnd(source: string, open: number): number {
  let at = open + 1;
  if (source[at] === '^') at++;
  if (source[at] === ']') at++;
  while (at < source.length && source[at] !== ']') {
    const nameEnd = source.startsWith('[:', at) ? source.indexOf(':]', at + 2) : -1;
    if (nameEnd >= 0) at = nameEnd + 2;
    else at += source[at] === '\\' ? 2 : 1;
  }
  return at;
}
