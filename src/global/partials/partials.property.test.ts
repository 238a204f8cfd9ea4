/** What all partials have in common: however the data of a fleet is split and in whichever order it is merged, it comes to the same. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { QuantileSketch } from '../../aggregate/sketch/sketch.ts';
import { AGENT_LIMITS } from '../../aggregate/sketch/sketch-bins.ts';
import { keyOf } from '../../aggregate/sketch/sketch-keys.ts';
import { HistogramSeries } from '../../aggregate/types/histogram-series.ts';
import type { ContextType } from '../../model/context.ts';
import { GLOBAL_GAUGES, type GlobalGauge } from '../../model/metric-rule.ts';
import type { PartialData } from '../../model/partial-data.ts';
import { ByteReader } from '../bytes/byte-reader.ts';
import { ByteWriter } from '../bytes/byte-writer.ts';
import { GLOBAL_VALUES_MAX } from './histogram.ts';
import { HyperLogLog } from './hyperloglog.ts';
import { makePartial, partialOf, writePartial } from './make-partial.ts';
import type { OutcomeRules, Partial } from './partial.ts';
import { GLOBAL_ELEMENTS_MAX } from './set.ts';

const RULES: OutcomeRules = {
  intervalSeconds: 10,
  series: new HistogramSeries(['max', 'min', 'median', 'count'], [95]),
  sketchLimits: AGENT_LIMITS,
};

function bytesOf(data: PartialData, gauge: GlobalGauge): Buffer {
  const writer = new ByteWriter();
  writePartial(data, gauge, writer);
  return writer.bytes();
}

function mergeAll(type: ContextType, encoded: readonly Buffer[], sources?: readonly string[]): Partial {
  const partial = makePartial(type);
  encoded.forEach((bytes, i) => {
    const reader = new ByteReader(bytes);
    partial.merge(reader, sources?.[i] ?? `edge ${i}`.padEnd(16, '.'));
    expect(reader.left).toBe(0);
  });
  return partial;
}

/** The same merged in two steps: groups first, as the first of two levels does. */
function mergeInGroups(type: ContextType, encoded: readonly Buffer[], size: number): Partial {
  const groups: Buffer[] = [];
  for (let at = 0; at < encoded.length; at += size) {
    const sources = encoded.slice(at, at + size).map((_, i) => `edge ${at + i}`.padEnd(16, '.'));
    const writer = new ByteWriter();
    mergeAll(type, encoded.slice(at, at + size), sources).write(writer);
    groups.push(writer.bytes());
  }
  return mergeAll(
    type,
    groups,
    groups.map((_, i) => `L1/${i}`.padEnd(16, '.')),
  );
}

const textOf = (partial: Partial): string => JSON.stringify(partial.outcome(RULES), sketchText);
function sketchText(_: string, value: unknown): unknown {
  if (value instanceof QuantileSketch)
    return { keys: value.keys, counts: value.counts, count: value.count, sum: value.sum };
  return value;
}

/** Whole numbers: sums of doubles would round by order. */
const values = fc.array(fc.tuple(fc.integer({ min: -1000, max: 1000 }), fc.integer({ min: 1, max: 5 })), {
  minLength: 1,
  maxLength: 30,
});

function weighted(
  pairs: readonly (readonly [number, number])[],
  key: (value: number) => number,
): { keys: number[]; weights: number[] } {
  const sums = new Map<number, number>();
  for (const [value, weight] of pairs) sums.set(key(value), (sums.get(key(value)) ?? 0) + weight);
  const sorted = [...sums].sort(([a], [b]) => a - b);
  return { keys: sorted.map(([k]) => k), weights: sorted.map(([, w]) => w) };
}

function momentsOf(pairs: readonly (readonly [number, number])[]) {
  const all = pairs.map(([value]) => value);
  const sum = pairs.reduce((total, [value, weight]) => total + value * weight, 0);
  return {
    count: pairs.reduce((total, [, weight]) => total + weight, 0),
    sum,
    min: Math.min(...all),
    max: Math.max(...all),
    weightedSum: sum,
  };
}

