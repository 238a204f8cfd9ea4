import { describe, expect, test } from 'vitest';
import {
  AGENT_LIMITS,
  addGroups,
  type Bins,
  COUNT_MAX_16,
  COUNT_MAX_32,
  mergeBins,
  noBins,
  place,
  trimBins,
} from './sketch-bins.ts';

const max = COUNT_MAX_16;

describe('place', () => {
  const places = (n: number, want: number[]) =>
    test(`${n} observations take bins of ${want}`, () => {
      const bins = noBins();
      place(bins, 7, n, AGENT_LIMITS);
      expect(bins).toEqual({ keys: want.map(() => 7), counts: want });
    });
  places(0, [0]);
  places(max, [max]);
  places(70_000, [4465, max]);
  places(131_070, [max, max]);
});

describe('addGroups', () => {
  test('joins the first bin of a key and leaves the others behind it', () => {
    const bins = binsOf([0, 1], [0, max], [0, max], [4, 1]);
    expect(addGroups(bins, [0, 2], [2, 5], AGENT_LIMITS)).toEqual(
      binsOf([0, 3], [0, max], [0, max], [2, 5], [4, 1]),
    );
  });
  test('changes neither list it is given', () => {
    const bins = binsOf([1, 1]);
    addGroups(bins, [1], [1], AGENT_LIMITS);
    expect(bins).toEqual(binsOf([1, 1]));
  });
});

describe('mergeBins', () => {
  test('lets the i-th bins of a key meet', () => {
    const a = binsOf([1, 65_532], [1, max]);
    const b = binsOf([1, 5], [1, max], [2, 1]);
    expect(mergeBins(a, b, AGENT_LIMITS)).toEqual(binsOf([1, 2], [1, max], [1, max], [1, max], [2, 1]));
  });
});

describe('trimBins', () => {
  const narrow = (binLimit: number, from: Bins, want: Bins) =>
    test(`16-bit bins ${JSON.stringify(from.keys)} come to ${JSON.stringify(want.keys)} at limit ${binLimit}`, () =>
      expect(trimBins(from, { binLimit, countMax: max })).toEqual(want));
  narrow(2, binsOf([1, max], [2, max], [3, max]), binsOf([2, max], [2, max], [3, max]));
  narrow(
    3,
    binsOf([1, max], [1, max], [1, 1], [2, max], [3, 1], [4, 1]),
    binsOf([1, max], [1, max], [2, 1], [2, max], [3, 1], [4, 1]),
  );
  narrow(3, binsOf([1, 1], [2, 1], [3, 1]), binsOf([1, 1], [2, 1], [3, 1]));

  test('32-bit bins never stay longer than the limit', () => {
    const bins = binsOf([1, COUNT_MAX_32], [2, COUNT_MAX_32], [3, 1]);
    const limits = { binLimit: 2, countMax: COUNT_MAX_32 };
    expect(trimBins(bins, limits)).toEqual(binsOf([2, COUNT_MAX_32], [3, 1]));
  });
});

function binsOf(...bins: [key: number, n: number][]): Bins {
  return { keys: bins.map(([key]) => key), counts: bins.map(([, n]) => n) };
}
