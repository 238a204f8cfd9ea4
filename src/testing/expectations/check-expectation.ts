/**
 * Checks an expectation before it is compared with anything, so that a slip fails the test instead of passing it.
 *
 *   { summ: 1 }            TypeError: "summ" is not a key of a metric expectation; did you mean "sum"?
 *   { type: 'counter' }    TypeError: type is "counter"; allowed: count, gauge, … ; did you mean "count"?
 *   { sum: undefined }     TypeError: sum is undefined; …
 *   {}                     TypeError: a metric expectation needs a name
 *
 * TypeScript finds most of these; JavaScript, spread objects and values that are undefined at run time are not seen
 * by it. The same words are used for expectations given as text (expectation-text.ts).
 */
import { findNearest } from '../../lib/text/nearest.ts';
import { RECEIVED_TYPES, type ReceivedType } from '../test-server/received.ts';
import { isMatcher, isRegExp, showExpected } from './patterns.ts';

/** One key: what it accepts, in words and as a check. */
interface Field {
  readonly allowed: string;
  readonly accepts: (value: unknown) => boolean;
  /** All words it accepts, when it accepts only these. */
  readonly words?: readonly string[];
}

/** The keys of one kind of expectation. */
interface Shape {
  readonly what: string;
  readonly fields: Readonly<Record<string, Field>>;
  /** Says what is missing from one whose every key is right; undefined when nothing is. */
  readonly missing: (given: Readonly<Record<string, unknown>>) => string | undefined;
}

const MATCHER = 'or a matcher such as expect.anything()';

const text: Field = {
  allowed: `text, a regular expression, ${MATCHER}`,
  accepts: (value) => (typeof value === 'string' && value !== '') || isPattern(value),
};
/** The host of the server itself is empty. */
const textOrEmpty: Field = { ...text, accepts: (value) => typeof value === 'string' || isPattern(value) };
const number: Field = {
  allowed: `a finite number, ${MATCHER}`,
  accepts: (value) => Number.isFinite(value) || isMatcher(value),
};
const numbers: Field = {
  allowed: `a list of finite numbers, ${MATCHER}`,
  accepts: (value) => isMatcher(value) || (Array.isArray(value) && value.every(number.accepts)),
};
const texts: Field = {
  allowed: `a list of texts, ${MATCHER}`,
  accepts: (value) =>
    isMatcher(value) ||
    (Array.isArray(value) && value.every((item) => typeof item === 'string' || isMatcher(item))),
};
const tags: Field = {
  allowed:
    "a list of tags such as ['env:test', /^id:/], or a map such as { env: 'test', id: /^\\d+$/, region: true }; not empty, unless exactTags is true",
  accepts: (value) =>
    isMatcher(value) ||
    (Array.isArray(value)
      ? value.every(text.accepts)
      : isRecord(value) &&
        Object.values(value).every((one) => one === true || typeof one === 'string' || isPattern(one))),
};
const flag: Field = { allowed: 'true or false', accepts: (value) => typeof value === 'boolean' };

function oneOf(words: readonly string[]): Field {
  return {
    allowed: words.join(', '),
    words,
    accepts: (value) => words.includes(value as string) || isMatcher(value),
  };
}

/**
 * Other words for a type, from the wire and from other tools. Text accepts them; in an object they are refused with the
 * right one, as TypeScript does.
 */
export const TYPE_WORDS: Readonly<Record<string, ReceivedType>> = {
  c: 'count',
  counter: 'count',
  g: 'gauge',
  h: 'histogram',
  ms: 'timing',
  timer: 'timing',
  d: 'distribution',
  s: 'set',
};

const METRIC: Shape = {
  what: 'a metric expectation',
  fields: {
    name: text,
    type: oneOf(RECEIVED_TYPES),
    tags,
    exactTags: flag,
    host: textOrEmpty,
    value: number,
    sum: number,
    last: number,
    min: number,
    max: number,
    count: number,
    samples: number,
    messages: number,
    values: numbers,
    elements: texts,
  },
  missing: (given) =>
    given.name === undefined
      ? 'needs a name: text, or /./ to accept every name'
      : emptyTags(given.tags) && given.exactTags !== true
        ? 'has empty tags, which every metric has; leave them out, or add exactTags: true for "no tags at all"'
        : undefined,
};

const EVENT: Shape = {
  what: 'an event expectation',
  fields: {
    title: text,
    text: textOrEmpty,
    tags,
    host: textOrEmpty,
    priority: oneOf(['normal', 'low']),
    alertType: oneOf(['error', 'warning', 'info', 'success']),
    aggregationKey: textOrEmpty,
    sourceType: textOrEmpty,
  },
  missing: (given) => missingAll(given, "title: 'Deployed'"),
};

const SERVICE_CHECK: Shape = {
  what: 'a service check expectation',
  fields: {
    name: text,
    status: {
      allowed: '0 (OK), 1 (warning), 2 (critical), 3 (unknown)',
      accepts: (value) => [0, 1, 2, 3].includes(value as number) || isMatcher(value),
    },
    message: textOrEmpty,
    tags,
    host: textOrEmpty,
  },
  missing: (given) => missingAll(given, "name: 'db.up'"),
};

