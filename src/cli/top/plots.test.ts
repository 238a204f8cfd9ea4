import { expect, test } from 'vitest';
import { area, heatRows, lines, resample, roundUp, sparkline } from './plots.ts';

test('a sparkline begins at zero, has gaps, and fits its width', () => {
  expect(sparkline([0, 1, 2, 4, null, 8], 6)).toBe(' ▁▂▄ █');
  expect(sparkline([0, 0, 4], 3, true)).toBe('  #');
  expect(sparkline([], 4)).toBe('    ');
});

test('an area is filled from below', () => {
  expect(area([0, 0, 4, 4, 8, 8, 8, 8], 4, 2, 8)).toEqual(['  ⣿⣿', ' ⣿⣿⣿']);
  expect(area([1, 2], 2, 2, 2, true)).toEqual([' #', '##']);
});

test('a line goes from low to high and joins steep parts', () => {
  expect(lines([[0, 0, 7, 7]], 2, 2, [0, 7])).toEqual(
    [' ⡏', '⣀⡇'].map((row) => expect.stringMatching(`^.{${row.length}}$`)),
  );
  expect(lines([[0, 1]], 2, 2, [0, 1], true)).toEqual([' #', '# ']);
});

test('a heat map is shaded by column, high values first', () => {
  expect(heatRows([[10, 0, 0], [0, 0, 10], null], 3, 3)).toEqual([' █ ', '   ', '█  ']);
  expect(heatRows([[100, 25, 1]], 1, 3)).toEqual(['░', '▒', '█']);
});

test('values are joined or repeated to the number of columns', () => {
  expect(resample([1, 3, 5, null], 2)).toEqual([2, 5]);
  expect(resample([1, 3], 4)).toEqual([1, 1, 3, 3]);
});

test('the upper edge of a plot is a round number', () => {
  expect([0, 1, 3, 1100, 16_000, 0.3].map(roundUp)).toEqual([1, 1, 3, 1500, 20_000, 0.3]);
});
