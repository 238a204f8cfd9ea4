/**
 * Adds up what was received by name, type, host and tags.
 *
 * Limits  CONTEXTS_MAX contexts, VALUES_MAX values of each. Values beyond it are added up and not listed; samples
 *         of contexts beyond it are counted in `leftOut`.
 */
import type { ReceivedMetric, ReceivedType } from './received.ts';

export const CONTEXTS_MAX = 100_000;
export const VALUES_MAX = 10_000;

/** One line of a metric, as it would be aggregated. */
export interface MetricLine {
  readonly name: string;
  readonly type: ReceivedType;
  readonly tags: readonly string[];
  readonly host: string;
  readonly values: readonly number[];
  /** For a set, else undefined. */
  readonly element: string | undefined;
  readonly sampleRate: number;
  /** 0 when not given. */
  readonly timestamp: number;
}

/** A ReceivedMetric that still grows. */
type Growing = {
  -readonly [K in keyof ReceivedMetric]: ReceivedMetric[K] extends readonly (infer T)[]
    ? T[]
    : ReceivedMetric[K];
};

export class MetricTable {
  /** Samples of contexts there was no room for. */
  leftOut = 0;
  private readonly rows = new Map<string, Growing>();

  add(line: MetricLine): void {
    const row = this.rowOf(line);
    const samples = line.element === undefined ? line.values.length : 1;
    if (row === undefined) {
      this.leftOut += samples;
      return;
    }
    row.messages++;
    row.samples += samples;
    if (line.element !== undefined) addElement(row, line.element);
    for (const value of line.values) addValue(row, value, line.sampleRate);
    if (line.timestamp > 0 && row.timestamps.length < VALUES_MAX) row.timestamps.push(line.timestamp);
  }

  /** In the order first seen. They grow with what comes. */
  all(): Iterable<ReceivedMetric> {
    return this.rows.values();
  }

  clear(): void {
    this.rows.clear();
    this.leftOut = 0;
  }

  private rowOf({ name, type, host, tags }: MetricLine): Growing | undefined {
    const sorted = [...new Set(tags)].sort();
    const key = [type, name, host, ...sorted].join('\n');
    const known = this.rows.get(key);
    if (known !== undefined) return known;
    if (this.rows.size >= CONTEXTS_MAX) return undefined;
    const row = emptyRow(name, type, host, sorted);
    this.rows.set(key, row);
    return row;
  }
}

/** Several contexts as if they were one; `tags` are those that all of them have. */
export function combine(metrics: readonly ReceivedMetric[]): ReceivedMetric {
  const [first, ...others] = metrics;
  if (first === undefined) throw new RangeError('nothing to combine');
  if (others.length === 0) return copyOf(first);
  const all = emptyRow(
    first.name,
    first.type,
    first.host,
    first.tags.filter((tag) => others.every(({ tags }) => tags.includes(tag))),
  );
  for (const metric of metrics) {
    all.messages += metric.messages;
    all.samples += metric.samples;
    all.count += metric.count;
    all.sum += metric.sum;
    all.last = metric.last;
    all.min = Math.min(all.min, metric.min);
    all.max = Math.max(all.max, metric.max);
    all.values.push(...metric.values.slice(0, VALUES_MAX - all.values.length));
    all.timestamps.push(...metric.timestamps.slice(0, VALUES_MAX - all.timestamps.length));
    for (const element of metric.elements) addDistinct(all.elements, element);
  }
  return all;
}

/** A copy that does not grow any more. */
export function copyOf(metric: ReceivedMetric): ReceivedMetric {
  return {
    ...metric,
    values: [...metric.values],
    elements: [...metric.elements],
    timestamps: [...metric.timestamps],
  };
}

function emptyRow(name: string, type: ReceivedType, host: string, tags: string[]): Growing {
  return {
    name,
    type,
    tags,
    host,
    messages: 0,
    samples: 0,
    count: 0,
    sum: 0,
    last: 0,
    min: Number.POSITIVE_INFINITY,
    max: Number.NEGATIVE_INFINITY,
    values: [],
    elements: [],
    timestamps: [],
  };
}

function addValue(row: Growing, value: number, sampleRate: number): void {
  // A gauge has no use for a rate (docs/behaviour/aggregation.md#sample-rates); a rate of 0 is none.
  const weight = row.type === 'gauge' || sampleRate === 0 ? 1 : 1 / sampleRate;
  row.count += weight;
  row.sum += value * weight;
  row.last = value;
  row.min = Math.min(row.min, value);
  row.max = Math.max(row.max, value);
  if (row.values.length < VALUES_MAX) row.values.push(value);
}

function addElement(row: Growing, element: string): void {
  row.count++;
  addDistinct(row.elements, element);
}

function addDistinct(elements: string[], element: string): void {
  if (elements.length < VALUES_MAX && !elements.includes(element)) elements.push(element);
}