const arbitraries: { readonly [Type in ContextType]: fc.Arbitrary<PartialData> } = {
  counter: fc.integer().map((sum) => ({ kind: 'counter', sum })),
  gauge: fc.record({
    kind: fc.constant('gauge' as const),
    value: fc.integer({ min: -100, max: 100 }),
    at: fc.integer({ min: 0, max: 20 }),
  }),
  distribution: values.map((pairs) => ({
    kind: 'distribution',
    moments: momentsOf(pairs),
    bins: weighted(pairs, keyOf),
  })),
  histogram: values.map((pairs) => ({
    kind: 'histogram',
    moments: momentsOf(pairs),
    values: weighted(pairs, (value) => value),
    bins: { keys: [], weights: [] },
  })),
  set: fc
    .array(fc.integer({ min: 0, max: 2 ** 53 - 1 }), { maxLength: 40 })
    .map((elements) => ({ kind: 'set', elements })),
};

describe.each(Object.entries(arbitraries))('partials of type %s', (name, arbitrary) => {
  const type = name as ContextType;

  it('merge to the same in any order and in any groups', () => {
    fc.assert(
      fc.property(
        fc.array(arbitrary, { minLength: 1, maxLength: 8 }),
        fc.constantFrom(...GLOBAL_GAUGES),
        fc.integer({ min: 1, max: 4 }),
        (list, gauge, size) => {
          const encoded = list.map((data) => bytesOf(data, gauge));
          const whole = textOf(mergeAll(type, encoded));
          expect(textOf(mergeInGroups(type, encoded, size))).toBe(whole);
          const sources = encoded.map((_, i) => `edge ${i}`.padEnd(16, '.'));
          expect(textOf(mergeAll(type, [...encoded].reverse(), [...sources].reverse()))).toBe(whole);
        },
      ),
    );
  });

  it('are written at once as they are written as partials', () => {
    fc.assert(
      fc.property(arbitrary, fc.constantFrom(...GLOBAL_GAUGES), (data, gauge) => {
        const writer = new ByteWriter();
        partialOf(data, gauge).write(writer);
        expect(bytesOf(data, gauge)).toEqual(writer.bytes());
      }),
    );
  });

  it('never read past damaged bytes', () => {
    fc.assert(
      fc.property(arbitrary, fc.nat(400), fc.nat(255), fc.nat(400), (data, at, byte, cut) => {
        const bytes = bytesOf(data, 'last');
        bytes[at % bytes.length] = byte;
        const part = bytes.subarray(0, cut % (bytes.length + 1));
        try {
          makePartial(type).merge(new ByteReader(part), 'x'.padEnd(16));
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
    );
  });
});

describe('distributions', () => {
  it('are the sketch of one server that got everything, bin by bin', () => {
    fc.assert(
      fc.property(fc.array(values, { minLength: 1, maxLength: 6 }), (edges) => {
        const encoded = edges.map((pairs) =>
          bytesOf({ kind: 'distribution', moments: momentsOf(pairs), bins: weighted(pairs, keyOf) }, 'last'),
        );
        const all = edges.flat();
        const bins = weighted(all, keyOf);
        const { weightedSum, ...moments } = momentsOf(all);
        const one = QuantileSketch.fromBins(bins.keys, bins.weights, {
          ...moments,
          avg: weightedSum / moments.count,
        });
        const data = mergeAll('distribution', encoded).outcome(RULES)?.data;
        const merged = data?.kind === 'distribution' ? data.sketch : undefined;
        expect([merged?.keys, merged?.counts]).toEqual([one.keys, one.counts]);
      }),
    );
  });

  it('keep weights that are no integers', () => {
    const moments = { count: 2.5, sum: 5, min: 2, max: 2, weightedSum: 5 };
    const bytes = bytesOf({ kind: 'distribution', moments, bins: { keys: [1383], weights: [2.5] } }, 'last');
    const data = mergeAll('distribution', [bytes, bytes]).outcome(RULES)?.data;
    expect(data?.kind === 'distribution' && [...(data.sketch.counts as number[])]).toEqual([5]);
  });
});

describe('histograms', () => {
  const of = (from: number, count: number): Buffer => {
    const pairs = Array.from({ length: count }, (_, i) => [from + i, 1] as const);
    return bytesOf(
      {
        kind: 'histogram',
        moments: momentsOf(pairs),
        values: weighted(pairs, (v) => v),
        bins: { keys: [], weights: [] },
      },
      'last',
    );
  };
  const isExact = (partial: Partial): boolean => {
    const data = partial.outcome(RULES)?.data;
    return data?.kind === 'histogram' && data.histogram.exact;
  };

  it('are exact up to 1,000 different values and sketches beyond', () => {
    expect(isExact(mergeAll('histogram', [of(0, 600), of(400, 600)]))).toBe(true);
    expect(isExact(mergeAll('histogram', [of(0, GLOBAL_VALUES_MAX), of(0, GLOBAL_VALUES_MAX)]))).toBe(true);
    expect(isExact(mergeAll('histogram', [of(0, GLOBAL_VALUES_MAX), of(1, GLOBAL_VALUES_MAX)]))).toBe(false);
  });
});

describe('sets', () => {
  const of = (from: number, count: number): Buffer =>
    bytesOf({ kind: 'set', elements: Array.from({ length: count }, (_, i) => hashOf(from + i)) }, 'last');
  /** As good as a hash, for the test. */
  const hashOf = (i: number): number => {
    const high = Math.imul(i ^ 0x5bd1e995, 0x9e3779b1) >>> 11;
    return high * 2 ** 32 + ((Math.imul(i + 1, 0x85ebca6b) ^ (i * 7)) >>> 0);
  };
  const count = (partial: Partial): number => {
    const data = partial.outcome(RULES)?.data;
    return data?.kind === 'set' ? data.distinct : 0;
  };

  it('are exact up to 1,024 elements', () => {
    expect(count(mergeAll('set', [of(0, 700), of(324, 700)]))).toBe(GLOBAL_ELEMENTS_MAX);
  });

  it.each([2000, 20_000, 200_000, 1_000_000])('are within 2.5 %% at %i elements', (elements) => {
    const third = Math.floor(elements / 3);
    const merged = mergeAll('set', [of(0, 2 * third), of(third, elements - third), of(0, 500)]);
    expect(Math.abs(count(merged) / elements - 1)).toBeLessThan(0.025);
  });

  it('have registers that come back as they were written', () => {
    const registers = new HyperLogLog();
    for (let i = 0; i < 50_000; i++) registers.add(hashOf(i));
    const writer = new ByteWriter();
    registers.write(writer);
    const copy = new HyperLogLog();
    copy.merge(new ByteReader(writer.bytes()));
    expect(copy.registers).toEqual(registers.registers);
    expect(writer.length).toBe(12_288);
  });
});

describe('gauges', () => {
  const merged = (gauge: GlobalGauge): number | undefined => {
    const encoded = [
      bytesOf({ kind: 'gauge', value: 5, at: 100 }, gauge),
      bytesOf({ kind: 'gauge', value: 7, at: 90 }, gauge),
      bytesOf({ kind: 'gauge', value: 1, at: 95 }, gauge),
    ];
    const data = mergeAll('gauge', encoded).outcome(RULES)?.data;
    return data?.kind === 'gauge' ? data.value : undefined;
  };

  it('come to what their rule says', () => {
    expect(GLOBAL_GAUGES.map(merged)).toEqual([5, 13, 1, 7, 13 / 3]);
  });

  it('count an edge that restarted within the bucket once', () => {
    const encoded = [5, 8].map((value, at) => bytesOf({ kind: 'gauge', value, at }, 'sum'));
    const edge = 'edge'.padEnd(16);
    const data = mergeAll('gauge', encoded, [edge, edge]).outcome(RULES)?.data;
    expect(data).toEqual({ kind: 'gauge', value: 8 });
  });

  it('take the higher edge when two values are equally new', () => {
    const encoded = [1, 2].map((value) => bytesOf({ kind: 'gauge', value, at: 7 }, 'last'));
    for (const order of [
      [0, 1],
      [1, 0],
    ]) {
      const sources = order.map((i) => `edge ${i}`.padEnd(16));
      const list = order.map((i) => encoded[i] as Buffer);
      expect(mergeAll('gauge', list, sources).outcome(RULES)?.data).toEqual({ kind: 'gauge', value: 2 });
    }
  });
});
