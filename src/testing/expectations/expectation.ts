/**
 * What a test expects to have been received, and how far something received is from it.
 *
 *   { name: 'checkout.paid', type: 'count', tags: { env: 'test' }, sum: 3 }
 *
 * What identifies a metric (name, type, tags, host) picks contexts; all that fit count together, so that tags the
 * test does not care for need not be named. The numbers are then those of all of them.
 */
import { combine } from '../test-server/metric-table.ts';
import type {
  ReceivedEvent,
  ReceivedMetric,
  ReceivedServiceCheck,
  ReceivedType,
} from '../test-server/received.ts';
import {
  type AsymmetricMatcher,
  type Expected,
  fitsText,
  isMatcher,
  showExpected,
  showPattern,
  type TextPattern,
} from './patterns.ts';

/**
 * Tags that must be there, among others: `['env:test']`, `{ env: 'test' }`, `{ id: /^\d+$/ }`; or a matcher for the
 * list of all of them.
 */
export type TagPatterns =
  | readonly TextPattern[]
  | Readonly<Record<string, TextPattern | true>>
  | AsymmetricMatcher;

export interface MetricExpectation {
  readonly name: TextPattern;
  readonly type?: Expected<ReceivedType>;
  readonly tags?: TagPatterns;
  /** Whether there may be no other tags. */
  readonly exactTags?: boolean;
  readonly host?: TextPattern;
  /** The sum of a count, the last value of a gauge, the distinct elements of a set; for the others a value that came. */
  readonly value?: Expected<number>;
  readonly sum?: Expected<number>;
  readonly last?: Expected<number>;
  readonly min?: Expected<number>;
  readonly max?: Expected<number>;
  /** Values, each counted 1 / sample rate times. */
  readonly count?: Expected<number>;
  /** Values as they came. */
  readonly samples?: Expected<number>;
  /** Lines. */
  readonly messages?: Expected<number>;
  /** All values, in any order. */
  readonly values?: Expected<readonly Expected<number>[]>;
  /** All elements of a set, in any order. */
  readonly elements?: Expected<readonly Expected<string>[]>;
}

export interface EventExpectation {
  readonly title?: TextPattern;
  readonly text?: TextPattern;
  readonly tags?: TagPatterns;
  readonly host?: TextPattern;
  readonly priority?: Expected<ReceivedEvent['priority']>;
  readonly alertType?: Expected<ReceivedEvent['alertType']>;
  readonly aggregationKey?: TextPattern;
  readonly sourceType?: TextPattern;
}

export interface ServiceCheckExpectation {
  readonly name?: TextPattern;
  readonly status?: Expected<ReceivedServiceCheck['status']>;
  readonly message?: TextPattern;
  readonly tags?: TagPatterns;
  readonly host?: TextPattern;
}

const NUMBERS = ['sum', 'last', 'min', 'max', 'count', 'samples', 'messages'] as const;
/** Sums of fractions are rarely exact: 0.1 + 0.2 is expected to be 0.3. */
const RELATIVE_TOLERANCE = 1e-9;

/** What is received and fits, combined; undefined when nothing does. */
export function findMetric(
  received: Iterable<ReceivedMetric>,
  expected: MetricExpectation,
): ReceivedMetric | undefined {
  const fitting = [...received].filter((metric) => identityDifferences(metric, expected).length === 0);
  if (fitting.length === 0) return undefined;
  const all = combine(fitting);
  return numberDifferences(all, expected).length === 0 ? all : undefined;
}

/** In what a context is not the metric that is expected: name, type, host, tags. Empty when it is. */
export function identityDifferences(metric: ReceivedMetric, expected: MetricExpectation): string[] {
  const differences = [
    ...textDifference('name', metric.name, expected.name),
    ...wordDifference('type', metric.type, expected.type),
    ...tagDifferences(metric.tags, expected.tags),
    ...textDifference('host', metric.host, expected.host),
  ];
  if (expected.exactTags === true) {
    const wanted = isMatcher(expected.tags) ? [] : patternsOf(expected.tags);
    const extra = metric.tags.filter((tag) => !wanted.some((pattern) => pattern.test(tag)));
    if (extra.length > 0) differences.push(`also has ${extra.join(', ')}`);
  }
  return differences;
}

