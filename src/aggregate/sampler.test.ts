import { describe, expect, test } from 'vitest';
import { FakeBucket, type FakeSample } from '../../test/support/fakes/fake-bucket.ts';
import { registryLimits } from '../../test/support/limits.ts';
import type { ContextType } from '../model/context.ts';
import type { Aggregate } from '../model/series.ts';
import { OVER } from '../model/views/cardinality.ts';
import { NO_CONTEXT, Registry } from './contexts/registry.ts';
import { type SamplerOptions, TimeSampler } from './sampler.ts';
import { AGENT_LIMITS } from './sketch/sketch-bins.ts';

const OPTIONS: SamplerOptions = {
  intervalSeconds: 10,
  counterExpirySeconds: 300,
  contextExpirySeconds: 20,
  retentionSeconds: 0,
  flushIncompleteBuckets: false,
  histogramAggregates: ['max', 'count'],
  histogramPercentiles: [],
  histogramValuesMax: 100,
  sketchLimits: AGENT_LIMITS,
};

/** A sampler with one shard; the slot of a name is its position among the names used so far. */
class Bench {
  readonly registry: Registry;
  readonly sampler: TimeSampler;
  private readonly slots = new Map<string, number>();

  constructor(options: Partial<SamplerOptions & { contextsMax: number }> = {}) {
    this.registry = new Registry(registryLimits(options.contextsMax ?? 100));
    this.sampler = new TimeSampler(this.registry, { ...OPTIONS, ...options });
  }

  slotOf(name: string, type: ContextType): number {
    const known = this.slots.get(name);
    if (known !== undefined) return known;
    const slot = this.slots.size;
    this.slots.set(name, slot);
    const admission = this.registry.admit([slot, 1, 2, 3], type, `${name}\nhost`, 0);
    this.sampler.slotsOf(0).admit(slot, admission);
    return slot;
  }

  /** Merges one part with one sample in it. */
  sample(name: string, type: ContextType, value: number | string, at: number): void {
    const part = new FakeBucket(startOf(at));
    part.add({ slot: this.slotOf(name, type), type, value, at });
    this.sampler.merge(0, part);
  }

  /** Points as `name suffix timestamp value`. */
  flush(now: number, final = false): string[] {
    return pointsOf([...this.sampler.flush(now, { final }).batches].flat());
  }
}

describe('a bucket', () => {
  test('is emitted once its end has passed, not before', () => {
    const bench = new Bench();
    bench.sample('temp', 'gauge', 4, 1005);
    expect(bench.flush(1009)).toEqual([]);
    expect(bench.flush(1010.5)).toEqual(['temp 1000 4']);
    expect(bench.flush(1020)).toEqual([]);
  });

  test('takes every type', () => {
    const bench = new Bench();
    bench.sample('hits', 'counter', 2, 1001);
    bench.sample('temp', 'gauge', 1, 1001);
    bench.sample('lat', 'histogram', 3, 1001);
    bench.sample('size', 'distribution', 4, 1001);
    bench.sample('users', 'set', 'alice', 1001);
    const aggregates = [...bench.sampler.flush(1010, { final: false }).batches].flat();
    expect(aggregates.map(({ data }) => data.kind)).toEqual([
      'counter',
      'gauge',
      'histogram',
      'distribution',
      'set',
    ]);
    expect(pointsOf(aggregates)).toEqual([
      'hits 1000 0.2',
      'temp 1000 1',
      'lat.max 1000 3',
      'lat.count 1000 0.1',
      'size 1000 4',
      'users 1000 1',
    ]);
    expect(aggregates[0]).toMatchObject({
      timestamp: 1000,
      interval: 10,
      context: { name: 'hits', host: 'host' },
    });
  });

  test('that was flushed already is made again by a late part', () => {
    const bench = new Bench();
    bench.sample('temp', 'gauge', 1, 1005);
    expect(bench.flush(1010)).toEqual(['temp 1000 1']);
    bench.sample('temp', 'gauge', 2, 1008);
    expect(bench.flush(1011)).toEqual(['temp 1000 2']);
  });

  test('of another width obeys that width', () => {
    const bench = new Bench({ intervalSeconds: 2 });
    const part = new FakeBucket(1004);
    part.add({ slot: bench.slotOf('hits', 'counter'), type: 'counter', value: 3, at: 1005 });
    bench.sampler.merge(0, part);
    expect(bench.flush(1005.9)).toEqual([]);
    expect(bench.flush(1006)).toEqual(['hits 1004 1.5']);
    expect(bench.flush(1008)).toEqual(['hits 1006 0']);
  });
});

