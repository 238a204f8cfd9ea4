import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  axis,
  bytesText,
  compact,
  count,
  percentile,
  plural,
  rate,
  share,
  shareOfColumn,
  value,
} from './numbers.ts';

describe('a count', () => {
  it.each([
    [0, '0'],
    [999, '999'],
    [98_914_207, '98,914,207'],
    [1e15, '1E15'],
    [null, '–'],
    [Number.NaN, '–'],
    [Number.POSITIVE_INFINITY, '–'],
  ])('%s is written %s', (n, text) => expect(count(n)).toBe(text));

  it.each([
    [12_435, '12.4k'],
    [9812, '9,812'],
    [98_914_207, '98.91M'],
    [999_999, '1.000M'],
    [1_240_000_000, '1.240G'],
    [2e18, '2E18'],
  ])('in a narrow place %s is written %s', (n, text) => expect(compact(n)).toBe(text));

  it('has one form for one and another for all else', () => {
    expect([plural(1, 'context'), plural(0, 'context'), plural(1200, 'metric')]).toEqual([
      '1 context',
      '0 contexts',
      '1,200 metrics',
    ]);
  });
});

describe('a rate', () => {
  it.each([
    [0, '0'],
    [3912.4, '3,912'],
    [99.96, '100'],
    [99.94, '99.9'],
    [96, '96.0'],
    [4.2, '4.2'],
    [0.96, '1.0'],
    [0.3, '0.3'],
    [0.042, '0.04'],
    [0.0004, '<0.001'],
    [undefined, '–'],
  ])('%s is written %s', (n, text) => expect(rate(n)).toBe(text));
});

describe('a value', () => {
  it.each([
    [12.43, '12.4'],
    [186.2, '186'],
    [2.1, '2.1'],
    [11.02, '11.0'],
    [999.6, '1,000'],
    [31_004.4, '31,004'],
    [5, '5'],
    [0.00123, '0.00123'],
    [1.2e18, '1.2E18'],
    [-14.9, '-14.9'],
    [null, '–'],
  ])('of a percentile, %s, is written %s', (n, text) => expect(percentile(n)).toBe(text));

  it.each([
    [214_306_816, '214,306,816'],
    [0.0417, '0.0417'],
    [1234.5678, '1,234.57'],
    [-0.25, '-0.25'],
    [-1482, '-1,482'],
    [1e21, '1E21'],
    [1.5e-9, '1.5E-9'],
    [0, '0'],
    [-0, '-0'],
  ])('of a gauge, %s, is written %s', (n, text) => expect(value(n)).toBe(text));

  it('is never written as NaN, with an exponent of JavaScript, or empty', () => {
    fc.assert(
      fc.property(fc.double(), (n) => {
        for (const text of [
          count(n),
          compact(n),
          rate(n),
          percentile(n),
          value(n),
          bytesText(Math.abs(n)),
          axis(n),
        ]) {
          expect(text).not.toMatch(/NaN|e[+-]|Infinity|undefined|^$/);
        }
      }),
    );
  });

  it('keeps its size whatever way it is written', () => {
    fc.assert(
      fc.property(fc.double({ min: -1e14, max: 1e14, noNaN: true }), (n) => {
        const read = Number(value(n).replaceAll(',', ''));
        // With an exponent there are two figures, else six.
        const error = value(n).includes('E') ? 0.05 : 1e-5;
        expect(Math.abs(read - n)).toBeLessThanOrEqual(Math.abs(n) * error);
      }),
    );
  });
});

describe('bytes', () => {
  it.each([
    [412, '412 B'],
    [999, '999 B'],
    [1000, '0.98 KiB'],
    [18_432, '18.0 KiB'],
    [1_373_634, '1.31 MiB'],
    [null, '–'],
  ])('%s are written %s', (n, text) => expect(bytesText(n)).toBe(text));
});

describe('a share', () => {
  it.each([
    [28_120, 41_208, '68 %'],
    [98_886_331, 98_914_207, '99.97 %'],
    [235, 4_830_314, '0.005 %'],
    [4_830_102, 4_830_314, '99.996 %'],
    [1, 1, '100 %'],
    [0, 7, '0 %'],
    [1, 3, '33 %'],
    [41_208, 1_000_000, '4.1 %'],
    [24, 1000, '2.4 %'],
  ])('of %s in %s is written %s', (part, whole, text) => expect(share(part, whole)).toBe(text));

  it('of nothing is not known', () => expect(share(0, 0)).toBe('–'));

  it('is never all or nothing when it is not', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 2 ** 53 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (whole, at) => {
          const part = Math.min(whole - 1, Math.max(1, Math.round(whole * at)));
          expect(share(part, whole)).not.toMatch(/^(0|100) %$/);
        },
      ),
    );
  });

  it('of a column has one decimal', () => {
    expect([shareOfColumn(682, 1000), shareOfColumn(1, 5000), shareOfColumn(0, 5)]).toEqual([
      '68.2 %',
      '< 0.1 %',
      '0.0 %',
    ]);
  });
});

describe('a tick of an axis', () => {
  it.each([
    [0, '0'],
    [4000, '4k'],
    [1000, '1,000'],
    [1500, '1.5k'],
    [16_000, '16k'],
    [2_500_000, '2.5M'],
    [0.02, '0.02'],
    [200, '200'],
  ])('%s is written %s', (n, text) => expect(axis(n)).toBe(text));
});
