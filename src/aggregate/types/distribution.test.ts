import { expect, test } from 'vitest';
import { FakeBucket, type FakeSample } from '../../../test/support/fakes/fake-bucket.ts';
import { finish } from '../../lib/time/steps.ts';
import { NumberBatch } from '../../model/number-batch.ts';
import { AGENT_LIMITS } from '../sketch/sketch-bins.ts';
import { DistributionCells } from './distribution.ts';

type Sample = Pick<FakeSample, 'value' | 'rate'>;

function sketchOf(parts: Sample[][], limits = AGENT_LIMITS) {
  const cells = new DistributionCells(limits);
  for (const samples of parts) {
    const part = new FakeBucket(1000);
    for (const sample of samples) part.add({ slot: 0, type: 'distribution', at: 1001, ...sample });
    cells.merge(4, part, 0);
    const batch = new NumberBatch();
    part.readNumbers(0, batch);
    cells.mergeNumbers(4, batch);
  }
  finish(cells.close());
  const outcome = cells.outcomeAt(0);
  if (outcome?.data.kind !== 'distribution') throw new Error('no sketch came out');
  return { sketch: outcome.data.sketch, series: outcome.series };
}

test('parts merge into one sketch', () => {
  const { sketch, series } = sketchOf([
    [{ value: 10, rate: 0.1 }],
    [{ value: 20 }, { value: -1 }],
    [{ value: 20 }],
  ]);
  expect(sketch).toMatchObject({ count: 13, min: -1, max: 20, sum: 139 });
  expect(sketch.avg).toBeCloseTo(139 / 13, 12);
  expect(sketch.keys).toEqual([-1338, 1487, 1531]);
  expect(sketch.counts).toEqual([1, 10, 2]);
  expect(series).toEqual([{ suffix: '', type: 'distribution', value: 139 }]);
});

test('a fractional weight counts whole in bins and average, and in full in the sum', () => {
  const { sketch } = sketchOf([[{ value: 6, rate: 0.6 }], [{ value: 6, rate: 0.6 }]]);
  expect(sketch).toMatchObject({ count: 2, sum: 20, avg: 6 });
  expect(sketch.counts).toEqual([2]);
});

test('a rate outside (0, 1] counts as 1', () => {
  expect(
    sketchOf([
      [
        { value: 4, rate: 0 },
        { value: 4, rate: 3 },
        { value: 4, rate: -1 },
      ],
    ]).sketch.count,
  ).toBe(3);
});

test('bins are trimmed at the limit', () => {
  const samples = [1, 10, 100, 1000].map((value) => ({ value }));
  expect(sketchOf([samples], { ...AGENT_LIMITS, binLimit: 2 }).sketch.counts).toEqual([3, 1]);
});

test('a distribution whose bins found no room in the shard says nothing', () => {
  const cells = new DistributionCells(AGENT_LIMITS);
  const part = new FakeBucket(1000);
  part.add({ slot: 0, type: 'counter', value: 0, at: 1001 });
  cells.merge(4, part, 0);
  finish(cells.close());
  expect(cells.outcomeAt(0)).toBeUndefined();
});