describe('zero filling', () => {
  test('gives an idle counter zeros until it expires', () => {
    const bench = new Bench({ counterExpirySeconds: 30 });
    bench.sample('hits', 'counter', 10, 1005);
    const points = [1010, 1020, 1030, 1040, 1050, 1060].flatMap((now) => bench.flush(now));
    expect(points).toEqual(['hits 1000 1', 'hits 1010 0', 'hits 1020 0', 'hits 1030 0']);
  });

  test('fills one bucket only, however long the gap between flushes', () => {
    const bench = new Bench();
    bench.sample('hits', 'counter', 10, 1005);
    bench.flush(1010);
    expect(bench.flush(1045)).toEqual(['hits 1030 0']);
  });

  test('waits while there are only open buckets', () => {
    const bench = new Bench();
    bench.sample('hits', 'counter', 10, 1005);
    bench.flush(1010);
    bench.sample('temp', 'gauge', 1, 1021);
    expect(bench.flush(1020)).toEqual([]);
    expect(bench.flush(1030)).toEqual(['hits 1020 0', 'temp 1020 1']);
  });

  test('does not see buckets that hold distributions only', () => {
    const bench = new Bench();
    bench.sample('hits', 'counter', 10, 1005);
    bench.flush(1010);
    bench.sample('size', 'distribution', 1, 1021);
    expect(bench.flush(1020)).toEqual(['hits 1010 0']);
    expect(bench.flush(1030)).toEqual(['size 1020 1', 'hits 1020 0']);
  });

  test('reaches buckets older than the first sample of the counter', () => {
    const bench = new Bench();
    bench.sample('temp', 'gauge', 1, 1005);
    bench.sample('hits', 'counter', 1, 1015);
    expect(bench.flush(1020)).toEqual(['hits 1000 0', 'temp 1000 1', 'hits 1010 0.1']);
  });

  test('leaves out counters known only from samples with timestamps', () => {
    const bench = new Bench();
    const part = new FakeBucket(1000);
    part.addTimestamped(bench.slotOf('hits', 'counter'), 900, 25);
    bench.sampler.merge(0, part);
    expect(bench.flush(1010)).toEqual(['hits 900 2.5']);
    expect(bench.flush(1020)).toEqual([]);
  });

  test('follows a clock that went back within a bucket', () => {
    const bench = new Bench({ counterExpirySeconds: 2 });
    bench.sample('hits', 'counter', 1, 1009);
    bench.flush(1009);
    bench.sample('hits', 'counter', 1, 1001);
    bench.flush(1010);
    bench.sample('temp', 'gauge', 1, 1012);
    // Seen at 1009 it would be given a zero in the bucket 1010.
    expect(bench.flush(1020)).toEqual(['temp 1010 1']);
  });

  test('follows a clock that went back', () => {
    const bench = new Bench({ counterExpirySeconds: 20 });
    bench.sample('hits', 'counter', 1, 5005);
    bench.sample('hits', 'counter', 1, 1005);
    expect(bench.flush(1010)).toEqual(['hits 1000 0.1']);
    bench.sample('temp', 'gauge', 1, 1035);
    expect(bench.flush(1040)).toEqual(['temp 1030 1']);
  });
});

describe('a sample with a timestamp', () => {
  test('passes through at the next flush, in order, unmerged', () => {
    const bench = new Bench();
    const part = new FakeBucket(1000);
    part.addTimestamped(bench.slotOf('temp', 'gauge'), 900, 5);
    part.addTimestamped(bench.slotOf('hits', 'counter'), 905, 20);
    part.addTimestamped(bench.slotOf('temp', 'gauge'), 900, 6);
    bench.sampler.merge(0, part);
    expect(bench.flush(1001)).toEqual(['temp 900 5', 'hits 905 2', 'temp 900 6']);
    expect(bench.flush(1002)).toEqual([]);
  });

  test('of another type is counted as unsupported', () => {
    const bench = new Bench();
    const part = new FakeBucket(1000);
    for (const type of ['histogram', 'set'] as const) {
      part.addTimestamped(bench.slotOf(type, type), 900, 5);
    }
    bench.sampler.merge(0, part);
    expect(bench.flush(1001)).toEqual([]);
    expect(bench.sampler.counts.unsupportedTimestampedValues).toBe(2);
  });
});

