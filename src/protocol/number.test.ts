import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseFloat64, parseInt64, parseUint64 } from './number.ts';

describe('parseFloat64', () => {
  const accepts = (text: string, want: number) =>
    it(`reads ${JSON.stringify(text)}`, () => expect(parseFloat64(text)).toBe(want));
  const rejects = (text: string) =>
    it(`rejects ${JSON.stringify(text)}`, () => expect(parseFloat64(text)).toBeUndefined());

  describe('decimals', () => {
    accepts('0', 0);
    accepts('-0', -0);
    accepts('+4', 4);
    accepts('-12.25', -12.25);
    accepts('007', 7);
    accepts('5.', 5);
    accepts('.5', 0.5);
    accepts('-.5e+1', -5);
    accepts('1e3', 1000);
    accepts('5.E-1', 0.5);
    accepts('9007199254740993', 9007199254740992);
    accepts('0.1234567890123456789', 0.12345678901234568);
    accepts('1.7976931348623157e308', Number.MAX_VALUE);
    accepts('4.9e-324', Number.MIN_VALUE);
    accepts('1e-400', 0);
    accepts('-1e-400', -0);
    accepts('0e999999999999999999999', 0);
    accepts(`1${'0'.repeat(308)}`, 1e308);
    accepts(`0.${'0'.repeat(400)}1e401`, 1);

    rejects('');
    rejects('+');
    rejects('.');
    rejects('+.');
    rejects('.e1');
    rejects('--1');
    rejects('+-1');
    rejects('1e');
    rejects('1e+');
    rejects('1e1.5');
    rejects('1.2.3');
    rejects('1..2');
    rejects(' 1');
    rejects('1 ');
    rejects('1\0');
    rejects('1,5');
    rejects('1f');
    rejects('1n');
    rejects('0b1');
    rejects('0o17');
    rejects('1e400');
    rejects('-1e400');
    rejects('1.7976931348623159e308');
    rejects(`1${'0'.repeat(309)}`);
    rejects('\u00b2');
  });

  describe('underscores', () => {
    accepts('1_000', 1000);
    accepts('1_0.2_5', 10.25);
    accepts('1e1_0', 1e10);
    accepts('0_7', 7);

    rejects('_1');
    rejects('1_');
    rejects('1__0');
    rejects('1_.5');
    rejects('1._5');
    rejects('._5');
    rejects('1_e5');
    rejects('1e_5');
    rejects('1e5_');
    rejects('+_1');
    rejects('_');
    rejects('in_f');
  });

  describe('words', () => {
    accepts('inf', Number.POSITIVE_INFINITY);
    accepts('+INF', Number.POSITIVE_INFINITY);
    accepts('-Infinity', Number.NEGATIVE_INFINITY);
    accepts('iNfInItY', Number.POSITIVE_INFINITY);
    accepts('nan', Number.NaN);
    accepts('NaN', Number.NaN);

    rejects('+nan');
    rejects('-nan');
    rejects('infin');
    rejects('infinityy');
    rejects('nan(1)');
    rejects('null');
    rejects('true');
  });

  describe('hex floats', () => {
    accepts('0x1p4', 16);
    accepts('0X1P-2', 0.25);
    accepts('-0x1.8p1', -3);
    accepts('+0x.8p0', 0.5);
    accepts('0x1.p0', 1);
    accepts('0xAbp+1', 342);
    accepts('0x_1p1', 2);
    accepts('0x1_0.0_8p1_0', 16.03125 * 1024);
    accepts('-0x0p0', -0);
    accepts('0x0p999999999999999999999999', 0);
    accepts('0x1p-99999999999999999999999', 0);
    accepts(`0x${'0'.repeat(500)}1p0`, 1);
    accepts('0x1p1023', 2 ** 1023);
    accepts('0x1.fffffffffffffp1023', Number.MAX_VALUE);
    accepts('0x1p-1074', Number.MIN_VALUE);

    rejects('0x');
    rejects('0x10');
    rejects('0x1e5');
    rejects('0xp1');
    rejects('0x.p1');
    rejects('0x1p');
    rejects('0x1p+');
    rejects('0x1pf');
    rejects('0x1.2.3p1');
    rejects('0xgp1');
    rejects('0x-1p1');
    rejects('x1p1');
    rejects('0x1p1 ');
    rejects('0x1p1\n');
    rejects('0x__1p1');
    rejects('0x1_p1');
    rejects('0x1_.8p1');
    rejects('0x1._8p1');
    rejects('0x_.8p1');
    rejects('0x1p_1');
    rejects('0_x1p1');
    rejects('0x1p1024');
    rejects('0x1p99999999999999999999999');
  });

  describe('hex floats between two doubles', () => {
    // 53 bits end at the 13th hex digit after the dot.
    accepts('0x1.00000000000008p0', 1);
    accepts('0x1.000000000000080001p0', 1 + Number.EPSILON);
    accepts('0x1.00000000000018p0', 1 + 2 * Number.EPSILON);
    accepts('0x1.fffffffffffff7ffp1023', Number.MAX_VALUE);
    rejects('0x1.fffffffffffff8p1023');
    // Below the smallest normal double the bits run out from the right.
    accepts('0x1p-1075', 0);
    accepts('0x1.8p-1075', Number.MIN_VALUE);
    accepts('0x1.8p-1074', 2 * Number.MIN_VALUE);
    accepts('0x1p-1076', 0);
    accepts('0x1.fffffffffffff8p-1023', 2 ** -1022);
  });

  it('reads back every double JavaScript prints', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), (x) => {
        expect(parseFloat64(Object.is(x, -0) ? '-0' : String(x))).toBe(x);
      }),
      { numRuns: 2000 },
    );
  });

  it('reads back every double written as a hex integer times a power of two', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, (1n << 53n) - 1n), fc.integer({ min: -1074, max: 970 }), (m, e) => {
        expect(parseFloat64(`0x${m.toString(16)}p${e}`)).toBe(Number(m) * 2 ** e);
      }),
    );
  });

  it('rounds long hex integers as Number does', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 1n << 300n), (m) => {
        expect(parseFloat64(`0x${m.toString(16)}p0`)).toBe(Number(m));
      }),
    );
  });

  it('accepts only what Number accepts, of text without underscores, hex and words', () => {
    const text = fc.string({ unit: fc.constantFrom(...'0123456789.+-eE'), maxLength: 12 });
    fc.assert(
      fc.property(text, (s) => {
        const want = Number(s);
        expect(parseFloat64(s)).toBe(s !== '' && Number.isFinite(want) ? want : undefined);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('parseInt64', () => {
  const accepts = (text: string, want: number) =>
    it(`reads ${JSON.stringify(text)}`, () => expect(parseInt64(text)).toBe(want));
  const rejects = (text: string) =>
    it(`rejects ${JSON.stringify(text)}`, () => expect(parseInt64(text)).toBeUndefined());

  accepts('0', 0);
  accepts('-0', 0);
  accepts('+21', 21);
  accepts('-5', -5);
  accepts('0000000000000000000000000000012', 12);
  accepts('1657100430', 1657100430);
  accepts('9223372036854775807', 2 ** 63);
  accepts('-9223372036854775808', -(2 ** 63));

  rejects('');
  rejects('+');
  rejects('--1');
  rejects(' 1');
  rejects('1 ');
  rejects('1.0');
  rejects('1e3');
  rejects('0x1');
  rejects('1_000');
  rejects('9223372036854775808');
  rejects('-9223372036854775809');
  rejects('10000000000000000000');
});

describe('parseUint64', () => {
  const accepts = (text: string, value: bigint) =>
    it(`reads ${JSON.stringify(text)}`, () => expect(parseUint64(text)).toEqual({ value, ok: true }));
  const rejects = (text: string, value: bigint) =>
    it(`rejects ${JSON.stringify(text)}, for which ${value} stands in`, () =>
      expect(parseUint64(text)).toEqual({ value, ok: false }));

  accepts('0', 0n);
  accepts('0012', 12n);
  accepts('18446744073709551615', 2n ** 64n - 1n);

  rejects('', 0n);
  rejects('-1', 0n);
  rejects('+1', 0n);
  rejects('1.5', 0n);
  rejects('18446744073709551616', 2n ** 64n - 1n);
  rejects('9'.repeat(5000), 2n ** 64n - 1n);
});
