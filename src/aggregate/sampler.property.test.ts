/**
 * It does not matter how samples are spread over shards and parts, even where histograms turn into sketches and
 * sketches trim their bins. What the sampler does by the rules is in sampler-model.property.test.ts.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FakeBucket } from '../../test/support/fakes/fake-bucket.ts';
import { registryLimits } from '../../test/support/limits.ts';
import { CONTEXT_TYPES, type ContextType } from '../model/context.ts';
import type { Aggregate } from '../model/series.ts';
import { Registry } from './contexts/registry.ts';
import { type SamplerOptions, TimeSampler } from './sampler.ts';
import { COUNT_MAX_16 } from './sketch/sketch-bins.ts';

const OPTIONS: SamplerOptions = {
  intervalSeconds: 10,
  counterExpirySeconds: 30,
  contextExpirySeconds: 20,
  retentionSeconds: 0,
  flushIncompleteBuckets: true,
  histogramAggregates: ['max', 'min', 'median', 'avg', 'sum', 'count'],
  histogramPercentiles: ['0.5', '0.95'],
  histogramValuesMax: 4,
  sketchLimits: { binLimit: 8, countMax: COUNT_MAX_16 },
};

/** Two contexts of each type; a context's slot is its number. */
const CONTEXTS = 2 * CONTEXT_TYPES.length;

interface Sample {
  readonly kind: 'sample';
  readonly context: number;
  readonly value: number;
  readonly rate: number;
  readonly at: number;
}
const context = fc.nat(CONTEXTS - 1);
const value = fc.integer({ min: -20, max: 20 });
/** Rates whose weights are whole, so that sums are exact in any order. */
const rate = fc.constantFrom(1, 0.5, 0.125);

test('any split of samples over shards and parts gives the same flush as one shard', () => {
  const sample = fc.record({
    context,
    value,
    rate,
    /** Seconds since the sample before; never 0, as gauges at the same time have no order among shards. */
    after: fc.constantFrom(0.25, 1, 4),
    shard: fc.nat(2),
    sealAfter: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(sample, { maxLength: 120 }), fc.array(fc.nat(119)), (all, flushAfter) => {
      const one = new ShardedSampler(1, OPTIONS);
      const three = new ShardedSampler(3, OPTIONS);
      let at = 1000;
      all.forEach(({ after, shard, sealAfter, ...rest }, i) => {
        at += after;
        one.add(0, { kind: 'sample', ...rest, at });
        three.add(shard, { kind: 'sample', ...rest, at });
        if (sealAfter) three.seal(shard);
        if (flushAfter.includes(i)) expect(three.everything(at, false)).toEqual(one.everything(at, false));
      });
      expect(three.everything(at, true)).toEqual(one.everything(at, true));
    }),
    { numRuns: 150 },
  );
});

/** A sampler fed by shards that seal a part when a sample belongs to another bucket. */
class ShardedSampler {
  private readonly sampler: TimeSampler;
  private readonly open = new Map<number, FakeBucket>();

  constructor(shards: number, options: SamplerOptions) {
    const registry = new Registry(registryLimits(CONTEXTS));
    this.sampler = new TimeSampler(registry, options);
    for (let shard = 0; shard < shards; shard++) {
      for (let slot = 0; slot < CONTEXTS; slot++) {
        const id = registry.intern([slot, 0, 0, 0], typeOf(slot), `m${slot}\n`, 0);
        this.sampler.slotsOf(shard).assign(slot, id);
      }
    }
  }

  add(shard: number, { context, value, rate, at }: Sample): void {
    const start = Math.floor(at / 10) * 10;
    if (this.open.get(shard)?.start !== start) this.seal(shard);
    const part = this.open.get(shard) ?? new FakeBucket(start, { valuesMax: OPTIONS.histogramValuesMax });
    this.open.set(shard, part);
    const type = typeOf(context);
    // Few different elements, so that parts share some.
    part.add({ slot: context, type, value: type === 'set' ? `${value % 3}` : value, rate, at });
  }

  seal(shard: number): void {
    const part = this.open.get(shard);
    if (part !== undefined) this.sampler.merge(shard, part);
    this.open.delete(shard);
  }

  sealAll(): void {
    for (const shard of [...this.open.keys()]) this.seal(shard);
  }

  everything(now: number, final: boolean): string[] {
    this.sealAll();
    return this.flush(now, final)
      .map((aggregate) => `${aggregate.context.name} ${aggregate.timestamp} ${describe(aggregate)}`)
      .sort();
  }

  private flush(now: number, final: boolean): Aggregate[] {
    return [...this.sampler.flush(now, { final }).batches].flat();
  }
}

function describe({ data, series }: Aggregate): string {
  const values = series.map(({ suffix, value }) => `${suffix}=${value.toPrecision(12)}`).join(' ');
  if (data.kind !== 'distribution') return values;
  const { count, min, max, avg, keys, counts } = data.sketch;
  return `${values} ${count} ${min} ${max} ${avg.toPrecision(12)} ${keys} ${counts}`;
}

function typeOf(context: number): ContextType {
  return CONTEXT_TYPES[context % CONTEXT_TYPES.length] as ContextType;
}
