/**
 * The sampler against a slow and obvious one (test/support/slow-sampler.ts): samples of every type, with and without
 * timestamps of their own, sealed and flushed at any time, over any number of shards, up to the last flush.
 *
 *   one shard     clock steps forth and back, flushes at any time   the same points
 *   many shards   a clock that goes on, with gaps                   the same points
 *   many shards   any clock                                         every sum and count comes out
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FakeBucket } from '../../test/support/fakes/fake-bucket.ts';
import { registryLimits } from '../../test/support/limits.ts';
import { pointOf, type SlowSample, SlowSampler } from '../../test/support/slow-sampler.ts';
import type { ContextType } from '../model/context.ts';
import type { Aggregate } from '../model/series.ts';
import { Registry } from './contexts/registry.ts';
import { type SamplerOptions, TimeSampler } from './sampler.ts';
import { AGENT_LIMITS } from './sketch/sketch-bins.ts';

/** Slots are positions in this list. Contexts with timestamps of their own are others than those without. */
const CONTEXTS: readonly { readonly name: string; readonly type: ContextType; readonly stamped: boolean }[] =
  [
    { name: 'hits', type: 'counter', stamped: false },
    { name: 'temp', type: 'gauge', stamped: false },
    { name: 'lat', type: 'histogram', stamped: false },
    { name: 'size', type: 'distribution', stamped: false },
    { name: 'users', type: 'set', stamped: false },
    { name: 'old.temp', type: 'gauge', stamped: true },
    { name: 'old.hits', type: 'counter', stamped: true },
    { name: 'copy', type: 'distribution', stamped: true },
  ];
const SHARDS_MAX = 4;
const OPTIONS: SamplerOptions = {
  intervalSeconds: 10,
  counterExpirySeconds: 300,
  contextExpirySeconds: 20,
  retentionSeconds: 0,
  flushIncompleteBuckets: true,
  histogramAggregates: ['max', 'median', 'sum', 'count'],
  histogramPercentiles: ['0.95'],
  histogramValuesMax: 1000,
  sketchLimits: AGENT_LIMITS,
};

interface Sample {
  readonly kind: 'sample';
  readonly shard: number;
  readonly slot: number;
  readonly value: number;
  readonly rate: number;
  readonly timestamp: number;
  /** By how many seconds the clock has moved since the step before. */
  readonly after: number;
}
type Step =
  | Sample
  | { readonly kind: 'seal'; readonly shard: number }
  | { readonly kind: 'flush'; readonly after: number };

/** Quarters and eighths: all sums are exact in any order. */
const SAMPLE = {
  kind: fc.constant('sample' as const),
  slot: fc.nat(CONTEXTS.length - 1),
  value: fc.oneof(fc.nat(3), fc.integer({ min: -80, max: 80 })).map((quarters) => quarters / 4),
  rate: fc.constantFrom(1, 1, 0.5, 0.125),
  timestamp: fc.integer({ min: 900, max: 1200 }),
};
const options = fc.record({
  counterExpirySeconds: fc.constantFrom(0, 10, 20, 300),
  contextExpirySeconds: fc.constantFrom(0, 20, 60),
  flushIncompleteBuckets: fc.boolean(),
  retentionSeconds: fc.constantFrom(0, 40, 1000),
});

/** Steps for `shards` shards whose clock moves by what `after` gives. */
function stepsOf(shards: number, after: fc.Arbitrary<number>): fc.Arbitrary<Step[]> {
  const shard = fc.nat(shards - 1);
  const sample: fc.Arbitrary<Step> = fc.record({ ...SAMPLE, shard, after });
  const seal: fc.Arbitrary<Step> = shard.map((shard) => ({ kind: 'seal', shard }));
  const flush: fc.Arbitrary<Step> = after.map((after) => ({ kind: 'flush', after }));
  return fc.array(
    fc.oneof(
      { weight: 6, arbitrary: sample },
      { weight: 2, arbitrary: seal },
      { weight: 2, arbitrary: flush },
    ),
    { maxLength: 80, size: 'max' },
  );
}

/** Never 0, as gauges received by two shards at the same time have no order. */
const forth = fc.constantFrom(0.25, 1, 4, 10, 20, 75);
const anyStep = fc.constantFrom(0, 1, 4, 10, 20, 75, -0.5, -3, -10, -40);

test('one shard and any clock: the points are those of the slow sampler', () => {
  fc.assert(fc.property(stepsOf(1, anyStep), options, comparePoints), { numRuns: 400 });
});

test('many shards and a clock that goes on: the points are those of the slow sampler', () => {
  fc.assert(fc.property(stepsOf(4, forth), options, comparePoints), { numRuns: 400 });
});

test('many shards and any clock: every sum and count comes out', () => {
  fc.assert(
    fc.property(stepsOf(3, anyStep), options, (steps, options) => {
      const run = new Run({ ...options, flushIncompleteBuckets: true });
      const emitted = steps.flatMap((step) => run.take(step)?.emitted ?? []);
      emitted.push(...run.stop().emitted);
      expect(sumsOf(emitted)).toEqual(run.sent);
    }),
    { numRuns: 300 },
  );
});

