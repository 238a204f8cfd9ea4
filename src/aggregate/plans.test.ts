/** What a metric rule changes for a context: its series, its zeros and how long it is kept. */
import { describe, expect, it } from 'vitest';
import { FakeBucket } from '../../test/support/fakes/fake-bucket.ts';
import { registryLimits } from '../../test/support/limits.ts';
import type { ContextType } from '../model/context.ts';
import type { AggregationRule } from '../model/metric-rule.ts';
import { Registry } from './contexts/registry.ts';
import { TimeSampler } from './sampler.ts';
import { AGENT_LIMITS } from './sketch/sketch-bins.ts';

/** A sampler with one context and one sample of it at 1001; the rule is for this context. */
class Bench {
  readonly registry = new Registry(registryLimits(10));
  readonly sampler: TimeSampler;

  constructor(type: ContextType, rule: AggregationRule | undefined, retentionSeconds = 0) {
    this.sampler = new TimeSampler(this.registry, {
      intervalSeconds: 10,
      ruleOf: (name, asked) => (name === 'm' && asked === type ? rule : undefined),
      counterExpirySeconds: 300,
      contextExpirySeconds: 20,
      retentionSeconds,
      flushIncompleteBuckets: true,
      histogramAggregates: ['max', 'count'],
      histogramPercentiles: ['0.95'],
      histogramValuesMax: 100,
      sketchLimits: AGENT_LIMITS,
    });
    this.sampler.slotsOf(0).assign(0, this.registry.intern([1, 2, 3, 4], type, 'm\n', 1000));
    const part = new FakeBucket(1000);
    part.add({ slot: 0, type, value: 5, at: 1001 });
    this.sampler.merge(0, part);
    this.sampler.slotsOf(0).free(0);
  }

  /** Points of a flush, as `suffix timestamp value`. */
  flush(now: number): string[] {
    const aggregates = [...this.sampler.flush(now, { final: false }).batches].flat();
    return aggregates.flatMap(({ timestamp, series }) =>
      series.map(({ suffix, value }) => `${suffix} ${timestamp} ${value}`.trim()),
    );
  }
}

describe('a rule', () => {
  it('replaces the aggregates of histograms, the percentiles, or both', () => {
    const flush = (rule?: AggregationRule) => new Bench('histogram', rule).flush(1010);
    expect(flush()).toEqual(['.max 1000 5', '.count 1000 0.1', '.95percentile 1000 5']);
    expect(flush({ aggregates: ['sum'] })).toEqual(['.sum 1000 5', '.95percentile 1000 5']);
    expect(flush({ percentiles: [0.999] })).toEqual([
      '.max 1000 5',
      '.count 1000 0.1',
      '.99_9percentile 1000 5',
    ]);
    expect(flush({ aggregates: [], percentiles: [] })).toEqual([]);
  });

  it('says how long a counter is zero', () => {
    const zeros = (rule?: AggregationRule) => {
      const bench = new Bench('counter', rule);
      return [1010, 1020, 1030, 1040, 1050].flatMap((now) => bench.flush(now)).length;
    };
    expect(zeros()).toBe(5);
    expect(zeros({ expirySeconds: 25 })).toBe(3);
    expect(zeros({ expirySeconds: 0 })).toBe(1);
  });

  it('keeps a context for the outputs that look it up for as long as it says', () => {
    const forgottenAt = (rule?: AggregationRule, retentionSeconds = 0): number => {
      const bench = new Bench('gauge', rule, retentionSeconds);
      let now = 1010;
      for (bench.flush(now); bench.registry.size > 0; bench.flush(now)) now += 10;
      return now;
    };
    expect(forgottenAt()).toBe(1030);
    expect(forgottenAt(undefined, 60)).toBe(1070);
    expect(forgottenAt({ expirySeconds: 200 }, 60)).toBe(1210);
    expect(forgottenAt({ expirySeconds: 30 }, 60)).toBe(1070);
    expect(forgottenAt({ expirySeconds: 200 }, 0)).toBe(1030);
  });

  it('is asked once for a context, and again when there are other rules', () => {
    const bench = new Bench('histogram', { aggregates: ['sum'], percentiles: [] });
    bench.sampler.useRules(() => ({ aggregates: ['min'], percentiles: [], expirySeconds: 7 }));
    expect(bench.flush(1010)).toEqual(['.min 1000 5']);
    expect(bench.sampler.expirySecondsOf(0)).toBe(7);
    bench.sampler.useRules(undefined);
    expect(bench.sampler.expirySecondsOf(0)).toBeUndefined();
  });
});
