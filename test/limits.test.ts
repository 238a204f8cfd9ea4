/**
 * Limits on cardinality change where samples go and nothing else: for any lines and any limits, with the caches and
 * without them, over one shard or several, counts and sums are what they are without limits.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runTimeline, simulate } from '../src/inspect/simulate/simulate.ts';
import { compareSeries } from '../src/inspect/simulate/simulate-compare.ts';
import type { SimulatedSeries } from '../src/inspect/simulate/simulate-series.ts';
import { simulateSettings } from '../src/inspect/simulate/simulate-settings.ts';
import { stream } from './support/random/random-lines.ts';

const limits = fc.record(
  {
    contexts: fc.constantFrom(16, 1000),
    contexts_per_metric: fc.constantFrom(0, 1, 2, 5),
    contexts_per_origin: fc.constantFrom(0, 1, 3),
    tags: fc.constantFrom(0, 1, 3),
    tag_value_bytes: fc.constantFrom(0, 3),
    dry_run: fc.constantFrom(false, false, true),
  },
  { noNullPrototype: true },
);

const CONFIG = {
  dogstatsd_context_expiry_seconds: 20,
  dogstatsd_expiry_seconds: 20,
  dogstatsd_origin_detection_client: true,
  histogram_copy_to_distribution: true,
  histogram_copy_to_distribution_prefix: 'copy.',
  histogram_aggregates: ['count'],
} as const;

/** The lines, a few a bucket, with silence long enough for contexts to expire in between. */
function timelineOf(lines: readonly string[]) {
  const samples = lines.map((line, i) => ({ line, at: 1000 + 4 * i + (i % 20 === 19 ? 60 : 0) }));
  samples.sort((a, b) => a.at - b.at);
  const end = 1000 + 4 * lines.length + 120;
  const flush_at = Array.from({ length: Math.ceil((end - 1000) / 10) }, (_, i) => 1010 + 10 * i);
  return { samples, flush_at, stop_at: end + 100 };
}

/** What counters, histograms and distributions add up to by name, and all samples with timestamps. */
function totalsOf(series: readonly SimulatedSeries[]): Record<string, number> {
  const totals: Record<string, number> = {};
  const add = (key: string, value: number): void => {
    totals[key] = (totals[key] ?? 0) + value;
  };
  for (const one of series) {
    const name = `${one.name_b64 ?? one.name} ${one.type}`;
    if (one.via !== undefined) add(`${name} passed ${JSON.stringify(one.points)}`, 1);
    else if (one.type === 'rate')
      for (const [, value] of one.points ?? []) add(name, Number(value) * one.interval);
    else for (const sketch of one.sketches ?? []) add(name, Number(sketch.cnt));
  }
  return totals;
}

function expectSameTotals(got: readonly SimulatedSeries[], want: readonly SimulatedSeries[]): void {
  const [mine, theirs] = [totalsOf(got), totalsOf(want)];
  expect(Object.keys(mine).sort()).toEqual(Object.keys(theirs).sort());
  for (const [key, value] of Object.entries(theirs)) {
    // Sums that overflow depend on the order of what is added.
    if (!Number.isFinite(value)) continue;
    const difference = Math.abs((mine[key] as number) - value);
    expect(difference, key).toBeLessThanOrEqual(1e-9 * Math.max(1e6, Math.abs(value)));
  }
}

describe('limits on cardinality', () => {
  it('conserve counts and sums of any stream, over any number of shards', () => {
    fc.assert(
      fc.property(stream, limits, fc.integer({ min: 1, max: 3 }), (lines, given, shards) => {
        const timeline = timelineOf(lines);
        const limited = simulate({ ...timeline, shards, config: { ...CONFIG, limits: given } });
        expectSameTotals(limited, simulate({ ...timeline, config: CONFIG }));
      }),
      { numRuns: 40 },
    );
  });

  it('treat cached lines as the cold path does', () => {
    fc.assert(
      fc.property(stream, limits, (lines, given) => {
        const input = { ...timelineOf(lines), config: { ...CONFIG, limits: given } };
        expect(compareSeries(simulate(input), simulate({ ...input, cold: true }))).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  it('leave everything as it is in a dry run', () => {
    fc.assert(
      fc.property(stream, limits, (lines, given) => {
        const timeline = timelineOf(lines);
        const dry = simulate({ ...timeline, config: { ...CONFIG, limits: { ...given, dry_run: true } } });
        expect(compareSeries(dry, simulate({ ...timeline, config: CONFIG }))).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });

  it('are kept exactly over all shards, and given back', () => {
    const settings = simulateSettings({ values: { ...CONFIG, limits: { contexts_per_metric: 2 } } });
    const early = [1, 2, 3, 4].map((id) => ({ line: `a:1|c|#id:${id}`, at: 1000 + id }));
    const late = Array.from({ length: 20 }, (_, i) => ({ line: 'a:1|c|#id:4', at: 1010 + 10 * i }));
    const flush_at = late.map(({ at }) => at + 9);
    const { series, unaggregated } = runTimeline(
      { samples: [...early, ...late], flush_at, stop_at: 1300 },
      settings,
      {
        shards: 2,
      },
    );
    const first = series
      .filter(({ flush, name }) => flush === 0 && name === 'a')
      .map(({ tags }) => tags.join());
    expect(first).toEqual(['id:1', 'id:2', 'whippet.overflow:true']);
    const last = series
      .filter(({ flush, name }) => flush === 'stop' && name === 'a')
      .map(({ tags }) => tags.join());
    expect(last).toEqual(['id:4']);
    expect(unaggregated.overLimit.get('contexts_per_metric')).toBeGreaterThan(1);
  });
});