/** Throws TypeError when `expected` is not an expectation of a metric. */
export function checkMetric(expected: unknown): void {
  check(METRIC, expected);
}

/** Throws TypeError when `expected` is not an expectation of an event. */
export function checkEvent(expected: unknown): void {
  check(EVENT, expected);
}

/** Throws TypeError when `expected` is not an expectation of a service check. */
export function checkServiceCheck(expected: unknown): void {
  check(SERVICE_CHECK, expected);
}

/** The expectation of a metric whose name stands apart from the rest. Throws TypeError. */
export function withName<Details extends object, Name>(
  name: Name,
  details: Details,
): Details & { readonly name: Name } {
  if (!isRecord(details)) {
    throw new TypeError(
      `what is expected of the metric is ${show(details)}; write it as an object, such as { sum: 3 }`,
    );
  }
  if (Object.hasOwn(details, 'name')) {
    throw new TypeError('the name of the metric is given twice; it is the first argument');
  }
  return { name, ...details };
}

/** Throws TypeError when `given` has a key that is not one of `known`, or is no object. */
export function checkKeys(what: string, given: unknown, known: readonly string[]): void {
  if (!isRecord(given))
    throw new TypeError(`${what} are ${show(given)}; write an object with ${known.join(', ')}`);
  for (const key of Object.keys(given)) {
    if (!known.includes(key)) throw new TypeError(`"${key}" is not one of ${what}; ${suggest(key, known)}`);
  }
}

/** ` did you mean "sum"?`, or what is known. */
export function suggest(name: string, known: readonly string[]): string {
  const bare = name.toLowerCase().replace(/[-_\s]/g, '');
  const nearest =
    known.find((one) => one.toLowerCase().replace(/[-_]/g, '') === bare) ?? findNearest(name, known);
  return nearest === undefined ? `known are ${known.join(', ')}` : `did you mean "${nearest}"?`;
}

/** What to say about a word that is not a type. */
export function suggestType(word: string): string {
  const meant = TYPE_WORDS[word.toLowerCase()] ?? findNearest(word, RECEIVED_TYPES);
  const known = RECEIVED_TYPES.join(', ');
  return meant === undefined
    ? `allowed: ${known}`
    : `allowed: ${known}; did you mean ${JSON.stringify(meant)}?`;
}

function check({ what, fields, missing }: Shape, expected: unknown): void {
  if (!isRecord(expected) || isMatcher(expected)) {
    throw new TypeError(
      `${what} is ${show(expected)}; write an object with ${Object.keys(fields).join(', ')}`,
    );
  }
  for (const [key, value] of Object.entries(expected)) {
    const field = Object.hasOwn(fields, key) ? fields[key] : undefined;
    if (field === undefined) throw new TypeError(explainKey(what, key, Object.keys(fields)));
    if (value === undefined) {
      throw new TypeError(
        `${key} is undefined in ${what}; leave the key out, or see why its value is undefined`,
      );
    }
    if (!field.accepts(value)) throw new TypeError(explainValue(what, key, value, field));
  }
  const gap = missing(expected);
  if (gap !== undefined) throw new TypeError(`${what} ${gap}`);
}

function explainKey(what: string, key: string, known: readonly string[]): string {
  const start = `"${key}" is not a key of ${what}`;
  if (key === 'timeoutMs' || key === 'signal') {
    return `${start}; it is one of the options, the argument after the expectation`;
  }
  return `${start}; ${suggest(key, known)}`;
}

function explainValue(what: string, key: string, value: unknown, field: Field): string {
  const start = `${key} is ${show(value)} in ${what}`;
  if (key === 'type' && typeof value === 'string') return `${start}; ${suggestType(value)}`;
  const nearest =
    typeof value === 'string' && field.words !== undefined ? findNearest(value, field.words) : undefined;
  const hint = nearest === undefined ? '' : `; did you mean ${JSON.stringify(nearest)}?`;
  return `${start}; allowed: ${field.allowed}${hint}`;
}

function missingAll(given: Readonly<Record<string, unknown>>, example: string): string | undefined {
  if (Object.keys(given).length === 0) return `is empty, which accepts everything; write { ${example} }`;
  return emptyTags(given.tags)
    ? 'has empty tags, which accept everything; leave them out, or name one'
    : undefined;
}

function emptyTags(given: unknown): boolean {
  if (given === undefined || isMatcher(given)) return false;
  return Array.isArray(given) ? given.length === 0 : Object.keys(given as object).length === 0;
}

function isPattern(value: unknown): boolean {
  return isRegExp(value) || isMatcher(value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function show(value: unknown): string {
  if (value === undefined || typeof value === 'number') return String(value);
  if (typeof value === 'function') return 'a function';
  return showExpected(value);
}
