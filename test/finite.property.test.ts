/**
 * Every number that leaves aggregation is finite, every sketch's bins add up to its count, and what could not be taken
 * is counted: whatever the values and rates, the types, the number of shards and the width of buckets.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runTimeline } from '../src/inspect/simulate/simulate.ts';
import type { SimulatedSeries } from '../src/inspect/simulate/simulate-series.ts';
import { simulateSettings } from '../src/inspect/simulate/simulate-settings.ts';
import { CONTEXT_TYPES } from '../src/model/context.ts';
import { observationsOf, weightOf } from '../src/model/sample-weight.ts';
import { borderStream, ODD_RATES } from './support/random/border-lines.ts';

const config = fc.record({
  weights: fc.constantFrom('truncated', 'exact'),
  histogram_copy_to_distribution: fc.boolean(),
  histogram_aggregates: fc.constant(['max', 'min', 'median', 'avg', 'sum', 'count']),
  histogram_percentiles: fc.constant(['0', '0.5', '0.95', '1']),
  limits: fc.constantFrom({}, { histogram_values: 16 }, { bucket_keys: 16 }),
  sketch_bin_limit: fc.constantFrom(2, 16, 4096),
  // A wide bucket takes many parts of the shards: what is rolled up stays finite too.
  bucket_seconds: fc.constantFrom(1, 10),
  rules: fc.constantFrom([], [{ match: 'n*', bucket_seconds: 60 }]),
});

describe('whatever is sent', () => {
  it('every number of every series is finite, and bins add up', () => {
    fc.assert(
      fc.property(borderStream, fc.integer({ min: 1, max: 4 }), config, (lines, shards, values) => {
        const samples = lines.map((line, i) => ({ line, at: 1000 + i / 2 }));
        const settings = simulateSettings({ values });
        const { series } = runTimeline({ samples, flush_at: [1005, 1010], stop_at: 2000 }, settings, {
          shards,
        });
        for (const one of series) expectFinite(one);
      }),
      { numRuns: 300 },
    );
  });
});

describe('one odd sample among 99', () => {
  const letters = { counter: 'c', gauge: 'g', histogram: 'h', distribution: 'd', set: 's' } as const;
  for (const type of CONTEXT_TYPES)
    for (const rate of [...ODD_RATES])
      it(`of type ${type} at the rate ${rate} adds its weight, or nothing, and takes nothing away`, () => {
        const line = `m:1|${letters[type]}`;
        const samples = Array.from({ length: 100 }, (_, i) => ({
          line: i === 50 ? `${line}|@${rate}` : line,
          at: 1000,
        }));
        for (const weights of ['truncated', 'exact'] as const) {
          const settings = simulateSettings({
            values: {
              weights,
              bucket_seconds: 1,
              histogram_aggregates: ['count'],
              histogram_percentiles: [],
            },
          });
          const { series, unaggregated } = runTimeline({ samples, flush_at: [1010] }, settings, {
            shards: 2,
          });
          const weight = weightOf(type, Number(rate.replace('inf', 'Infinity')));
          const odd =
            weight === undefined
              ? 0
              : type === 'counter'
                ? weight
                : observationsOf(weight, weights === 'exact');
          expect(unaggregated.dropped.get('out of range') ?? 0).toBe(weight === undefined ? 1 : 0);
          const [one] = series;
          expect(series).toHaveLength(1);
          if (type === 'gauge' || type === 'set') expect(one?.points).toEqual([[1000, 1]]);
          else if (type === 'distribution') expect(one?.sketches?.[0]?.cnt).toBe(Math.round(99 + odd));
          else expect(Number(one?.points?.[0]?.[1])).toBeCloseTo(99 + odd, 6);
        }
      });
});

describe('sums that do not fit together', () => {
  const timeline = (type: string) => ({
    samples: [
      { line: `m:1e308|${type}`, at: 1000 },
      { line: `m:1e308:1|${type}`, at: 1000 },
      { line: `m:-1e308:1|${type}`, at: 1001 },
      { line: `m:1e308|${type}`, at: 1003 },
      { line: `m:1e308|${type}`, at: 1003 },
    ],
    flush_at: [1060],
  });
  it.each([
    ['c', 1],
    ['c', 2],
    ['h', 1],
    ['h', 2],
    ['d', 1],
    ['d', 2],
  ])('of type %s over %i shards stay at the largest double, counted, and harm no count', (type, shards) => {
    const settings = simulateSettings({
      values: {
        bucket_seconds: 1,
        rules: [{ match: 'm', bucket_seconds: 60 }],
        histogram_aggregates: ['count', 'sum', 'avg'],
        histogram_percentiles: ['0.5'],
      },
    });
    const { series, unaggregated } = runTimeline(timeline(type), settings, { shards });
    for (const one of series) expectFinite(one);
    const dropped = unaggregated.dropped.get('out of range') ?? 0;
    expect(dropped).toBeGreaterThan(0);
    expect(dropped).toBeLessThan(5);
    expect(series.length).toBeGreaterThan(0);
  });
});

function expectFinite(series: SimulatedSeries): void {
  for (const [, value] of series.points ?? [])
    expect(Number.isFinite(Number(value)), JSON.stringify(series)).toBe(true);
  for (const { cnt, k, n, min, max, sum, avg } of series.sketches ?? []) {
    for (const value of [cnt, min, max, sum, avg])
      expect(Number.isFinite(Number(value)), JSON.stringify(series)).toBe(true);
    expect(n.reduce((total, bin) => total + bin, 0)).toBe(cnt);
    expect(n.length).toBe(k.length);
    expect(Math.max(...n)).toBeLessThanOrEqual(4_294_967_295);
  }
}
