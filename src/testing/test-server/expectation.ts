/**
 * What a test expects to have been received, and how far something received is from it.
 *
 *   { name: 'checkout.paid', type: 'count', tags: { env: 'test' }, sum: 3 }
 *
 * What identifies a metric (name, type, tags, host) picks contexts; all that fit count together, so that tags the
 * test does not care for need not be named. The numbers are then those of all of them.
 */
import { combine } from './metric-table.ts';
import type { ReceivedEvent, ReceivedMetric, ReceivedServiceCheck, ReceivedType } from './received.ts';

/** Text that is equal, or matches. */
export type TextPattern = string | RegExp;
/** Tags that must be there, among others: `['env:test']`, `{ env: 'test' }`, `{ id: /^\d+$/ }`. */
export type TagPatterns = readonly TextPattern[] | Readonly<Record<string, TextPattern | boolean>>;

export interface MetricExpectation {
  readonly name: TextPattern;
  readonly type?: ReceivedType;
  readonly tags?: TagPatterns;
  /** Whether there may be no other tags. */
  readonly exactTags?: boolean;
  readonly host?: TextPattern;
  /** The sum of a count, the last value of a gauge, the distinct elements of a set; for the others a value that came. */
  readonly value?: number;
  readonly sum?: number;
  readonly last?: number;
  readonly min?: number;
  readonly max?: number;
  /** Values, each counted 1 / sample rate times. */
  readonly count?: number;
  /** Values as they came. */
  readonly samples?: number;
  /** Lines. */
  readonly messages?: number;
  /** All values, in any order. */
  readonly values?: readonly number[];
  /** All elements of a set, in any order. */
  readonly elements?: readonly string[];
}

export interface EventExpectation {
  readonly title?: TextPattern;
  readonly text?: TextPattern;
  readonly tags?: TagPatterns;
  readonly host?: TextPattern;
  readonly priority?: ReceivedEvent['priority'];
  readonly alertType?: ReceivedEvent['alertType'];
  readonly aggregationKey?: TextPattern;
  readonly sourceType?: TextPattern;
}

export interface ServiceCheckExpectation {
  readonly name?: TextPattern;
  readonly status?: ReceivedServiceCheck['status'];
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
    ...(expected.type === undefined || expected.type === metric.type
      ? []
      : [`type is ${metric.type}, not ${expected.type}`]),
    ...tagDifferences(metric.tags, expected.tags),
    ...textDifference('host', metric.host, expected.host),
  ];
  if (expected.exactTags === true) {
    const wanted = patternsOf(expected.tags);
    const extra = metric.tags.filter((tag) => !wanted.some((pattern) => pattern.test(tag)));
    if (extra.length > 0) differences.push(`also has ${extra.join(', ')}`);
  }
  return differences;
}

/** In what the numbers of a metric are not those expected. */
export function numberDifferences(metric: ReceivedMetric, expected: MetricExpectation): string[] {
  const differences = NUMBERS.flatMap((key) => {
    const want = expected[key];
    return want === undefined || isClose(metric[key], want) ? [] : [`${key} is ${metric[key]}, not ${want}`];
  });
  if (expected.value !== undefined) differences.push(...valueDifference(metric, expected.value));
  if (expected.values !== undefined && !sameNumbers(metric.values, expected.values)) {
    differences.push(`values are [${metric.values.join(', ')}], not [${expected.values.join(', ')}]`);
  }
  if (expected.elements !== undefined) {
    const [has, want] = [[...metric.elements].sort(), [...expected.elements].sort()];
    if (has.join('\n') !== want.join('\n')) {
      differences.push(`elements are [${has.join(', ')}], not [${want.join(', ')}]`);
    }
  }
  return differences;
}

