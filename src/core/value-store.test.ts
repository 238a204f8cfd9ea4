/**
 * What is behind the cells of a bucket (assembly/value-list.ts, key-list.ts, bin-pages.ts) against a slow model: maps of
 * weights. Whatever comes in whatever order, what is read is the same to the last digit; what finds no room is counted
 * and takes nothing else with it.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CoreHarness, type Gathered } from '../../test/support/core-harness.ts';
import { keyOf } from '../aggregate/sketch/sketch-keys.ts';
import { OP_DISTRIBUTION, OP_HISTOGRAM } from '../model/core-border.ts';

interface Sample {
  readonly value: number;
  readonly rate: number;
}

const OPS = { histogram: OP_HISTOGRAM, distribution: OP_DISTRIBUTION } as const;
type Type = keyof typeof OPS;

/** Rates whose weights are one, whole, fractions, and larger than a bin of 32 bits holds twice. */
const rates = fc.oneof(
  { weight: 6, arbitrary: fc.constant(1) },
  { weight: 3, arbitrary: fc.constantFrom(0.5, 0.25, 0.1) },
  { weight: 2, arbitrary: fc.constantFrom(0.3, 0.7, 1e-9, 2.4e-10) },
);
/** Values that repeat, that do not, and that lie far apart. */
const values = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: -3, max: 40 }) },
  { weight: 3, arbitrary: fc.double({ min: 0.001, max: 1000, noNaN: true }) },
  { weight: 1, arbitrary: fc.double({ min: -1e250, max: 1e250, noNaN: true }) },
  { weight: 1, arbitrary: fc.constantFrom(0, -0, 1e-300, -1e-300, 1e250, -1e250) },
);
/** Runs of one sample, so that lists get long and weights change rarely or often. */
const samples = fc
  .array(fc.record({ value: values, rate: rates, times: fc.constantFrom(1, 1, 1, 2, 7, 30, 300) }), {
    minLength: 1,
    maxLength: 120,
  })
  .map((runs) => runs.flatMap(({ value, rate, times }) => Array<Sample>(times).fill({ value, rate })));
/** Many different values in a bucket, in an order of its own. */
const manyValues = fc
  .tuple(
    fc.integer({ min: 1, max: 4000 }),
    fc.integer({ min: 1, max: 12_000 }),
    fc.integer({ min: 1, max: 97 }),
  )
  .map(([different, count, step]) =>
    Array.from({ length: count }, (_, i): Sample => ({ value: ((i * step) % different) / 8, rate: 1 })),
  );
const sampleLists = fc.oneof({ weight: 3, arbitrary: samples }, { weight: 1, arbitrary: manyValues });

interface Model {
  readonly values: Map<number, number>;
  readonly bins: Map<number, number>;
  count: number;
}

function modelOf(list: readonly Sample[], exact: boolean): Model {
  const model: Model = { values: new Map(), bins: new Map(), count: 0 };
  for (const { value, rate } of list) {
    const weight = exact ? 1 / rate : Math.trunc(1 / rate);
    model.values.set(value + 0, (model.values.get(value + 0) ?? 0) + weight);
    const key = keyOf(value);
    model.bins.set(key, (model.bins.get(key) ?? 0) + weight);
    model.count += weight;
  }
  return model;
}

const named = (map: ReadonlyMap<number, number>, kind: string): Record<string, number> =>
  Object.fromEntries([...map].map(([key, weight]) => [`${kind} ${key}`, weight]));

/** A harness with slot 0 for a context, to which samples are added without text. */
function harnessOf(core: ConstructorParameters<typeof CoreHarness>[0] & object): CoreHarness {
  const harness = new CoreHarness(core);
  harness.ingest('first:1|c');
  return harness;
}

function add(harness: CoreHarness, type: Type, list: readonly Sample[]): void {
  for (const { value, rate } of list) harness.core.addSample(0, OPS[type], value, rate, 0);
}

function gathered(harness: CoreHarness, next: number): Gathered | undefined {
  return [...harness.gather(next).cells.values()][0];
}

/** Sums that were added in another order may differ in their last bits: bins of fractions alone. */
function expectKeys(got: Record<string, number>, want: Record<string, number>, exact: boolean): void {
  if (!exact) {
    expect(got).toEqual(want);
    return;
  }
  expect(Object.keys(got).sort()).toEqual(Object.keys(want).sort());
  for (const [key, weight] of Object.entries(want))
    expect(got[key]).toBeCloseTo(weight, -Math.log10(weight) + 9);
}

