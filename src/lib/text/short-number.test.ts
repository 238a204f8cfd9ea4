import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatAge, formatBytes, formatCount, formatRate, formatSpan, formatValue } from './short-number.ts';

test.each([
  [0, 9, '0'],
  [1204, 9, '1,204'],
  [9_999_999, 9, '9,999,999'],
  [98_914_207, 9, '98.91M'],
  [214_300_000, 8, '214.3M'],
  [39_120, 5, '39.1k'],
  [999_999, 6, '1.00M'],
  [-1234, 9, '-1,234'],
])('the count %d in %i columns is %s', (value, columns, want) => {
  expect(formatCount(value, columns)).toBe(want);
});

test.each([
  [0, '0'],
  [0.04, '0.04'],
  [0.3, '0.3'],
  [1.6, '1.6'],
  [96, '96.0'],
  [386.4, '386'],
  [3912, '3,912'],
  [0.00001, '<0.001'],
])('the rate %d is %s', (value, want) => {
  expect(formatRate(value)).toBe(want);
});

test.each([
  [11.82, true, '11.8'],
  [84.24, true, '84.2'],
  [212.4, true, '212'],
  [1840, true, '1,840'],
  [9.9999, true, '10.0'],
  [0.0417, false, '0.0417'],
  [1482, false, '1,482'],
  [0.93456789, false, '0.934568'],
  [214_300_000, false, '214.3M'],
  [1.2345e18, false, '1.2E18'],
  [-2.5, false, '-2.5'],
  [-0.25, false, '-0.25'],
  [Number.POSITIVE_INFINITY, false, '∞'],
  [Number.NaN, false, '–'],
])('the value %d (rounded: %s) is %s', (value, rounded, want) => {
  expect(formatValue(value, 8, rounded)).toBe(want);
});

test.each([
  [412, '412 B'],
  [1023.9, '1.00 KiB'],
  [18_432, '18.0 KiB'],
  [1_373_634, '1.31 MiB'],
  [251_904, '246 KiB'],
])('%d bytes are %s', (value, want) => {
  expect(formatBytes(value)).toBe(want);
});

test('ages and spans have one and two units', () => {
  expect([0.2, 12, 119, 240, 7200, 200_000].map(formatAge)).toEqual([
    'now',
    '12 s',
    '119 s',
    '4 min',
    '2 h',
    '2 d',
  ]);
  expect([41, 125, 7980, 90_000].map(formatSpan)).toEqual(['41 s', '2 min 5 s', '2 h 13 min', '1 d 1 h']);
});

test('no figure is wider than its column', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true }), fc.constantFrom(6, 7, 8, 9), (value, columns) => {
      expect(formatValue(value, columns, true).length).toBeLessThanOrEqual(columns);
      expect(formatValue(value, 8).length).toBeLessThanOrEqual(8);
      expect(formatCount(Math.round(value % 1e15), columns).length).toBeLessThanOrEqual(columns);
      expect(formatRate(Math.abs(value) % 1e12, columns).length).toBeLessThanOrEqual(columns);
    }),
  );
});
