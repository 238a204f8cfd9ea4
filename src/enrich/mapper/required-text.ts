/**
 * The texts every match of a regular expression contains, as far as they can be seen without understanding
 * the expression; a cheap test before the expensive one, and what the rule is found by.
 *
 *   app\.(\w+)\.svc1\.(.*)   app.  .svc1.
 *   .*\.jobs?\.count         .job  .count      the s may be missing
 *   (foo|bar)                nothing: what is in a group may be one of several, or repeated no time
 *
 * In doubt there are fewer texts than there could be: none at all with an alternative outside groups, with
 * flags such as (?i), and with escapes other than the common ones.
 */
import { classEnd, hasOuterAlternative, isLiteral } from './literal-prefix.ts';

const FLAGS = /\(\?(?!:|P?<)/;
const QUANTIFIERS = /(?:[*+?]|\{\d+(?:,\d*)?\})*/y;
const CLASS_OR_ANCHOR = /^\\[dDwWsSbBAz]$/;

export function requiredTexts(source: string): string[] {
  if (hasOuterAlternative(source) || FLAGS.test(source)) return [];
  const texts: string[] = [];
  let text = '';
  for (let at = 0; at < source.length; ) {
    const end = atomEnd(source, at);
    const atom = source.slice(at, end);
    if (!isUnderstood(atom)) return [];
    QUANTIFIERS.lastIndex = end;
    const quantifiers = QUANTIFIERS.exec(source)?.[0] ?? '';
    at = end + quantifiers.length;

    const literal = literalOf(atom);
    if (/^(?:\+\??)?$/.test(quantifiers)) text += literal;
    if (literal === '' || quantifiers !== '') {
      texts.push(text);
      text = '';
    }
  }
  return [...texts, text].filter((found) => found !== '');
}

/** Returns where the character, escape, class or group that begins at `start` ends. */
function atomEnd(source: string, start: number): number {
  let depth = 0;
  let at = start;
  do {
    const char = source[at];
    if (char === '\\') at++;
    else if (char === '[') at = classEnd(source, at);
    else if (char === '(') depth++;
    else if (char === ')') depth--;
    at++;
  } while (depth > 0 && at < source.length);
  return at;
}

function isUnderstood(atom: string): boolean {
  // A brace that begins no quantifier is literal, and so is what follows, up to who knows where.
  if (atom === '{') return false;
  return atom[0] !== '\\' || literalOf(atom) !== '' || CLASS_OR_ANCHOR.test(atom);
}

/** Returns the text an atom stands for; empty when it is not one ASCII character. */
function literalOf(atom: string): string {
  const escaped = atom[0] === '\\';
  const char = escaped ? atom.slice(1) : atom;
  return /^[ -~]$/.test(char) && isLiteral(char, escaped) ? char : '';
}