/** In what an event is not the one expected. */
export function eventDifferences(event: ReceivedEvent, expected: EventExpectation): string[] {
  return [
    ...textDifference('title', event.title, expected.title),
    ...textDifference('text', event.text, expected.text),
    ...textDifference('alertType', event.alertType, expected.alertType),
    ...textDifference('priority', event.priority, expected.priority),
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
  const status = expected.status;
  return [
    ...textDifference('name', check.name, expected.name),
    ...(status === undefined || status === check.status ? [] : [`status is ${check.status}, not ${status}`]),
    ...textDifference('message', check.message, expected.message),
    ...tagDifferences(check.tags, expected.tags),
    ...textDifference('host', check.host, expected.host),
  ];
}

/** An expectation in words: `metric checkout.paid (count) with env:test, sum 3`. */
export function describeExpectation(expected: object): string {
  const { name, type, tags, exactTags, ...others } = expected as MetricExpectation;
  const parts = Object.entries(others).map(([key, value]) => `${key} ${showValue(value)}`);
  const wanted = patternsOf(tags).map(({ text }) => text);
  const withTags =
    wanted.length === 0 ? [] : [`with ${exactTags === true ? 'only ' : ''}${wanted.join(', ')}`];
  const head = name === undefined ? [] : [type === undefined ? `${name}` : `${name} (${type})`];
  return [[...head, ...withTags].join(' '), ...parts].filter((part) => part !== '').join(', ');
}

function showValue(value: unknown): string {
  if (value instanceof RegExp) return String(value);
  return typeof value === 'string' ? JSON.stringify(value) : JSON.stringify(value);
}

function valueDifference(metric: ReceivedMetric, want: number): string[] {
  switch (metric.type) {
    case 'count':
      return isClose(metric.sum, want) ? [] : [`the sum is ${metric.sum}, not ${want}`];
    case 'gauge':
      return isClose(metric.last, want) ? [] : [`the last value is ${metric.last}, not ${want}`];
    case 'set':
      return metric.elements.length === want
        ? []
        : [`${metric.elements.length} distinct elements, not ${want}`];
    default:
      return metric.values.some((value) => isClose(value, want))
        ? []
        : [`values are [${metric.values.slice(0, 10).join(', ')}], without ${want}`];
  }
}

interface TagPattern {
  readonly text: string;
  test(tag: string): boolean;
}

function patternsOf(tags: TagPatterns | undefined): TagPattern[] {
  if (tags === undefined) return [];
  if (isList(tags)) {
    return tags.map((pattern) =>
      typeof pattern === 'string'
        ? { text: pattern, test: (tag) => tag === pattern }
        : { text: String(pattern), test: (tag) => matches(pattern, tag) },
    );
  }
  return Object.entries(tags).map(([key, value]) => {
    const prefix = `${key}:`;
    if (value === true) return { text: key, test: (tag) => tag === key || tag.startsWith(prefix) };
    if (value === false) {
      throw new TypeError(`the tag ${key} is expected to be false; leave it out, or use exactTags`);
    }
    if (typeof value === 'string') return { text: prefix + value, test: (tag) => tag === prefix + value };
    return {
      text: prefix + String(value),
      test: (tag) => tag.startsWith(prefix) && matches(value, tag.slice(prefix.length)),
    };
  });
}

function isList(tags: TagPatterns): tags is readonly TextPattern[] {
  return Array.isArray(tags);
}

function tagDifferences(tags: readonly string[], patterns: TagPatterns | undefined): string[] {
  return patternsOf(patterns)
    .filter((pattern) => !tags.some((tag) => pattern.test(tag)))
    .map(({ text }) => {
      const key = text.split(':', 1)[0] as string;
      const near = tags.filter((tag) => tag.startsWith(`${key}:`));
      return near.length === 0 ? `no tag ${text}` : `tag ${near.join(', ')}, not ${text}`;
    });
}

function textDifference(what: string, has: string, want: TextPattern | undefined): string[] {
  if (want === undefined) return [];
  const fits = typeof want === 'string' ? has === want : matches(want, has);
  if (fits) return [];
  return [`${what} is ${JSON.stringify(has)}, not ${typeof want === 'string' ? JSON.stringify(want) : want}`];
}

/** A pattern of its own state (`g`, `y`) starts anew each time. */
function matches(pattern: RegExp, text: string): boolean {
  pattern.lastIndex = 0;
  return pattern.test(text);
}

function isClose(a: number, b: number): boolean {
  return a === b || Math.abs(a - b) <= RELATIVE_TOLERANCE * Math.max(Math.abs(a), Math.abs(b));
}

function sameNumbers(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false;
  const [x, y] = [[...a].sort((p, q) => p - q), [...b].sort((p, q) => p - q)];
  return x.every((value, i) => isClose(value, y[i] as number));
}
