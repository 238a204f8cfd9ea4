import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { QuantileSketch } from '../../aggregate/sketch/sketch.ts';
import type { Context, ContextType } from '../../model/context.ts';
import type { HistogramSummary } from '../../model/histogram.ts';
import type { Aggregate, AggregateData } from '../../model/series.ts';
import { fromBins } from '../native-histogram/exponential-histogram.ts';
import { CumulativeTable } from './cumulative-table.ts';

const context = (id: number, type: ContextType): Context => ({
  id,
  name: `m${id}`,
  type,
  host: '',
  tags: [],
});
const aggregate = (id: number, type: ContextType, data: AggregateData, timestamp = 1000): Aggregate => ({
  ...{ context: context(id, type), timestamp, interval: 10, data, series: [] },
});
const counter = (id: number, sum: number, timestamp = 1000) =>
  aggregate(id, 'counter', { kind: 'counter', sum }, timestamp);
const gauge = (id: number, value: number, timestamp = 1000) =>
  aggregate(id, 'gauge', { kind: 'gauge', value }, timestamp);
const sketchOf = (...values: number[]): QuantileSketch => {
  const sketch = new QuantileSketch();
  for (const value of values) sketch.insert(value);
  return sketch;
};
const distribution = (id: number, timestamp: number, ...values: number[]) =>
  aggregate(id, 'distribution', { kind: 'distribution', sketch: sketchOf(...values) }, timestamp);
const weighted = (id: number, value: number, weight: number): Aggregate => {
  const histogram: HistogramSummary = {
    ...{ count: weight, sum: value * weight, min: value, max: value, exact: true },
    quantile: () => value,
    forEachValue: (visit) => visit(value, weight),
  };
  return aggregate(id, 'histogram', { kind: 'histogram', histogram });
};

function makeTable(options: Partial<ConstructorParameters<typeof CumulativeTable>[0]> = {}): CumulativeTable {
  return new CumulativeTable({ expirySeconds: 300, keepsBins: true, ...options });
}

/** Adds everything in one flush; the totals by id that a reader saw after each part. */
function flush(table: CumulativeTable, at: number, ...batch: Aggregate[]): number[][] {
  table.begin(at);
  const totalIn = ({ context: { id } }: Aggregate) => table.value[id] as number;
  const seen = Array.from(table.parts(batch), (part) => part.map(totalIn));
  table.end(at);
  return seen;
}

describe('counters', () => {
  it('add up, and begin at the start of their first bucket', () => {
    const table = makeTable();
    flush(table, 1010, counter(1, 5));
    flush(table, 1020, counter(1, 2.5, 1010));
    expect([table.value[1], table.startAt[1], table.dataAt[1], table.size]).toEqual([7.5, 1000, 1020, 1]);
  });

  it('refuse to fall, and what is not finite', () => {
    const table = makeTable();
    table.begin(1010);
    const [part] = [...table.parts([counter(1, -1), counter(2, Number.NaN), counter(3, 1)])];
    expect(part?.map((one) => table.refusalOf(one))).toEqual(['negative_increment', 'non_finite', undefined]);
    expect([table.has(1), table.has(2), table.has(3)]).toEqual([false, false, true]);
  });

  it('stay at the largest double', () => {
    const table = makeTable();
    flush(table, 1010, counter(1, Number.MAX_VALUE));
    table.begin(1020);
    const [part] = [...table.parts([counter(1, Number.MAX_VALUE)])];
    expect(table.refusalOf(part?.[0] as Aggregate)).toBe('cut');
    expect(table.value[1]).toBe(Number.MAX_VALUE);
  });

  it('take samples with timestamps into the total of now', () => {
    const table = makeTable();
    flush(table, 1010, aggregate(1, 'counter', { kind: 'timestamped', value: 4 }, 17));
    flush(table, 1020, aggregate(1, 'counter', { kind: 'timestamped', value: 4 }, 16), counter(1, 1, 1010));
    expect([table.value[1], table.startAt[1]]).toEqual([9, 1000]);
  });

  it('are seen bucket by bucket, however many buckets one flush brings', () => {
    const table = makeTable();
    expect(
      flush(table, 1030, counter(1, 1), counter(2, 1), counter(1, 2, 1010), counter(1, 4, 1020)),
    ).toEqual([[1, 1], [3], [7]]);
  });
});