describe('the copy of a histogram with a timestamp', () => {
  test('goes into the sketch of the bucket of its timestamp, with its rate', () => {
    const bench = new Bench();
    const part = new FakeBucket(1000);
    const slot = bench.slotOf('lat', 'distribution');
    part.addTimestamped(slot, 905, 4, 2);
    part.addTimestamped(slot, 900, 6, 1.5);
    part.addTimestamped(slot, 1003, 1);
    part.add({ slot, type: 'distribution', value: 2, at: 1004 });
    bench.sampler.merge(0, part);
    const sketches = [...bench.sampler.flush(1010, { final: false }).batches]
      .flat()
      .map(({ timestamp, data }) => [timestamp, data.kind === 'distribution' && data.sketch]);
    expect(sketches).toMatchObject([
      [900, { count: 3, min: 4, max: 6, sum: 17, counts: [2, 1] }],
      [1000, { count: 2, min: 1, max: 2, sum: 3, counts: [1, 1] }],
    ]);
  });

  test('has its context last seen then', () => {
    const bench = new Bench();
    const part = new FakeBucket(1000);
    const slot = bench.slotOf('lat', 'distribution');
    part.addTimestamped(slot, 905, 4);
    bench.sampler.merge(0, part);
    expect(bench.registry.lastSeen(0)).toBe(905);
    bench.flush(920);
    expect(bench.registry.lastSeen(0)).toBe(905);
    bench.flush(926);
    expect(bench.registry.lastSeen(0)).toBeUndefined();
  });

  test('in the future waits for its bucket to close', () => {
    const bench = new Bench();
    const part = new FakeBucket(1000);
    part.addTimestamped(bench.slotOf('lat', 'distribution'), 1025, 4);
    bench.sampler.merge(0, part);
    expect(bench.flush(1029)).toEqual([]);
    expect(bench.flush(1030)).toEqual(['lat 1020 4']);
  });

  test('is dropped, counted, when it would open a bucket beyond a thousand', () => {
    const bench = new Bench();
    const part = new FakeBucket(1000);
    const slot = bench.slotOf('lat', 'distribution');
    for (let i = 0; i < 1010; i++) part.addTimestamped(slot, 20_000 + 10 * i, 1);
    bench.sampler.merge(0, part);
    expect(bench.sampler.counts.droppedCopies).toBe(10);
    bench.sample('temp', 'gauge', 1, 1001);
    expect(bench.flush(1_000_000)).toHaveLength(1001);
  });
});

test('a histogram beyond its budget of exact values is counted, in every bucket', () => {
  const bench = new Bench({ histogramValuesMax: 2 });
  for (const [value, at] of [
    [1, 1001],
    [2, 1001],
    [2, 1002],
    [1, 1011],
    [2, 1012],
    [3, 1013],
  ] as const)
    bench.sample('lat', 'histogram', value, at);
  bench.flush(1010);
  expect(bench.sampler.counts.sketchedHistograms).toBe(0);
  bench.flush(1020);
  expect(bench.sampler.counts.sketchedHistograms).toBe(1);
});

describe('the final flush', () => {
  test('drops open buckets and counts what was in them', () => {
    const bench = new Bench();
    bench.sample('temp', 'gauge', 1, 1001);
    bench.sample('temp', 'gauge', 2, 1012);
    bench.sample('size', 'distribution', 2, 1012);
    expect(bench.flush(1015, true)).toEqual(['temp 1000 1']);
    expect(bench.sampler.counts.incompleteAggregates).toBe(2);
  });

  test('takes open buckets, zero-filled, when told to', () => {
    const bench = new Bench({ flushIncompleteBuckets: true });
    bench.sample('hits', 'counter', 10, 1001);
    bench.sample('temp', 'gauge', 2, 1012);
    bench.sample('size', 'distribution', 2, 1012);
    expect(bench.flush(1015, true)).toEqual(['hits 1000 1', 'hits 1010 0', 'temp 1010 2', 'size 1010 2']);
    expect(bench.sampler.counts.incompleteAggregates).toBe(0);
  });

  test('is the only one that forces open buckets', () => {
    const bench = new Bench({ flushIncompleteBuckets: true });
    bench.sample('temp', 'gauge', 2, 1012);
    expect(bench.flush(1015)).toEqual([]);
  });
});

