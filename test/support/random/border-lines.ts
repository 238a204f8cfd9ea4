/**
 * Lines at the borders: numbers at powers of two and ten, of 18 to 22 digits and at the limits of a double, rates and
 * timestamps that no client means, lengths and numbers of tags and values around the constants of the core. Each
 * template comes again and again, so that the hot path reads what the cold path learned.
 *
 *   constant                           where                          drawn here
 *   DIGITS_MAX 19, 2^64                core/assembly/number.ts        digits of 17 to 23, powers of two and ten
 *   EXACT_MANTISSA 2^53, powers ±22    the same                       neighbours of 2^53, exponents at ±22, ±64, ±308
 *   15 digits of an integer            the same                       timestamps of 14 to 20 digits
 *   WEIGHT_MAX, OBSERVATIONS_MAX       model/core-border.ts        rates at 1/(2^32 - 1), many of them
 *   16, 32, 64 bytes a turn            scan.ts, hash.ts               names, tags and elements of those lengths ± 1
 *   TAGS_MAX 192                       tag-set.ts                     lists of 191 to 194 tags
 *   histogramValuesMax, keysMax        bucket.ts, key-table.ts        small limits, in borderCoreOptions
 */
import fc from 'fast-check';

/** The number and its neighbours, as whole numbers are written. */
const around = (n: bigint): string[] => [n - 1n, n, n + 1n].map(String);

const POWERS = [
  ...Array.from({ length: 71 }, (_, i) => 2n ** BigInt(i)),
  ...Array.from({ length: 24 }, (_, i) => 10n ** BigInt(i)),
  3n * 2n ** 64n,
  10n ** 20n + 2n ** 64n,
].flatMap(around);
const DOUBLES = [
  '1.7976931348623157e308',
  '1.7976931348623158e308',
  '-1.7976931348623157e308',
  '1e308',
  '-1e308',
  '9e307',
  '5e-324',
  '2.2250738585072014e-308',
  '4.9e-324',
  '1e-400',
  '18446744073709551616',
  '1.8446744073709551616e19',
  '184467440737095516160e-1',
  '0.18446744073709551616',
  '36893488147419103232',
  '9223372036854775807',
  '1.3407807929942597e154',
];
const digits = fc.array(fc.nat(9), { minLength: 1, maxLength: 23 }).map((list) => list.join(''));
const longDigits = fc.array(fc.nat(9), { minLength: 17, maxLength: 23 }).map((list) => list.join(''));
const pointed = fc.tuple(fc.oneof(digits, longDigits), fc.nat(23)).map(([text, at]) => {
  const point = Math.min(at, text.length);
  return `${text.slice(0, point)}.${text.slice(point)}`;
});
const exponent = fc.oneof(
  fc.constantFrom(-400, -325, -324, -323, -308, -307, 307, 308, 309, 999, 9999, 10000),
  fc.constantFrom(22, 23, 44, 63, 64, 65).chain((at) => fc.constantFrom(at, -at)),
  fc.integer({ min: -70, max: 70 }),
);
const zeros = fc.constantFrom('', '', '', '0', '00000000000000000000000');
const sign = fc.constantFrom('', '', '-', '+');

/** A number as text, at a border or between two. */
export const borderNumber = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...POWERS) },
  { weight: 2, arbitrary: fc.constantFrom(...DOUBLES) },
  { weight: 2, arbitrary: longDigits },
  { weight: 2, arbitrary: fc.tuple(sign, zeros, pointed).map((parts) => parts.join('')) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(sign, fc.oneof(digits, longDigits, pointed, fc.constantFrom(...POWERS)), exponent)
      .map(([s, number, e]) => `${s}${number}e${e}`),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(sign, fc.double({ noNaN: true })).map(([s, value]) => s + String(Math.abs(value))),
  },
);

/** Rates that are odd, as text behind the `@`. */
export const ODD_RATES = [
  '0',
  '-0',
  '-1',
  '-0.5',
  'nan',
  'inf',
  '-inf',
  '2',
  '1e308',
  '1.0000000000000002',
  '0.9999999999999999',
  '0.5000000000000001',
  '0.3',
  '0.05333333333333334',
  '1e-5',
  '3.7245e-9',
  '2.3283064370807974e-10',
  '2.3283064365386963e-10',
  '1e-300',
  '1e-308',
  '1e-320',
  '5e-324',
] as const;
const rate = fc.oneof(
  { weight: 2, arbitrary: fc.constant('') },
  { weight: 3, arbitrary: fc.constantFrom(...ODD_RATES).map((text) => `|@${text}`) },
  { weight: 1, arbitrary: borderNumber.map((text) => `|@${text}`) },
);
const stamp = fc.oneof(
  { weight: 6, arbitrary: fc.constant('') },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(
        '1',
        '999999999999999',
        '1000000000000000',
        '9007199254740993',
        '000000000000001',
        ...around(2n ** 63n),
      )
      .map((text) => `|T${text}`),
  },
  { weight: 1, arbitrary: longDigits.map((text) => `|T${text}`) },
);

/** Lengths at which a turn of a loop in the core ends, and their neighbours. */
const LENGTHS = [16, 32, 48, 64, 80, 128].flatMap((length) => [length - 1, length, length + 1]);
const word = (letter: string) => fc.constantFrom(1, 2, ...LENGTHS).map((length) => letter.repeat(length));
const tagList = fc.oneof(
  { weight: 8, arbitrary: fc.uniqueArray(word('t'), { maxLength: 4 }) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(191, 192, 193, 194)
      .map((count) => Array.from({ length: count }, (_, i) => `t${i}`)),
  },
);
const template = fc.record({
  name: word('n'),
  type: fc.constantFrom('c', 'g', 'h', 'ms', 'd', 's'),
  tags: tagList,
});
const reading = fc.record({
  pick: fc.nat(),
  values: fc.array(fc.oneof(borderNumber, fc.constantFrom('1', '-1', '0')), { minLength: 1, maxLength: 6 }),
  times: fc.constantFrom(1, 1, 1, 1, 40),
  rate,
  stamp,
  turned: fc.boolean(),
  element: word('e'),
});

/** Lines of a few templates with border values, rates and timestamps. */
export const borderStream = fc
  .tuple(
    fc.array(template, { minLength: 1, maxLength: 4 }),
    fc.array(reading, { maxLength: 40, size: 'max' }),
  )
  .map(([templates, readings]) =>
    readings.map((one) => {
      const { name, type, tags } = templates[one.pick % templates.length] as (typeof templates)[number];
      const order = one.turned ? [...tags].reverse() : tags;
      const tagField = order.length === 0 ? '' : `|#${order.join()}`;
      const packed = Array.from({ length: one.times }, () => one.values.join(':')).join(':');
      const value = type === 's' && one.turned ? one.element : packed;
      return `${name}:${value}|${type}${one.rate}${tagField}${one.stamp}\n`;
    }),
  );

/** Limits that such a stream reaches. */
export const borderCoreOptions = fc.record({
  clientFields: fc.boolean(),
  timestamps: fc.boolean(),
  exactWeights: fc.boolean(),
  histogramValuesMax: fc.constantFrom(1, 2, 3, 64),
  keysMax: fc.constantFrom(1, 2, 8, 1_000_000),
  linesMax: fc.constantFrom(1, 2, 100_000),
});
