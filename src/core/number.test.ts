/** The hot path's numbers are those of the cold path, to the last bit. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CoreHarness } from '../../test/support/core-harness.ts';
import { borderNumber } from '../../test/support/random/border-lines.ts';
import { parseFloat64 } from '../protocol/number.ts';

/** A core that knows the line `g:…|g`, whatever its value. */
function makeReader() {
  const harness = new CoreHarness();
  harness.ingest('g:1|g');
  const misses = harness.count('lineMisses');
  return {
    /** Value the core stores for `text`, and whether the hot path read it. */
    read: (text: string): { value: number; hot: boolean } => {
      const before = harness.count('lineMisses');
      harness.ingest(`g:${text}|g`);
      const sealed = harness.seal(0);
      const [slot] = sealed.slots;
      return { value: sealed.sum(slot as number), hot: harness.count('lineMisses') === before };
    },
    misses: () => harness.count('lineMisses') - misses,
  };
}

const reader = makeReader();

function expectHot(text: string): void {
  const want = parseFloat64(text);
  // The cold path's own reading is the language's, for plain decimals.
  expect(want).toBe(Number(text));
  const got = reader.read(text);
  expect({ text, ...got }).toEqual({ text, value: want, hot: true });
  expect(Object.is(got.value, want)).toBe(true);
}

/** Digits without a superfluous zero in front. */
const digits = (max: number) =>
  fc
    .array(fc.nat(9), { minLength: 1, maxLength: max })
    .map((list) => list.join(''))
    .map((text) => text.replace(/^0+(?=.)/, ''));
const sign = fc.constantFrom('', '-', '+');