function comparePoints(steps: readonly Step[], options: RunOptions): void {
  const run = new Run(options);
  for (const step of steps) {
    const flushed = run.take(step);
    if (flushed !== undefined) expect(linesOf(flushed.emitted)).toEqual(flushed.wanted);
  }
  const flushed = run.stop();
  expect(linesOf(flushed.emitted)).toEqual(flushed.wanted);
  expect(run.leftBehind).toEqual(run.wantedLeftBehind);
}

type RunOptions = Pick<
  SamplerOptions,
  'counterExpirySeconds' | 'contextExpirySeconds' | 'flushIncompleteBuckets' | 'retentionSeconds'
>;
interface Flushed {
  readonly emitted: Aggregate[];
  /** What the slow sampler says. */
  readonly wanted: string[];
}

/** Shards that seal as shards do, the sampler they deliver to, and a slow one that hears the same. */
class Run {
  /** Sums of what was sent, by context; see sumsOf(). */
  readonly sent: Record<string, number> = {};
  private readonly sampler: TimeSampler;
  private readonly slow: SlowSampler;
  private readonly parts = new Map<number, { readonly part: FakeBucket; readonly samples: SlowSample[] }>();
  private now = 1000;
  private order = 0;

  constructor(options: RunOptions) {
    const registry = new Registry(registryLimits(CONTEXTS.length));
    this.sampler = new TimeSampler(registry, { ...OPTIONS, ...options });
    this.slow = new SlowSampler({ intervalSeconds: OPTIONS.intervalSeconds, ...options });
    for (let shard = 0; shard < SHARDS_MAX; shard++) {
      CONTEXTS.forEach(({ name, type }, slot) => {
        const admission = registry.admit([slot, 0, 0, 0], type, `${name}\n`, 0);
        this.sampler.slotsOf(shard).admit(slot, admission);
      });
    }
  }

  get leftBehind(): number {
    return this.sampler.counts.incompleteAggregates;
  }

  get wantedLeftBehind(): number {
    return this.slow.leftBehind;
  }

  take(step: Step): Flushed | undefined {
    if (step.kind === 'seal') {
      this.seal(step.shard);
      return undefined;
    }
    this.now += step.after;
    if (step.kind === 'flush') return this.flush(false);
    this.add(step);
    return undefined;
  }

  stop(): Flushed {
    for (const shard of [...this.parts.keys()]) this.seal(shard);
    return this.flush(true);
  }

  private add({ shard, slot, value, rate, timestamp }: Sample): void {
    const { name, type, stamped } = CONTEXTS[slot] as (typeof CONTEXTS)[number];
    const at = this.now;
    const start = Math.floor(at / 10) * 10;
    if (this.parts.get(shard)?.part.start !== start) this.seal(shard);
    const open = this.parts.get(shard) ?? { part: new FakeBucket(start), samples: [] };
    this.parts.set(shard, open);
    if (stamped) open.part.addTimestamped(slot, timestamp, value, 1 / rate);
    else open.part.add({ slot, type, value: type === 'set' ? `${value}` : value, rate, at });
    open.samples.push({
      name,
      type,
      value,
      rate,
      at,
      timestamp: stamped ? timestamp : 0,
      order: this.order++,
    });
    addTo(this.sent, name, sumOf(type, stamped, value, rate));
  }

  private seal(shard: number): void {
    const open = this.parts.get(shard);
    if (open === undefined) return;
    this.parts.delete(shard);
    this.sampler.merge(shard, open.part);
    for (const sample of open.samples) this.slow.add(sample);
  }

  private flush(final: boolean): Flushed {
    const emitted = [...this.sampler.flush(this.now, { final }).batches].flat();
    return { emitted, wanted: this.slow.flush(this.now, final) };
  }
}

/** What of a sample must come out: a counter's value, the number of a histogram's or distribution's observations. */
function sumOf(type: ContextType, stamped: boolean, value: number, rate: number): number {
  if (type === 'counter') return stamped ? value : value / rate;
  if (type === 'histogram' || type === 'distribution') return 1 / rate;
  return stamped ? 1 : 0;
}

function sumsOf(aggregates: readonly Aggregate[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { context, data } of aggregates) {
    if (data.kind === 'counter') addTo(sums, context.name, data.sum);
    else if (data.kind === 'histogram') addTo(sums, context.name, data.histogram.count);
    else if (data.kind === 'distribution') addTo(sums, context.name, data.sketch.count);
    else if (data.kind === 'timestamped')
      addTo(sums, context.name, context.type === 'counter' ? data.value : 1);
    else addTo(sums, context.name, 0);
  }
  return sums;
}

function addTo(sums: Record<string, number>, name: string, value: number): void {
  sums[name] = (sums[name] ?? 0) + value;
}

function linesOf(aggregates: readonly Aggregate[]): string[] {
  return aggregates
    .flatMap(({ context, timestamp, data, series }) =>
      series.map(({ suffix, value }) => {
        const point = pointOf(context.name, timestamp, suffix, value);
        if (data.kind !== 'distribution') return point;
        const { count, min, max, keys, counts } = data.sketch;
        const bins = Array.from(keys, (key, i) => `${key}:${counts[i]}`);
        return `${point} ${count} ${min} ${max} ${bins.join()}`;
      }),
    )
    .sort();
}