/** In what the numbers of a metric are not those expected. */
export function numberDifferences(metric: ReceivedMetric, expected: MetricExpectation): string[] {
  const differences = NUMBERS.flatMap((key) => {
    const want = expected[key];
    return want === undefined || fitsNumber(metric[key], want)
      ? []
      : [`${key} is ${metric[key]}, not ${showExpected(want)}`];
  });
  if (expected.value !== undefined) differences.push(...valueDifference(metric, expected.value));
  if (expected.values !== undefined && !sameItems(metric.values, expected.values, fitsNumber)) {
    differences.push(`values are [${metric.values.join(', ')}], not ${showExpected(expected.values)}`);
  }
  if (expected.elements !== undefined && !sameItems(metric.elements, expected.elements, fitsWord)) {
    differences.push(`elements are [${metric.elements.join(', ')}], not ${showExpected(expected.elements)}`);
  }
  return differences;
}

/** In what an event is not the one expected. */
export function eventDifferences(event: ReceivedEvent, expected: EventExpectation): string[] {
  return [
    ...textDifference('title', event.title, expected.title),
    ...textDifference('text', event.text, expected.text),
    ...wordDifference('alertType', event.alertType, expected.alertType),
    ...wordDifference('priority', event.priority, expected.priority),
    ...tagDifferences(event.tags, expected.tags),
    ...textDifference('host', event.host, expected.host),
    ...textDifference('aggregationKey', event.aggregationKey, expected.aggregationKey),
    ...textDifference('sourceType', event.sourceType, expected.sourceType),
  ];
}

/** In what a service check is not the one expected. */
export function serviceCheckDifferences(
  check: ReceivedServiceCheck,
  expected: ServiceCheckExpectation,
): string[] {
  return [
    ...textDifference('name', check.name, expected.name),
    ...wordDifference('status', check.status, expected.status),
    ...textDifference('message', check.message, expected.message),
    ...tagDifferences(check.tags, expected.tags),
    ...textDifference('host', check.host, expected.host),
  ];
}

/** An expectation in words: `metric checkout.paid (count) with env:test, sum 3`. */
export function describeExpectation(expected: object): string {
  const { name, type, tags, exactTags, ...others } = expected as MetricExpectation;
  const parts = Object.entries(others).map(([key, value]) => `${key} ${showExpected(value)}`);
  const wanted = isMatcher(tags) ? [showExpected(tags)] : patternsOf(tags).map(({ text }) => text);
  const only = exactTags === true ? 'only ' : '';
  const withTags =
    wanted.length > 0 ? [`with ${only}${wanted.join(', ')}`] : exactTags === true ? ['without tags'] : [];
  const typeText = type === undefined ? '' : ` (${typeof type === 'string' ? type : showExpected(type)})`;
  const head = name === undefined ? [] : [showPattern(name) + typeText];
  return [[...head, ...withTags].join(' '), ...parts].filter((part) => part !== '').join(', ');
}

function valueDifference(metric: ReceivedMetric, want: Expected<number>): string[] {
  const wanted = showExpected(want);
  switch (metric.type) {
    case 'count':
      return fitsNumber(metric.sum, want) ? [] : [`the sum is ${metric.sum}, not ${wanted}`];
    case 'gauge':
      return fitsNumber(metric.last, want) ? [] : [`the last value is ${metric.last}, not ${wanted}`];
    case 'set':
      return fitsNumber(metric.elements.length, want)
        ? []
        : [`${metric.elements.length} distinct elements, not ${wanted}`];
    default:
      return metric.values.some((value) => fitsNumber(value, want))
        ? []
        : [`values are [${metric.values.slice(0, 10).join(', ')}], without ${wanted}`];
  }
}

interface TagPattern {
  readonly text: string;
  test(tag: string): boolean;
}