describe('contexts', () => {
  test('over the limit share one of their name, and their samples are counted', () => {
    const over: number[][] = [];
    const bench = new Bench({ contextsMax: 1, onOverLimit: (...args) => void over.push(args) });
    bench.sample('temp', 'gauge', 1, 1001);
    bench.sample('other', 'gauge', 2, 1001);
    const part = new FakeBucket(1000);
    part.addTimestamped(bench.slotOf('other', 'gauge'), 900, 5);
    bench.sampler.merge(0, part);
    expect(bench.flush(1010)).toEqual(['other 900 5', 'temp 1000 1', 'other 1000 2']);
    expect(over).toEqual([
      [1, OVER.contexts, 1],
      [1, OVER.contexts, 1],
    ]);
  });

  test('are forgotten at the end of a flush, once no slot means them', () => {
    const bench = new Bench();
    bench.sample('temp', 'gauge', 1, 1001);
    bench.flush(1010);
    bench.sampler.slotsOf(0).free(0);
    expect(forgottenAt(bench, 1021)).toEqual([]);
    expect(forgottenAt(bench, 1022)).toEqual([0]);
    expect(bench.registry.size).toBe(0);
  });

  test('stay while data of theirs waits, whatever the settings', () => {
    const bench = new Bench({ contextExpirySeconds: 1 });
    bench.sample('temp', 'gauge', 1, 1001);
    bench.sampler.slotsOf(0).free(0);
    expect(bench.flush(1009)).toEqual([]);
    const { batches, forgotten } = bench.sampler.flush(1010, { final: false });
    expect(pointsOf([...batches].flat())).toEqual(['temp 1000 1']);
    expect(forgotten).toEqual([0]);
  });

  test('stay as long as the outputs ask, without more zeros', () => {
    const zeros = [0, 5000].map((retentionSeconds) => {
      const bench = new Bench({ retentionSeconds, counterExpirySeconds: 20 });
      bench.sample('hits', 'counter', 1, 1001);
      bench.sampler.slotsOf(0).free(0);
      const points = [1010, 1020, 1030, 1040, 1050, 1060, 1010, 1020].flatMap((now) => bench.flush(now));
      return { points, size: bench.registry.size };
    });
    expect(zeros[0]?.points).toEqual(['hits 1000 0.1', 'hits 1010 0', 'hits 1020 0']);
    expect(zeros[1]?.points).toEqual(zeros[0]?.points);
    expect(zeros.map(({ size }) => size)).toEqual([0, 1]);
  });

  test('may change their slot', () => {
    const bench = new Bench();
    const slot = bench.slotOf('old', 'gauge');
    bench.sample('old', 'gauge', 1, 1001);
    const id = bench.registry.intern([99, 0, 0, 0], 'counter', 'new\n', 1002);
    bench.sampler.slotsOf(0).assign(slot, id);
    const part = new FakeBucket(1010);
    part.add({ slot, type: 'counter', value: 10, at: 1011 });
    bench.sampler.merge(0, part);
    expect(bench.flush(1020)).toEqual(['new 1000 0', 'old 1000 1', 'new 1010 1']);
  });
});

describe('batches', () => {
  test('are bounded, and later buckets may be merged between two of them', () => {
    const bench = new Bench({ contextsMax: 2000 });
    const part = new FakeBucket(1000);
    for (let i = 0; i < 1200; i++) {
      part.add({ slot: bench.slotOf(`m${i}`, 'counter'), type: 'counter', value: 1, at: 1001 });
    }
    bench.sampler.merge(0, part);
    const sizes: number[] = [];
    let points = 0;
    for (const batch of bench.sampler.flush(1010, { final: false }).batches) {
      sizes.push(batch.length);
      points += batch.filter(({ timestamp }) => timestamp === 1000).length;
      bench.sample(`late${sizes.length}`, 'counter', 5, 1012);
      bench.sample('m0', 'counter', 5, 1012);
    }
    expect(sizes.filter((size) => size > 0)).toEqual(Array(12).fill(100));
    expect(points).toBe(1200);
    const next = bench.flush(1020);
    expect(next).toHaveLength(1200 + sizes.length);
    expect(next).toContain(`m0 1010 ${(5 * sizes.length) / 10}`);
    expect(next).toContain('late3 1010 0.5');
  });

  test('let their contexts go when the caller breaks off', () => {
    const bench = new Bench();
    bench.sample('temp', 'gauge', 1, 1001);
    bench.sampler.slotsOf(0).free(0);
    const { batches, forgotten } = bench.sampler.flush(2000, { final: false });
    for (const _ of batches) break;
    expect(forgotten).toEqual([0]);
  });
});

test('names of derived series are filtered', () => {
  const bench = new Bench({ isFiltered: (name) => name === 'lat.max' || name === 'temp' });
  bench.sample('lat', 'histogram', 3, 1001);
  bench.sample('temp', 'gauge', 3, 1001);
  expect(bench.flush(1010)).toEqual(['temp 1000 3', 'lat.count 1000 0.1']);
});

test('a slot that never got a context is refused, not mistaken for another', () => {
  const bench = new Bench();
  const sample: FakeSample = { slot: 77, type: 'gauge', value: 1, at: 1001 };
  const part = new FakeBucket(1000);
  part.add(sample);
  bench.sampler.merge(0, part);
  expect(bench.sampler.slotsOf(0).idOf(77)).toBe(NO_CONTEXT);
  expect(bench.flush(1010)).toEqual([]);
  expect(bench.sampler.counts.refusedValues).toBe(1);
});

function forgottenAt(bench: Bench, now: number): readonly number[] {
  const { batches, forgotten } = bench.sampler.flush(now, { final: false });
  for (const _ of batches);
  return forgotten;
}

function pointsOf(aggregates: Aggregate[]): string[] {
  return aggregates.flatMap(({ context, timestamp, series }) =>
    series.map(({ suffix, value }) => `${context.name}${suffix} ${timestamp} ${value}`),
  );
}

function startOf(at: number): number {
  return Math.floor(at / 10) * 10;
}
