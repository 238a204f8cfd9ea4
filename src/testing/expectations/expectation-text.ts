/**
 * Expectations as text, for the command line and HTTP: pairs of a key and a value.
 *
 *   name=checkout.paid type=count tag=env:test sum=3           a metric
 *   event=Deployed tag=env:test alert_type=info                an event, by its title
 *   check=db.up status=critical                                a service check, by its name
 *
 * A name, title or tag between slashes is a regular expression: `/^checkout\./`.
 */
import { findNearest } from '../../lib/text/nearest.ts';
import { RECEIVED_TYPES, type ReceivedType } from '../test-server/received.ts';
import { suggest, suggestType, TYPE_WORDS } from './check-expectation.ts';
import type { EventExpectation, MetricExpectation, ServiceCheckExpectation } from './expectation.ts';
import type { TextPattern } from './patterns.ts';

export type Expectation =
  | { readonly kind: 'metric'; readonly expected: MetricExpectation }
  | { readonly kind: 'event'; readonly expected: EventExpectation }
  | { readonly kind: 'service_check'; readonly expected: ServiceCheckExpectation };

/** An expectation that makes no sense; the message says what to write. */
export class ExpectationTextError extends Error {
  override readonly name = 'ExpectationTextError';
  readonly code = 'ERR_EXPECTATION';
}

const NUMBER_KEYS = ['value', 'sum', 'last', 'min', 'max', 'count', 'samples', 'messages'] as const;
const METRIC_KEYS = ['name', 'type', 'tag', 'exact_tags', 'host', ...NUMBER_KEYS];
const EVENT_KEYS = [
  'event',
  'text',
  'tag',
  'host',
  'alert_type',
  'priority',
  'aggregation_key',
  'source_type',
];
const CHECK_KEYS = ['check', 'status', 'message', 'tag', 'host'];
const STATUSES = ['ok', 'warning', 'critical', 'unknown'] as const;
const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m)?$/;
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };

/** Throws ExpectationTextError. */
export function parseExpectation(pairs: Iterable<readonly [string, string]>): Expectation {
  const given = new Map<string, string[]>();
  for (const [key, value] of pairs) given.set(key, [...(given.get(key) ?? []), value]);
  if (given.has('event')) return { kind: 'event', expected: parseEvent(only(given, EVENT_KEYS)) };
  if (given.has('check')) return { kind: 'service_check', expected: parseCheck(only(given, CHECK_KEYS)) };
  if (!given.has('name')) {
    throw new ExpectationTextError('say what is expected: name=…, event=… or check=…');
  }
  return { kind: 'metric', expected: parseMetric(only(given, METRIC_KEYS)) };
}

/** `10s`, `500ms`, `1m`, or seconds; in ms. Throws ExpectationTextError. */
export function parseDuration(text: string): number {
  const [, amount, unit = 's'] = DURATION.exec(text) ?? [];
  if (amount === undefined) throw new ExpectationTextError(`"${text}" is no time; write 10s, 500ms or 1m`);
  return Number(amount) * (UNIT_MS[unit] as number);
}

type Given = ReadonlyMap<string, readonly string[]>;

function parseMetric(given: Given): MetricExpectation {
  const numbers = NUMBER_KEYS.flatMap((key) => {
    const text = one(given, key);
    return text === undefined ? [] : [[key, parseNumber(key, text)] as const];
  });
  const type = one(given, 'type');
  return {
    name: namePattern('name', one(given, 'name') as string),
    ...(type !== undefined && { type: parseType(type) }),
    ...tagsOf(given),
    ...flagOf(given, 'exact_tags', 'exactTags'),
    ...textOf(given, 'host', 'host'),
    ...Object.fromEntries(numbers),
  };
}

