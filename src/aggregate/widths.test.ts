/**
 * Buckets of several widths in one sampler: what each width gives is what a sampler of that width alone would
 * give, and nothing is lost or counted twice.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FakeBucket } from '../../test/support/fakes/fake-bucket.ts';
import { registryLimits } from '../../test/support/limits.ts';
import { bucketStartOf } from '../model/bucket-start.ts';
import type { ContextType } from '../model/context.ts';
import type { AggregationRule } from '../model/metric-rule.ts';
import type { Aggregate } from '../model/series.ts';
import { NO_CONTEXT, Registry } from './contexts/registry.ts';
import { type SamplerOptions, TimeSampler } from './sampler.ts';
import { AGENT_LIMITS } from './sketch/sketch-bins.ts';
import { isWidth, tickSecondsOf } from './widths.ts';

const OPTIONS: SamplerOptions = {
  intervalSeconds: 10,
  counterExpirySeconds: 45,
  contextExpirySeconds: 20,
  retentionSeconds: 0,
  flushIncompleteBuckets: true,
  histogramAggregates: ['max', 'count'],
  histogramPercentiles: ['0.95'],
  histogramValuesMax: 100,
  sketchLimits: AGENT_LIMITS,
};

describe('widths', () => {
  test.each([
    [10, [], 10],
    [10, [60], 10],
    [10, [60, 4], 2],
    [10, [5, 2], 1],
    [60, [20, 15], 5],
  ])('of %i and %j have the tick %i', (bucketSeconds, widths, tick) => {
    expect(tickSecondsOf(bucketSeconds, widths)).toBe(tick);
  });

  test.each([
    [60, true],
    [5, true],
    [10, true],
    [15, false],
    [4, false],
    [3, false],
  ])('%i beside 10 is allowed: %s', (width, want) => expect(isWidth(width, 10)).toBe(want));
});

/** Contexts by slot: each type at each of the widths, 10 being that of no rule. */
const WIDTHS = [10, 60, 5, 30] as const;
const TYPES: readonly ContextType[] = ['counter', 'gauge', 'histogram', 'distribution', 'set'];
const CONTEXTS = WIDTHS.flatMap((width) => TYPES.map((type) => ({ name: `${type}.${width}`, type, width })));
const TICK = 5;

const RULES = new Map<number, AggregationRule>([
  [60, { bucketSeconds: 60, expirySeconds: 130, aggregates: ['sum'], percentiles: [0.999] }],
  [5, { bucketSeconds: 5 }],
  [30, { bucketSeconds: 30, aggregates: [], percentiles: [] }],
]);

const widthOf = (name: string): number => Number(name.split('.')[1]);
const ruleOf = (name: string): AggregationRule | undefined => RULES.get(widthOf(name));

interface Step {
  readonly kind: 'sample' | 'flush';
  readonly context: number;
  readonly value: number;
  readonly after: number;
}

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    kind: fc.constantFrom('sample', 'sample', 'flush'),
    context: fc.nat(CONTEXTS.length - 1),
    value: fc.integer({ min: -20, max: 20 }),
    after: fc.constantFrom(0.25, 1, 7, 40),
  }),
  { maxLength: 80 },
);

test('each width gives what a sampler of that width alone gives', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const together = run(makeSampler({ ...OPTIONS, ruleOf }, CONTEXTS.keys()), all);
      const alone = WIDTHS.flatMap((width) => {
        const { expirySeconds = OPTIONS.counterExpirySeconds } = RULES.get(width) ?? {};
        const options: SamplerOptions = {
          ...OPTIONS,
          intervalSeconds: width,
          counterExpirySeconds: expirySeconds,
          // The aggregates of the rule without its width, which is the sampler's own.
          ruleOf: (name) => withoutTimes(ruleOf(name)),
        };
        const slots = [...CONTEXTS.keys()].filter((slot) => CONTEXTS[slot]?.width === width);
        return run(makeSampler(options, slots), all);
      });
      expect(together.sort()).toEqual(alone.sort());
    }),
    { numRuns: 200 },
  );
});

test('counts and sums are conserved over all widths, and over a change of rules', () => {
  fc.assert(
    fc.property(steps, fc.nat(80), (all, changeAt) => {
      const sampler = makeSampler({ ...OPTIONS, ruleOf }, CONTEXTS.keys());
      const emitted: Aggregate[] = [];
      feed(sampler, all, emitted, (i) => {
        if (i === changeAt) sampler.useRules(undefined);
      });
      const sent = all.filter(({ kind }) => kind === 'sample');
      const sum = (type: ContextType, value: (aggregate: Aggregate) => number): number =>
        emitted.filter(({ context }) => context.type === type).reduce((total, one) => total + value(one), 0);
      const sentAs = (type: ContextType): Step[] => sent.filter(({ context }) => typeOf(context) === type);
      const total = (list: readonly Step[]): number => list.reduce((all, { value }) => all + value, 0);
      expect(sum('counter', ({ data }) => (data.kind === 'counter' ? data.sum : 0))).toBe(
        total(sentAs('counter')),
      );
      expect(sum('histogram', ({ data }) => (data.kind === 'histogram' ? data.histogram.sum : 0))).toBe(
        total(sentAs('histogram')),
      );
      expect(sum('distribution', ({ data }) => (data.kind === 'distribution' ? data.sketch.count : 0))).toBe(
        sentAs('distribution').length,
      );
      for (const { interval, series, data } of emitted)
        if (data.kind === 'counter') expect((series[0]?.value ?? 0) * interval).toBeCloseTo(data.sum, 9);
    }),
    { numRuns: 200 },
  );
});