describe('what comes to a histogram or distribution is read again', () => {
  it.each<[Type, boolean]>([
    ['histogram', false],
    ['histogram', true],
    ['distribution', false],
    ['distribution', true],
  ])('of a %s, exact weights %s', (type, exact) => {
    fc.assert(
      fc.property(
        fc.array(sampleLists, { minLength: 1, maxLength: 3 }),
        fc.constantFrom(4, 16, 300, 2048, 20_000),
        (buckets, histogramValuesMax) => {
          const harness = harnessOf({ core: { histogramValuesMax, exactWeights: exact } });
          harness.seal(10);
          buckets.forEach((list, i) => {
            add(harness, type, list);
            const model = modelOf(list, exact);
            const cell = gathered(harness, 20 + 10 * i) as Gathered;
            expect(cell.samples).toBe(list.length);
            expect(cell.count).toBe(model.count);
            const isExact = Object.keys(cell.keys).every((key) => key.startsWith('value'));
            if (type === 'distribution') expectKeys(cell.keys, named(model.bins, 'bin'), exact);
            else if (isExact) expectKeys(cell.keys, named(model.values, 'value'), exact);
            else {
              // Only what has too many values may be bins.
              expect(model.values.size).toBeGreaterThan(histogramValuesMax);
              expectKeys(cell.keys, named(model.bins, 'bin'), exact);
            }
          });
          expect(harness.count('keyTableFullSamples') + harness.count('outOfRangeSamples')).toBe(0);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('of a histogram with more values than are united, exactly up to its limit', () => {
    const harness = harnessOf({ core: { histogramValuesMax: 30_000 } });
    harness.seal(10);
    const list = Array.from(
      { length: 90_000 },
      (_, i): Sample => ({ value: i % 30_000, rate: i % 7 ? 1 : 0.5 }),
    );
    add(harness, 'histogram', list);
    expectKeys((gathered(harness, 20) as Gathered).keys, named(modelOf(list, false).values, 'value'), false);
    add(harness, 'histogram', [...list, { value: 0.5, rate: 1 }]);
    const { keys } = gathered(harness, 30) as Gathered;
    expect(keys['bin 1293']).toBe(1);
    expect(Object.keys(keys)).toHaveLength(30_001);
  });
});

/** What was kept and what was dropped are together what came, and numbers and count of a cell agree. */
function expectBalance(harness: CoreHarness, next: number, came: number): void {
  const { cells } = harness.gather(next);
  let kept = 0;
  for (const { keys, count, samples: own } of cells.values()) {
    kept += own;
    const total = Object.values(keys).reduce((sum, weight) => sum + weight, 0);
    if (Object.keys(keys).some((key) => !key.startsWith('element'))) expect(total).toBe(count);
  }
  expect(kept + harness.count('keyTableFullSamples')).toBe(came);
}

const text = ({ value, rate }: Sample, slot: number, type: string): string =>
  `m${slot}:${value}|${type}|@${rate}`;

describe('without room', () => {
  const lines = fc
    .array(
      fc.record({
        slot: fc.nat(5),
        type: fc.constantFrom('h', 'd'),
        value: fc.oneof(fc.integer({ min: 0, max: 3000 }), fc.double({ min: 1e-9, max: 1e12, noNaN: true })),
        rate: fc.constantFrom(1, 1, 1, 0.5, 1e-9),
      }),
      { minLength: 100, maxLength: 1500 },
    )
    .map((list) => list.map(({ slot, type, ...sample }) => text(sample, slot, type)));

  it('in the budget, samples are dropped and counted, and what was kept stays whole', () => {
    let dropped = 0;
    fc.assert(
      fc.property(
        lines,
        fc.integer({ min: 1, max: 300 }),
        fc.constantFrom(4, 64),
        (list, keysMax, valuesMax) => {
          const harness = new CoreHarness({ core: { keysMax, histogramValuesMax: valuesMax } });
          for (const line of list) harness.ingest(line);
          expectBalance(harness, 10, list.length);
          dropped += harness.count('keyTableFullSamples');
          // The budget is there again in the next bucket.
          harness.ingest('m0:1|h');
          expect(gathered(harness, 20)?.samples).toBe(1);
        },
      ),
      { numRuns: 150 },
    );
    expect(dropped).toBeGreaterThan(1000);
  });

  it('in memory, the same', () => {
    const harness = new CoreHarness({ core: { histogramValuesMax: 300 } });
    // Contexts are known first, so that what fails is room for their values.
    for (let slot = 0; slot < 2000; slot++) harness.ingest(`m${slot}:1|h\nd${slot}:1|d`);
    harness.seal(10);
    for (let bytes = 1 << 30; bytes >= 1 << 16; bytes /= 2) {
      for (let more = true; more; ) {
        try {
          harness.core.takeRegion(bytes);
        } catch {
          more = false;
        }
      }
    }
    let came = 4000;
    for (let round = 0; round < 60; round++) {
      for (let slot = 0; slot < 2000; slot++) {
        const value = ((round * 7919 + slot * 31) % 1009) + 1;
        const rate = (round + slot) % 13 === 0 ? '|@0.5' : '';
        harness.ingest(`m${slot}:${value}:${value * 3}|h${rate}\nd${slot}:${value * value}|d${rate}`);
        came += 3;
      }
    }
    const kept = 4000;
    expect(harness.count('keyTableFullSamples')).toBeGreaterThan(0);
    expectBalance(harness, 20, came - kept);
  });
});

it('a bucket with many values leaves memory that the next ones use, and give back', () => {
  const harness = new CoreHarness();
  const sizes: number[] = [];
  for (let round = 1; round <= 6; round++) {
    for (let i = 0; i < 40_000; i++)
      harness.ingest(`m${i % 400}:${i}:${i + 1}:${i + 2}|${i & 1 ? 'h' : 'd'}`);
    harness.seal(10 * round);
    sizes.push(harness.core.bytes.length);
  }
  expect(sizes.at(-1)).toBe(sizes[1]);
});
