/**
 * What scrapes see of open buckets, over random traffic, flushes and scrapes: no counter falls, nothing is counted twice or
 * lost when a bucket closes, and the totals are those of a server that nobody scrapes.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Registry } from '../src/aggregate/contexts/registry.ts';
import { TimeSampler } from '../src/aggregate/sampler.ts';
import { AGENT_LIMITS } from '../src/aggregate/sketch/sketch-bins.ts';
import { finish } from '../src/lib/time/steps.ts';
import type { ContextType } from '../src/model/context.ts';
import type { Aggregate } from '../src/model/series.ts';
import { CumulativeTable } from '../src/outputs/cumulative/cumulative-table.ts';
import { type DistributionForm, Exposures } from '../src/outputs/prometheus/exposure.ts';
import { PrometheusOutput } from '../src/outputs/prometheus/prometheus-output.ts';
import { parseExposition } from './support/decode/exposition-parser.ts';
import { FakeBucket } from './support/fakes/fake-bucket.ts';
import { registryLimits } from './support/limits.ts';

const START = 1_700_000_000;
const WIDTH = 10;
const CONTEXTS: readonly (readonly [string, ContextType])[] = [
  ['a', 'counter'],
  ['b', 'counter'],
  ['late.name', 'counter'],
  ['lat', 'histogram'],
  ['size', 'distribution'],
];

class Bench {
  readonly registry = new Registry(registryLimits(100));
  readonly sampler = new TimeSampler(this.registry, {
    intervalSeconds: WIDTH,
    counterExpirySeconds: 300,
    contextExpirySeconds: 20,
    retentionSeconds: 300,
    flushIncompleteBuckets: false,
    histogramAggregates: ['max'],
    histogramPercentiles: [],
    histogramValuesMax: 100,
    sketchLimits: AGENT_LIMITS,
  });
  readonly output: PrometheusOutput;
  /** Aggregates of a flush that are not written yet. */
  private waiting: Iterator<Aggregate[]> | undefined;
  private flushAt = 0;

  constructor(form: DistributionForm = 'summary') {
    const exposures = new Exposures({ form, buckets: [5, 20, 40], timingsInSeconds: false });
    const needsBinsOf = (id: number) => exposures.needsBins(this.registry.context(id));
    const cumulative = new CumulativeTable({ expirySeconds: 300, keepsBins: true, needsBinsOf });
    this.output = new PrometheusOutput({
      hostname: '',
      cumulative,
      exposures,
      lookup: (id) => this.registry.context(id),
    });
    CONTEXTS.forEach(([name, type], slot) => {
      this.sampler.slotsOf(0).admit(slot, this.registry.admit([slot, 1, 2, 3], type, `${name}\n`, 0));
    });
  }

  sample(slot: number, value: number, at: number): void {
    const part = new FakeBucket(Math.floor(at / WIDTH) * WIDTH);
    part.add({ slot, type: CONTEXTS[slot]?.[1] ?? 'counter', value, at });
    this.sampler.merge(0, part);
  }

  /** What has been sealed is looked at, as OpenLook does. */
  scrape(): Map<string, number> {
    if (this.waiting === undefined) {
      const needsBins = (id: number) => this.output.needsBins(id);
      finish(this.sampler.lookSteps((value) => void this.output.look(value), needsBins));
    }
    const families = parseExposition([...this.output.page(undefined).chunks].join(''), 'text');
    const seen = new Map<string, number>();
    for (const { name, samples } of families)
      for (const sample of samples)
        if (!name.startsWith('whippet_') && !sample.labels.has('quantile'))
          seen.set(sample.name + (sample.labels.get('le') ?? ''), sample.value);
    return seen;
  }

  beginFlush(at: number): void {
    this.endFlush();
    this.flushAt = at;
    this.waiting = this.sampler.flush(at, { final: false }).batches[Symbol.iterator]();
    this.output.cumulative.begin(at);
    this.output.begin({ at, interval: WIDTH, final: false });
  }

  /** Writes one batch, in pieces of one aggregate; false when there was none. */
  writeSome(betweenPieces: () => void): boolean {
    const next = this.waiting?.next();
    if (next === undefined || next.done === true) return false;
    for (const aggregate of next.value) {
      for (const part of this.output.cumulative.parts([aggregate])) this.output.write(part);
      betweenPieces();
    }
    return true;
  }

  endFlush(betweenPieces: () => void = () => {}): void {
    if (this.waiting === undefined) return;
    while (this.writeSome(betweenPieces));
    this.output.cumulative.end(this.flushAt);
    this.output.end({ at: this.flushAt, interval: WIDTH, final: false });
    this.waiting = undefined;
  }
}

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('sample' as const), slot: fc.nat(4), value: fc.nat(50) }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('scrape' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('pass' as const), seconds: fc.nat(9) }) },
  // Late, of a bucket that closed.
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('late' as const), slot: fc.nat(4), value: fc.nat(50) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('flush' as const) }) },
);

it.each([
  'summary',
  'classic',
] as const)('no counter, count or bucket falls (%s), whenever it is scraped, and totals are exact', (form) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const bench = new Bench(form);
      const sums = new Map<string, number>();
      let before = new Map<string, number>();
      let now = START;
      const look = (): Map<string, number> => {
        const seen = bench.scrape();
        for (const [name, value] of before) expect(seen.get(name) ?? -1, name).toBeGreaterThanOrEqual(value);
        before = seen;
        return seen;
      };
      const add = (slot: number, value: number, at: number): void => {
        bench.sample(slot, value, at);
        const [name, type] = CONTEXTS[slot] as readonly [string, ContextType];
        const plain = name.replace('.', '_');
        const addTo = (key: string, by: number) => void sums.set(key, (sums.get(key) ?? 0) + by);
        if (type === 'counter') addTo(plain, value);
        else {
          addTo(`${plain}_sum`, value);
          addTo(`${plain}_count`, 1);
          if (form === 'classic')
            for (const bound of [5, 20, 40, Number.POSITIVE_INFINITY])
              addTo(`${plain}_bucket${bound}`.replace('Infinity', '+Inf'), value <= bound ? 1 : 0);
        }
      };
      for (const one of steps) {
        if (one.do === 'sample') add(one.slot, one.value, now);
        else if (one.do === 'late') add(one.slot, one.value, now - WIDTH);
        else if (one.do === 'pass') now += one.seconds;
        else if (one.do === 'scrape') look();
        else {
          bench.beginFlush(now);
          // In the midst of it too.
          bench.endFlush(() => void look());
        }
      }
      // Everything merged is seen at once.
      const seen = look();
      expect(Object.fromEntries(seen)).toEqual(Object.fromEntries(sums));
      // And is the same when all is flushed.
      bench.beginFlush(now + 2 * WIDTH);
      bench.endFlush();
      expect(Object.fromEntries(look())).toEqual(Object.fromEntries(sums));
    }),
    { numRuns: 300 },
  );
});

it('a bucket that turns out negative stops the counter and does not make it fall', () => {
  const bench = new Bench();
  bench.sample(0, 100, START);
  bench.beginFlush(START + 10);
  bench.endFlush();
  bench.sample(0, 5, START + 11);
  expect(bench.scrape().get('a')).toBe(105);
  bench.sample(0, -9, START + 12);
  expect(bench.scrape().get('a')).toBe(105);
  bench.beginFlush(START + 20);
  bench.endFlush();
  expect(bench.scrape().get('a')).toBe(105);
  bench.sample(0, 7, START + 21);
  expect(bench.scrape().get('a')).toBe(107);
  expect(bench.output.cumulative.value[0]).toBe(100);
});