describe('numbers on the hot path', () => {
  it.each([
    '0',
    '-0',
    '1',
    '-1',
    '+1',
    '007',
    '0.5',
    '.5',
    '5.',
    '-.5',
    '1e3',
    '1E3',
    '1e+3',
    '1e-3',
    '1.5e2',
    '0e10',
    '0.1',
    '0.2',
    '0.3',
    '3.14159',
    '1234567890',
    '9007199254740991',
    '9007199254740992',
    '9007199254740993',
    '18446744073709551',
    '1234567890123456789',
    '9999999999999999999',
    '0.0000000000000000000001',
    '1e22',
    '1e23',
    '1e44',
    '1e-44',
    '123456789e30',
    '8.5e-40',
    '0.000000000000000000000000000001234567890123456789',
    // Half-way between two doubles, which goes to the even one, and its neighbours.
    '9007199254740993e0',
    '9007199254740995',
    '4503599627370496.5',
    '4503599627370497.5',
    '9007199254740994.9',
    '5e-20',
    '6.631236846766476e-316e'.slice(0, 17),
  ])('%s is read exactly', expectHot); // prettier-ignore

  it('integers of up to 19 digits are read exactly', () => {
    fc.assert(
      fc.property(sign, digits(19), (s, d) => expectHot(s + d)),
      { numRuns: 2000 },
    );
  });

  it('decimals of up to 19 digits are read exactly', () => {
    const decimal = fc.tuple(digits(19), fc.nat(19)).map(([text, point]) => {
      const at = Math.min(point, text.length);
      return `${text.slice(0, at)}.${text.slice(at)}`;
    });
    fc.assert(
      fc.property(sign, decimal, (s, d) => expectHot(s + d)),
      { numRuns: 3000 },
    );
  });

  it('numbers of 1 to 9 characters are read exactly, wherever the point is', () => {
    for (let length = 1; length <= 9; length++) {
      for (let point = -1; point < length; point++) {
        if (length === 1 && point === 0) continue;
        const text = (digit: (i: number) => number): string =>
          Array.from({ length }, (_, i) => (i === point ? '.' : digit(i))).join('');
        for (const same of [0, 1, 9]) expectHot(text(() => same));
        for (let round = 0; round < 20; round++)
          expectHot(text((i) => ((i + 1) * 7919 * (round + 1) * (length + 3)) % 10));
      }
    }
  });

  it('decimals with an exponent are read exactly', () => {
    const exponent = fc.integer({ min: -45, max: 45 });
    fc.assert(
      fc.property(sign, digits(19), exponent, (s, d, e) => expectHot(`${s}${d}e${e}`)),
      { numRuns: 3000 },
    );
  });

  it('decimals exactly half-way between two doubles go to the even one', () => {
    // Above 2^52 a double has no half, above 2^51 no quarter, and so on to five digits behind the point.
    const halves = fc.tuple(
      fc.integer({ min: 1, max: 3 }),
      fc.double({ noNaN: true, min: 0.5, max: 0.999 }),
      fc.nat(),
    );
    fc.assert(
      fc.property(halves, ([places, size, odd]) => {
        const whole = BigInt(Math.floor(size * 2 ** (54 - places)));
        const fifths = (BigInt(odd) * 2n + 1n) % (1n << BigInt(places));
        const fraction = (fifths * 5n ** BigInt(places)).toString().padStart(places, '0');
        expectHot(`${whole}.${fraction}`);
      }),
      { numRuns: 2000 },
    );
  });

  it('doubles as this language writes them are read exactly', () => {
    const double = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e40, max: 1e40 });
    fc.assert(
      fc.property(double, (value) => {
        const text = String(value);
        // From 1e19 to 1e21 the language writes 20 or 21 digits, which are the cold path's.
        const size = Math.abs(value);
        fc.pre(value === 0 || (size > 1e-40 && !(size >= 1e19 && size < 1e21)));
        expectHot(text);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('numbers the hot path leaves to the cold path', () => {
  it.each([
    '12345678901234567890',
    '0.12345678901234567890123',
    '1e300',
    '1e-300',
    '5e-324',
    '1.7976931348623157e308',
    '0x1p4',
    '1_000',
    '1e00000000000000000003',
  ])('%s is read all the same', (text) => {
    const want = parseFloat64(text);
    expect(want).toBeTypeOf('number');
    expect(reader.read(text)).toEqual({ value: want, hot: false });
  });

  // 20 digits and more, whose mantissa is small again after 64 bits. C programs print 2^64 for UINT64_MAX as a double.
  it.each([
    '18446744073709551615',
    '18446744073709551616',
    '18446744073709551617',
    '36893488147419103232',
    '184467440737095516160',
    '1844674407370955161600',
    '55340232221128654848e-3',
    '1.8446744073709551616e19',
    '.18446744073709551616',
    '000.18446744073709551616',
    '100000000000000000000',
  ])('%s, of 20 digits or more, is read as it is', (text) => {
    expect(reader.read(text)).toEqual({ value: Number(text), hot: false });
    expect(reader.read(`-${text}`)).toEqual({ value: -Number(text), hot: false });
  });

  it('any byte at any place of a short number means what it means to the cold path', () => {
    const harness = new CoreHarness();
    harness.ingest('g:1|g');
    const separators = [...':|\n\r'].map((text) => text.charCodeAt(0));
    for (let length = 1; length <= 9; length++) {
      for (const rest of ['5'.repeat(9), '1.5555555', '12345678.']) {
        for (let at = 0; at < length; at++) {
          for (let byte = 0; byte < 256; byte++) {
            if (separators.includes(byte)) continue;
            const text = rest.slice(0, at) + String.fromCharCode(byte) + rest.slice(at + 1, length);
            const want = parseFloat64(text);
            harness.ingest('g:-7|g');
            harness.ingest(`g:${text}|g`);
            const sealed = harness.sealOnly(0);
            const got = sealed.sum(sealed.slots[0] as number);
            const isTaken = want !== undefined && Number.isFinite(want);
            if (!Object.is(got, isTaken ? want : -7))
              expect({ text, got }).toEqual({ text, got: want ?? -7 });
          }
        }
      }
    }
  });

  it('every number at a border is read as the cold path reads it', () => {
    fc.assert(
      fc.property(borderNumber, (text) => {
        const want = parseFloat64(text);
        fc.pre(want !== undefined && Number.isFinite(want));
        expect({ text, value: reader.read(text).value }).toEqual({ text, value: want });
      }),
      { numRuns: 5000 },
    );
  });

  it.each([
    '',
    'x',
    '1x',
    '--1',
    '1.2.3',
    '1e',
    'e5',
    '.',
    '-',
    '+',
    '1e+',
    '0x',
    ' 1',
    '1 ',
    '٣',
  ])('%j is no number and changes nothing', (text) => {
    const harness = new CoreHarness();
    harness.ingest('g:1|g');
    harness.ingest(`g:${Buffer.from(text).toString('latin1')}|g`);
    expect(harness.rejections).toHaveLength(1);
    expect([...harness.gather().cells.values()]).toMatchObject([{ sum: 1 }]);
  });
});
