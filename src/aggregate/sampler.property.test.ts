/**
 * Two properties of the sampler: it does what the rules of spec aggregation §5 say for any sequence of
 * samples and flushes, clocks that go back included; and it does not matter how samples are spread over
 * shards and parts.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FakeBucket } from '../../test/support/fake-bucket.ts';
import { registryLimits } from '../../test/support/limits.ts';
import { CONTEXT_TYPES, type ContextType } from '../model/context.ts';
import type { Aggregate } from '../model/series.ts';
import { Registry } from './registry.ts';
import { type SamplerOptions, TimeSampler } from './sampler.ts';
import { COUNT_MAX_16 } from './sketch-bins.ts';

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
type Step = Sample | { readonly kind: 'flush'; readonly now: number };

const context = fc.nat(CONTEXTS - 1);
const value = fc.integer({ min: -20, max: 20 });
/** Rates whose weights are whole, so that sums are exact in any order. */
const rate = fc.constantFrom(1, 0.5, 0.125);

test('any sequence of samples and flushes emits what the rules say', () => {
  const at = fc.integer({ min: 1000, max: 1129 });
  const sample = fc
    .record({ context, value, rate, at })
    .map((sample): Step => ({ kind: 'sample', ...sample }));
  const flush = fc.integer({ min: 1000, max: 1130 }).map((now): Step => ({ kind: 'flush', now }));
  const steps = fc.array(fc.oneof({ weight: 2, arbitrary: sample }, flush), { maxLength: 60 });
  fc.assert(
    fc.property(steps, fc.constantFrom(0, 40, 1000), (all, retentionSeconds) => {
      const sampler = new ShardedSampler(1, { ...OPTIONS, retentionSeconds });
      const rules = new Rules();
      for (const step of all) {
        if (step.kind === 'sample') {
          sampler.add(0, step);
          rules.add(step);
        } else {
          sampler.sealAll();
          expect(sampler.countersAndGauges(step.now)).toEqual(rules.flush(step.now));
        }
      }
    }),
    { numRuns: 500 },
  );
});

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
  readonly #sampler: TimeSampler;
  readonly #open = new Map<number, FakeBucket>();

  constructor(shards: number, options: SamplerOptions) {
    const registry = new Registry(registryLimits(CONTEXTS));
    this.#sampler = new TimeSampler(registry, options);
    for (let shard = 0; shard < shards; shard++) {
      for (let slot = 0; slot < CONTEXTS; slot++) {
        const id = registry.intern([slot, 0, 0, 0], typeOf(slot), `m${slot}\n`, 0);
        this.#sampler.slotsOf(shard).assign(slot, id);
      }
    }
  }

  add(shard: number, { context, value, rate, at }: Sample): void {
    const start = Math.floor(at / 10) * 10;
    if (this.#open.get(shard)?.start !== start) this.seal(shard);
    const part = this.#open.get(shard) ?? new FakeBucket(start);
    this.#open.set(shard, part);
    const type = typeOf(context);
    // Few different elements, so that parts share some.
    part.add({ slot: context, type, value: type === 'set' ? `${value % 3}` : value, rate, at });
  }

  seal(shard: number): void {
    const part = this.#open.get(shard);
    if (part !== undefined) this.#sampler.merge(shard, part);
    this.#open.delete(shard);
  }

  sealAll(): void {
    for (const shard of [...this.#open.keys()]) this.seal(shard);
  }

  countersAndGauges(now: number): string[] {
    return this.#flush(now, false)
      .filter(({ context }) => context.type === 'counter' || context.type === 'gauge')
      .map(({ context, timestamp, series }) => `${context.name} ${timestamp} ${series[0]?.value}`)
      .sort();
  }

  everything(now: number, final: boolean): string[] {
    this.sealAll();
    return this.#flush(now, final)
      .map((aggregate) => `${aggregate.context.name} ${aggregate.timestamp} ${describe(aggregate)}`)
      .sort();
  }

  #flush(now: number, final: boolean): Aggregate[] {
    return [...this.#sampler.flush(now, { final }).batches].flat();
  }
}

/** The rules of spec aggregation §5, written down plainly for counters and gauges. */
class Rules {
  readonly #buckets = new Map<number, Map<number, number>>();
  readonly #lastSeen = new Map<number, number>();
  #lastCutOff = 0;

  add({ context, value, rate, at }: Sample): void {
    this.#lastSeen.set(context, Math.trunc(at));
    if (typeOf(context) === 'distribution') return;
    const start = at - (at % 10);
    const bucket = this.#buckets.get(start) ?? new Map<number, number>();
    this.#buckets.set(start, bucket);
    if (typeOf(context) === 'counter') bucket.set(context, (bucket.get(context) ?? 0) + value / rate);
    else if (typeOf(context) === 'gauge') bucket.set(context, value);
  }

  flush(now: number): string[] {
    const cutOff = now - (now % 10);
    const closed = [...this.#buckets].filter(([start]) => start + 10 <= cutOff);
    if (this.#buckets.size === 0 && this.#lastCutOff + 10 <= cutOff) closed.push([cutOff - 10, new Map()]);
    for (const [start, bucket] of closed) {
      this.#buckets.delete(start);
      this.#zeroFill(start, bucket);
    }
    this.#expire(now);
    this.#lastCutOff = cutOff;
    return closed
      .flatMap(([start, bucket]) =>
        [...bucket].map(([context, value]) => {
          const isCounter = typeOf(context) === 'counter';
          return `m${context} ${start} ${isCounter ? value / 10 : value}`;
        }),
      )
      .sort();
  }

  #zeroFill(start: number, bucket: Map<number, number>): void {
    for (const [context, lastSeen] of this.#lastSeen) {
      const isDue = typeOf(context) === 'counter' && lastSeen + OPTIONS.counterExpirySeconds > start;
      if (isDue && !bucket.has(context)) bucket.set(context, 0);
    }
  }

  #expire(now: number): void {
    for (const [context, lastSeen] of this.#lastSeen) {
      const extra = typeOf(context) === 'counter' ? OPTIONS.counterExpirySeconds : 0;
      if (lastSeen + OPTIONS.contextExpirySeconds + extra < now) this.#lastSeen.delete(context);
    }
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