function parseEvent(given: Given): EventExpectation {
  return {
    title: namePattern('event', one(given, 'event') as string),
    ...textOf(given, 'text', 'text'),
    ...textOf(given, 'host', 'host'),
    ...textOf(given, 'aggregation_key', 'aggregationKey'),
    ...textOf(given, 'source_type', 'sourceType'),
    ...wordOf(given, 'alert_type', 'alertType', ['error', 'warning', 'info', 'success']),
    ...wordOf(given, 'priority', 'priority', ['normal', 'low']),
    ...tagsOf(given),
  };
}

function parseCheck(given: Given): ServiceCheckExpectation {
  const status = one(given, 'status')?.toLowerCase();
  return {
    name: namePattern('check', one(given, 'check') as string),
    ...textOf(given, 'message', 'message'),
    ...textOf(given, 'host', 'host'),
    ...(status !== undefined && { status: parseStatus(status) }),
    ...tagsOf(given),
  };
}

function only(given: Map<string, string[]>, keys: readonly string[]): Given {
  for (const key of given.keys()) {
    if (!keys.includes(key)) {
      throw new ExpectationTextError(`"${key}" is not a key of this expectation; ${suggest(key, keys)}`);
    }
  }
  return given;
}

function one(given: Given, key: string): string | undefined {
  const values = given.get(key) ?? [];
  if (values.length > 1) throw new ExpectationTextError(`"${key}" is given more than once`);
  return values[0];
}

function textOf(given: Given, key: string, name: string): Record<string, TextPattern> {
  const text = one(given, key);
  return text === undefined ? {} : { [name]: patternOf(text) };
}

function wordOf<T extends string>(
  given: Given,
  key: string,
  name: string,
  words: readonly T[],
): Record<string, T> {
  const text = one(given, key);
  if (text === undefined) return {};
  const word = words.find((known) => known === text);
  if (word === undefined) {
    const nearest = findNearest(text, words);
    const hint = nearest === undefined ? '' : `; did you mean "${nearest}"?`;
    throw new ExpectationTextError(`${key} is one of ${words.join(', ')}, not "${text}"${hint}`);
  }
  return { [name]: word };
}

/** `exact_tags`, `exact_tags=true` or `exact_tags=false`. */
function flagOf(given: Given, key: string, name: string): Record<string, true> {
  const text = one(given, key);
  if (text === undefined || text === 'false' || text === '0') return {};
  if (text !== '' && text !== 'true' && text !== '1') {
    throw new ExpectationTextError(`${key} is true or false, not "${text}"`);
  }
  return { [name]: true };
}

function tagsOf(given: Given): { tags?: TextPattern[] } {
  const tags = given.get('tag');
  return tags === undefined ? {} : { tags: tags.map((tag) => namePattern('tag', tag)) };
}

/** A pattern that must not be empty. */
function namePattern(key: string, text: string): TextPattern {
  if (text === '') throw new ExpectationTextError(`${key} is empty; write ${key}=/./ to accept every one`);
  return patternOf(text);
}

function patternOf(text: string): TextPattern {
  if (text.length < 3 || !text.startsWith('/') || !text.endsWith('/')) return text;
  try {
    return new RegExp(text.slice(1, -1));
  } catch (cause) {
    throw new ExpectationTextError(`${text} is no regular expression: ${(cause as Error).message}`, {
      cause,
    });
  }
}

function parseType(text: string): ReceivedType {
  const type = RECEIVED_TYPES.find((known) => known === (TYPE_WORDS[text] ?? text));
  if (type === undefined) throw new ExpectationTextError(`type is "${text}"; ${suggestType(text)}`);
  return type;
}

function parseStatus(text: string): 0 | 1 | 2 | 3 {
  const status = STATUSES.findIndex((word, i) => text === word || text === String(i));
  if (status < 0)
    throw new ExpectationTextError(`status is one of ${STATUSES.join(', ')} or 0 to 3, not "${text}"`);
  return status as 0 | 1 | 2 | 3;
}

function parseNumber(key: string, text: string): number {
  const number = Number(text);
  if (text.trim() === '' || !Number.isFinite(number)) {
    throw new ExpectationTextError(`${key} is a number, not "${text}"`);
  }
  return number;
}