function patternsOf(tags: Exclude<TagPatterns, AsymmetricMatcher> | undefined): TagPattern[] {
  if (tags === undefined) return [];
  if (isList(tags)) {
    return tags.map((pattern) => ({ text: showPattern(pattern), test: (tag) => fitsText(pattern, tag) }));
  }
  return Object.entries(tags).map(([key, value]) => {
    const prefix = `${key}:`;
    if (value === true) return { text: key, test: (tag) => tag === key || tag.startsWith(prefix) };
    return {
      text: prefix + showPattern(value),
      test: (tag) => tag.startsWith(prefix) && fitsText(value, tag.slice(prefix.length)),
    };
  });
}

function isList(tags: object): tags is readonly TextPattern[] {
  return Array.isArray(tags);
}

function tagDifferences(tags: readonly string[], patterns: TagPatterns | undefined): string[] {
  if (isMatcher(patterns)) {
    return patterns.asymmetricMatch([...tags])
      ? []
      : [`tags are [${tags.join(', ')}], not ${showExpected(patterns)}`];
  }
  return patternsOf(patterns)
    .filter((pattern) => !tags.some((tag) => pattern.test(tag)))
    .map(({ text }) => {
      const key = text.split(':', 1)[0] as string;
      const near = tags.filter((tag) => tag.startsWith(`${key}:`));
      return near.length === 0 ? `no tag ${text}` : `tag ${near.join(', ')}, not ${text}`;
    });
}

function textDifference(what: string, has: string, want: TextPattern | undefined): string[] {
  if (want === undefined || fitsText(want, has)) return [];
  return [`${what} is ${JSON.stringify(has)}, not ${showExpected(want)}`];
}

/** Of a key that has few values: a type, a status. */
function wordDifference<T extends string | number>(
  what: string,
  has: T,
  want: Expected<T> | undefined,
): string[] {
  if (want === undefined || fitsWord(has, want)) return [];
  return [`${what} is ${has}, not ${typeof want === 'string' ? want : showExpected(want)}`];
}

function fitsWord<T extends string | number>(has: T, want: Expected<T>): boolean {
  return isMatcher(want) ? want.asymmetricMatch(has) : has === want;
}

function fitsNumber(has: number, want: Expected<number>): boolean {
  return isMatcher(want) ? want.asymmetricMatch(has) : isClose(has, want);
}

function isClose(a: number, b: number): boolean {
  return a === b || Math.abs(a - b) <= RELATIVE_TOLERANCE * Math.max(Math.abs(a), Math.abs(b));
}

/**
 * Whether two lists have the same items in any order: each expected item fits one received item of its own. Plain
 * items take theirs first; matchers then try every assignment that is left (Kuhn's augmenting paths).
 */
function sameItems<T>(
  has: readonly T[],
  want: Expected<readonly Expected<T>[]>,
  fits: (has: T, want: Expected<T>) => boolean,
): boolean {
  if (isMatcher(want)) return want.asymmetricMatch([...has]);
  if (has.length !== want.length) return false;
  const matchers = want.filter((item) => isMatcher(item));
  const left = [...has].sort(compare);
  if (matchers.length === 0) {
    const sorted = [...(want as readonly T[])].sort(compare);
    return left.every((item, i) => fits(item, sorted[i] as T));
  }
  for (const item of want) {
    if (isMatcher(item)) continue;
    const at = left.findIndex((one) => fits(one, item));
    if (at < 0) return false;
    left.splice(at, 1);
  }
  const takenBy = new Map<number, number>();
  const assign = (matcher: number, tried: Set<number>): boolean =>
    left.some((item, i) => {
      if (tried.has(i) || !fits(item, matchers[matcher] as Expected<T>)) return false;
      tried.add(i);
      const other = takenBy.get(i);
      if (other !== undefined && !assign(other, tried)) return false;
      takenBy.set(i, matcher);
      return true;
    });
  return matchers.every((_, i) => assign(i, new Set()));
}

function compare<T>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
