/**
 * Loss by conservation: compares what a server wrote to its outputs with what was sent.
 *
 * In   the file of the file output, one record a line: counters as `rate` with the exact sum in `count`,
 *      distributions with `sketch.cnt`, a histogram's weight as `.count`; gauges and sets by being there.
 * Why  a counter at the listeners says what came in, not what came out. What is in the outputs is not lost.
 */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { type ByType, byType, type Totals, WIRE_TYPES, type WireType } from './totals.ts';

export interface Observed {
  counterSum: number;
  histogramWeight: number;
  distributionWeight: number;
  /** Distinct contexts, by the type they were sent as. */
  contexts: ByType;
}

export interface Balance {
  /** The largest share that is missing of anything sent; 0 when everything is there. */
  readonly loss: number;
  /** Share of the counters' sum that arrived: how many lines came through under overload. */
  readonly counterShare: number;
  /** One sentence for each figure that is off, too little or too much. */
  readonly differences: readonly string[];
}

/** Sums are of whole numbers; what is below this is rounding. */
const TOLERANCE = 0.5;
/** The server's own metrics, if it writes any. */
const OWN_METRICS = /^(whippet|datadog)\./;

interface FileRecord {
  readonly metric: string;
  readonly type: string;
  readonly tags: readonly string[];
  readonly count?: number;
  readonly sketch?: { readonly cnt: number };
}

export async function observe(file: string): Promise<Observed> {
  const observed: Observed = {
    counterSum: 0,
    histogramWeight: 0,
    distributionWeight: 0,
    contexts: byType(() => 0),
  };
  const seen = new Set<number>();
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    if (line !== '') addRecord(observed, seen, JSON.parse(line) as FileRecord);
  }
  return observed;
}

/** Adds one record. The first letter of a name is the type it was sent as (contexts.ts). */
export function addRecord(observed: Observed, seen: Set<number>, record: FileRecord): void {
  if (OWN_METRICS.test(record.metric)) return;
  const type = record.metric[0] as WireType;
  if (!WIRE_TYPES.includes(type)) return;
  if (type === 'c') observed.counterSum += record.count ?? 0;
  if (type === 'd') observed.distributionWeight += record.sketch?.cnt ?? 0;
  if (type === 'h') {
    // A histogram is several series; the one with its weight stands for it.
    if (!record.metric.endsWith('.count')) return;
    observed.histogramWeight += record.count ?? 0;
  }
  const key = hash53(`${record.metric}|${[...record.tags].sort().join(',')}`);
  if (seen.has(key)) return;
  seen.add(key);
  observed.contexts[type]++;
}

export function balance(sent: Totals, observed: Observed): Balance {
  const differences: string[] = [];
  let loss = 0;
  const compare = (what: string, expected: number, found: number): void => {
    if (Math.abs(expected - found) < TOLERANCE) return;
    differences.push(`${what}: sent ${expected}, reported ${found}`);
    if (found < expected) loss = Math.max(loss, (expected - found) / expected);
  };
  compare('sum of counters', sent.counterSum, observed.counterSum);
  compare('weight of histograms', sent.histogramWeight, observed.histogramWeight);
  compare('weight of distributions', sent.distributionWeight, observed.distributionWeight);
  for (const type of WIRE_TYPES) {
    compare(`contexts of type ${type}`, sent.contexts[type] + sent.fresh[type], observed.contexts[type]);
  }
  const counterShare = sent.counterSum === 0 ? 1 : observed.counterSum / sent.counterSum;
  return { loss, counterShare, differences };
}

/** Contexts are remembered by a hash of 53 bits: a million of them as text would be gigabytes. */
function hash53(text: string): number {
  let low = 0xdeadbeef;
  let high = 0x41c6ce57;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    low = Math.imul(low ^ code, 2654435761);
    high = Math.imul(high ^ code, 1597334677);
  }
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  return 4294967296 * (2097151 & high) + (low >>> 0);
}
