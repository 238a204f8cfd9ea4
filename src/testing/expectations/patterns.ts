/**
 * What an expected value may be: the value itself, a regular expression for text, or an asymmetric matcher of the
 * test runner, such as `expect.any(Number)` or `expect.stringContaining('paid')`.
 */

/** What vitest, jest and other runners return from `expect.any(…)`, `expect.closeTo(…)` and so on. */
export interface AsymmetricMatcher {
  asymmetricMatch(other: unknown): boolean;
}

/** Text that is equal, or matches. */
export type TextPattern = string | RegExp | AsymmetricMatcher;

/** A value that is equal, or that a matcher accepts. */
export type Expected<T> = T | AsymmetricMatcher;

/** Also one of another realm: jest runs tests in a context of their own, whose RegExp is another class. */
export function isRegExp(value: unknown): value is RegExp {
  return Object.prototype.toString.call(value) === '[object RegExp]';
}

export function isMatcher(value: unknown): value is AsymmetricMatcher {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as AsymmetricMatcher).asymmetricMatch === 'function'
  );
}

/** Whether `text` fits. A regular expression with a state of its own (`g`, `y`) starts anew each time. */
export function fitsText(pattern: TextPattern, text: string): boolean {
  if (typeof pattern === 'string') return text === pattern;
  if (isMatcher(pattern)) return pattern.asymmetricMatch(text);
  pattern.lastIndex = 0;
  return pattern.test(text);
}

/** An expected value as a report shows it: `"a"`, `/^a/`, `Any<Number>`, `3`. */
export function showExpected(value: unknown): string {
  if (isRegExp(value)) return String(value);
  if (isMatcher(value)) return showMatcher(value);
  if (Array.isArray(value)) return `[${value.map(showExpected).join(', ')}]`;
  return JSON.stringify(value) ?? String(value);
}

/** A pattern as part of a sentence, without quotation marks. */
export function showPattern(pattern: TextPattern): string {
  return typeof pattern === 'string' ? pattern : showExpected(pattern);
}

function showMatcher(matcher: AsymmetricMatcher & { toAsymmetricMatcher?: () => string }): string {
  if (typeof matcher.toAsymmetricMatcher === 'function') return matcher.toAsymmetricMatcher();
  const text = String(matcher);
  return text === '[object Object]' ? 'a matcher' : text;
}
