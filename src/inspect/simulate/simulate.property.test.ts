/**
 * Properties of whole simulations, core included: the caches change nothing, the number of shards changes
 * nothing, and what counters are sent is what comes out.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type SimulateOptions, simulate } from './simulate.ts';
import type { SimulatedSeries } from './simulate-series.ts';

interface Line {
  readonly name: string;
  readonly type: string;
  readonly values: readonly number[];
  /** Rates whose weights are whole, so that sums are exact in any order. */
  readonly rate: number;
  readonly tags: readonly string[];
  readonly timestamp: number;
}

const line: fc.Arbitrary<Line> = fc.record({
  name: fc.constantFrom('a', 'b.c', 'bytes.\xe9'),
  type: fc.constantFrom('c', 'c', 'g', 'h', 'ms', 'd', 's'),
  values: fc.array(fc.integer({ min: -20, max: 20 }), { minLength: 1, maxLength: 3 }),
  rate: fc.constantFrom(1, 0.5, 0.125),
  tags: fc.shuffledSubarray(['env:dev', 'env:prod', 'host:web-1', 'x']),
  timestamp: fc.constantFrom(0, 0, 0, 900),
});
/** Rules that change when and how something is aggregated, and what it is not. */
const TIMING_RULES = [
  { match: 'a', types: ['count', 'distribution'], bucket_seconds: 2, expiry_seconds: 4 },
  { match: 'b.*', bucket_seconds: 20, aggregates: ['sum', 'count'], percentiles: [0.999, 0.5] },
  { match: '.*', match_type: 'regex', types: ['histogram'], aggregates: 'none', percentiles: 'none' },
] as const;
const RULES = [
  { match: 'a', types: ['gauge'], as: 'count', drop_tags: ['env'], bucket_seconds: 20 },
  { match: 'b.c', types: ['set'], drop: true },
  { match: 'b.c', types: ['histogram'], as: 'distribution', bucket_seconds: 2 },
  ...TIMING_RULES,
] as const;

const config = fc.record({
  dogstatsd_expiry_seconds: fc.constantFrom(0, 30, 300),
  dogstatsd_context_expiry_seconds: fc.constantFrom(0, 20),
  bucket_seconds: fc.constantFrom(2, 10),
  dogstatsd_flush_incomplete_buckets: fc.boolean(),
});

test('the caches change nothing, whatever the clock does', () => {
  const time = fc.integer({ min: 4000, max: 4240 }).map((quarters) => quarters / 4);
  const sample = fc.record({ line, at: time, recv: time });
  fc.assert(
    fc.property(
      fc.array(sample, { maxLength: 40 }),
      fc.array(time, { maxLength: 8 }),
      fc.option(time, { nil: undefined }),
      config,
      fc.constantFrom([], RULES),
      (samples, flushes, stop_at, config, rules) => {
        const options: SimulateOptions = {
          config: { ...config, rules },
          samples: samples.map((sample) => ({ ...sample, line: textOf(sample.line) })),
          flush_at: flushes.sort((a, b) => a - b),
          ...(stop_at !== undefined && { stop_at }),
        };
        expect(simulate({ ...options, cold: true })).toEqual(simulate(options));
      },
    ),
    { numRuns: 60 },
  );
});

test('the number of shards changes nothing, and counters are conserved', () => {
  // Never at the same time, because gauges of two shards then have no order.
  const sample = fc.record({ line, after: fc.constantFrom(0.25, 1, 4) });
  fc.assert(
    fc.property(
      fc.array(sample, { maxLength: 60 }),
      fc.array(fc.nat(60), { maxLength: 6 }),
      config,
      fc.constantFrom([], TIMING_RULES),
      (steps, flushAfter, config, rules) => {
        let at = 1000;
        const samples = steps.map(({ line, after }) => {
          at += after;
          return { line: textOf(line), at };
        });
        const options: SimulateOptions = {
          config: { ...config, rules, dogstatsd_flush_incomplete_buckets: true },
          samples,
          flush_at: samples.filter((_, i) => flushAfter.includes(i)).map(({ at }) => at),
          stop_at: at + 1,
        };
        const [one, two, five] = [1, 2, 5].map((shards) => simulate({ ...options, shards }));
        expect(two).toEqual(one);
        expect(five).toEqual(one);
        expect(countersIn(one ?? [])).toBeCloseTo(countersOf(steps.map(({ line }) => line)), 6);
      },
    ),
    { numRuns: 50 },
  );
});

function textOf({ name, type, values, rate, tags, timestamp }: Line): Uint8Array {
  const stamp = timestamp === 0 ? '' : `|T${timestamp}`;
  const text = `${name}:${values.join(':')}|${type}|@${rate}|#${tags.join(',')}${stamp}`;
  return Buffer.from(text, 'latin1');
}

/** Sum of all counters sent; one with a timestamp of its own counts without its rate. */
function countersOf(lines: readonly Line[]): number {
  return lines
    .filter(({ type }) => type === 'c')
    .flatMap(({ values, rate, timestamp }) => values.map((value) => (timestamp === 0 ? value / rate : value)))
    .reduce((sum, value) => sum + value, 0);
}

/** Sum of all counters that came out; histograms also have rates, of another name. */
function countersIn(series: readonly SimulatedSeries[]): number {
  return series
    .filter(({ name, type }) => type === 'rate' && !name.endsWith('.count'))
    .flatMap(({ points = [], interval }) => points.map(([, value]) => Number(value) * interval))
    .reduce((sum, value) => sum + value, 0);
}