describe('the life of a series', () => {
  it('ends when no data came for long enough; zero fills do not keep it', () => {
    const table = makeTable({ expirySeconds: 20 });
    flush(table, 1010, counter(1, 5), gauge(2, 1));
    flush(table, 1030, counter(1, 0, 1020), gauge(2, 1, 1020));
    expect(table.expired).toEqual([]);
    flush(table, 1040, counter(1, 0, 1030));
    expect(table.expired).toEqual([1]);
    expect([table.has(1), table.has(2), table.size]).toEqual([false, true, 1]);
    flush(table, 1050, counter(1, 0, 1040));
    expect(table.has(1)).toBe(false);
  });

  it('restarts from zero with a new start when data comes again', () => {
    const table = makeTable({ expirySeconds: 20 });
    flush(table, 1010, counter(1, 5), distribution(2, 1000, 1, 2, 3));
    flush(table, 1040);
    flush(table, 1060, counter(1, 3, 1050), distribution(2, 1050, 7));
    expect([table.value[1], table.startAt[1]]).toEqual([3, 1050]);
    expect([table.count[2], table.value[2], table.binsOf(2).length]).toEqual([1, 7, 1]);
  });

  it('follows the expiry of a rule, and none at 0', () => {
    const table = makeTable({ expirySeconds: 0 });
    flush(table, 1010, counter(1, 1), counter(2, 1));
    table.end(1030, (id) => (id === 1 ? 15 : undefined));
    expect([table.has(1), table.has(2)]).toEqual([false, true]);
    flush(table, 1_000_000);
    expect(table.has(2)).toBe(true);
  });

  it('ends with its context, whose id may be used again', () => {
    const table = makeTable();
    flush(table, 1010, counter(1, 5), distribution(2, 1000, 4));
    table.forget([1, 2]);
    expect([table.has(1), table.size]).toEqual([false, 0]);
    flush(table, 1020, distribution(1, 1010, 8), counter(2, 1, 1010));
    expect([table.value[1], table.count[1], table.value[2]]).toEqual([8, 1, 1]);
  });

  it('gives rows of a burst back', () => {
    const table = makeTable();
    flush(table, 1010, ...Array.from({ length: 10_000 }, (_, id) => distribution(id, 1000, id)));
    table.forget(Array.from({ length: 9_990 }, (_, i) => i + 10));
    expect(table.value.length).toBeLessThan(2000);
    expect(table.size).toBe(10);
    flush(table, 1020, counter(9_999, 1));
    expect(table.value[9_999]).toBe(1);
  });
});

describe('distributions', () => {
  it('keep sum, count and bins that agree', () => {
    const table = makeTable();
    flush(table, 1010, distribution(1, 1000, 1, 10, -3, 0));
    flush(table, 1020, distribution(1, 1010, 10));
    const histogram = fromBins(table.binsOf(1));
    expect([table.value[1], table.count[1], histogram.count, histogram.zeroCount]).toEqual([18, 5, 5, 1]);
    expect([table.mayFall(1), table.mayFall(2)]).toEqual([true, false]);
  });

  it('add up to the bins of everything in one sketch', () => {
    const value = fc.double({ min: -1e9, max: 1e9, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(fc.array(value, { minLength: 1, maxLength: 20 }), { minLength: 1, maxLength: 8 }),
        (buckets) => {
          const table = makeTable();
          for (const [i, values] of buckets.entries())
            flush(table, 1010 + i * 10, distribution(1, 1000 + i * 10, ...values));
          const whole = fromBins(sketchOf(...buckets.flat()));
          const { positive, negative, zeroCount } = fromBins(table.binsOf(1));
          expect(positive.indexes).toEqual(whole.positive.indexes);
          expect(positive.counts).toEqual(whole.positive.counts);
          expect(negative.counts).toEqual(whole.negative.counts);
          expect(zeroCount).toBe(whole.zeroCount);
        },
      ),
    );
  });

  it('are refused as a whole when their bins have no room', () => {
    const table = makeTable({ binsMax: 1 });
    table.begin(1010);
    const [part] = [...table.parts([distribution(1, 1000, 4)])];
    expect(table.refusalOf(part?.[0] as Aggregate)).toBe('bins_full');
    expect([table.has(1), table.size]).toEqual([false, 0]);
  });

  it('round exact weights so that bins stay within half an observation of the count', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom(1, 5, 9), fc.double({ min: 0.01, max: 4, noNaN: true })), {
          minLength: 1,
          maxLength: 50,
        }),
        (observations) => {
          const table = makeTable();
          let before: readonly number[] = [];
          for (const [value, weight] of observations) {
            flush(table, 1010, weighted(1, value, weight));
            const { counts, length } = table.binsOf(1);
            const now = Array.from(counts.subarray(0, length));
            const total = now.reduce((sum, n) => sum + n, 0);
            expect(now.every(Number.isInteger)).toBe(true);
            expect(Math.abs(total - (table.count[1] as number))).toBeLessThanOrEqual(0.5 + 1e-9);
            expect(total).toBeGreaterThanOrEqual(before.reduce((sum, n) => sum + n, 0));
            before = now;
          }
        },
      ),
    );
  });

  it('have no bins in a table without', () => {
    const table = makeTable({ keepsBins: false });
    flush(table, 1010, distribution(1, 1000, 1, 2));
    expect([table.count[1], table.value[1]]).toEqual([2, 3]);
    expect(() => table.binsOf(1)).toThrow('without bins');
  });
});

it('a timestamped sample of a type that cannot have one is refused', () => {
  const table = makeTable();
  table.begin(1010);
  const [part] = [...table.parts([aggregate(1, 'set', { kind: 'timestamped', value: 1 })])];
  expect(table.refusalOf(part?.[0] as Aggregate)).toBe('unsupported');
});