test('a context that takes the id of another has a plan of its own', () => {
  const registry = new Registry(registryLimits(10));
  const sampler = new TimeSampler(registry, { ...OPTIONS, ruleOf });
  const point = (key: number, name: string, at: number): string[] => {
    sampler.slotsOf(0).assign(0, registry.intern([key, 0, 0, 0], 'gauge', `${name}\n`, at));
    const part = new FakeBucket(bucketStartOf(at, TICK));
    part.add({ slot: 0, type: 'gauge', value: 1, at });
    sampler.merge(0, part);
    sampler.slotsOf(0).free(0);
    const emitted = [...sampler.flush(at + 100, { final: false }).batches].flat();
    return emitted.map(({ context, interval }) => `${context.id} ${context.name} ${interval}`);
  };
  expect(point(1, 'gauge.60', 1000)).toEqual(['0 gauge.60 60']);
  expect(point(2, 'gauge.5', 2000)).toEqual(['0 gauge.5 5']);
});

test('a counter that changes its width gets zeros from the first whole bucket on', () => {
  const sampler = makeSampler(OPTIONS, CONTEXTS.keys());
  const flush = (now: number): string[] => {
    const aggregates = [...sampler.flush(now, { final: false }).batches].flat();
    return aggregates.map(({ timestamp, interval }) => `${timestamp} ${interval}`);
  };
  const part = new FakeBucket(1000);
  part.add({ slot: 5, type: 'counter', value: 1, at: 1001 });
  sampler.merge(0, part);
  expect(CONTEXTS[5]?.name).toBe('counter.60');
  expect(flush(1010)).toEqual(['1000 10']);
  sampler.useRules(ruleOf);
  expect([1020, 1030, 1080, 1140].map(flush)).toEqual([[], [], ['1020 60'], ['1080 60']]);
});

test('a flush is due when a bucket of some width may have closed', () => {
  const sampler = makeSampler({ ...OPTIONS, ruleOf }, CONTEXTS.keys());
  const emitted: Aggregate[] = [];
  feed(sampler, [{ kind: 'sample', context: 10, value: 1, after: 0 }], emitted);
  [...sampler.flush(1100, { final: false }).batches].flat();
  expect([1100, 1104.9, 1105, 1110, 1140].map((now) => sampler.isDue(now))).toEqual([
    false,
    false,
    true,
    true,
    true,
  ]);
});

function typeOf(context: number): ContextType {
  return (CONTEXTS[context] as (typeof CONTEXTS)[number]).type;
}

function withoutTimes(rule: AggregationRule | undefined): AggregationRule | undefined {
  if (rule === undefined) return undefined;
  const { bucketSeconds: _, expirySeconds: __, ...others } = rule;
  return others;
}

/** A sampler that knows the contexts of some slots; the others mean nothing to it. */
function makeSampler(options: SamplerOptions, slots: Iterable<number>): TimeSampler {
  const registry = new Registry(registryLimits(CONTEXTS.length));
  const sampler = new TimeSampler(registry, options);
  for (const slot of CONTEXTS.keys()) sampler.slotsOf(0).assign(slot, NO_CONTEXT);
  for (const slot of slots) {
    const { name, type } = CONTEXTS[slot] as (typeof CONTEXTS)[number];
    sampler.slotsOf(0).assign(slot, registry.intern([slot, 0, 0, 0], type, `${name}\n`, 0));
  }
  return sampler;
}

/** Points as text. */
function run(sampler: TimeSampler, all: readonly Step[]): string[] {
  const emitted: Aggregate[] = [];
  feed(sampler, all, emitted);
  return emitted.map(
    ({ context, timestamp, interval, series }) =>
      `${context.name} ${timestamp} ${interval} ${series.map(({ suffix, value }) => `${suffix}=${value}`)}`,
  );
}

/** A shard that seals at every tick, flushes where the steps say, and at the end all that is left. */
function feed(
  sampler: TimeSampler,
  all: readonly Step[],
  emitted: Aggregate[],
  before: (step: number) => void = () => undefined,
): void {
  let at = 1000;
  let part = new FakeBucket(bucketStartOf(at, TICK));
  const seal = (): void => {
    sampler.merge(0, part);
    part = new FakeBucket(bucketStartOf(at, TICK));
  };
  const flush = (final: boolean): void => {
    seal();
    for (const batch of sampler.flush(at, { final }).batches) emitted.push(...batch);
  };
  all.forEach(({ kind, context, value, after }, i) => {
    before(i);
    at += after;
    if (kind === 'flush') flush(false);
    else {
      if (bucketStartOf(at, TICK) !== part.start) seal();
      const type = typeOf(context);
      part.add({ slot: context, type, value: type === 'set' ? `${value}` : value, at });
    }
  });
  flush(true);
}
