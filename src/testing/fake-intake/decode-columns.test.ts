import { BinaryWriter } from '@bufbuild/protobuf/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DecodeBudget, readAtOnce } from './decode-budget.ts';
import { readSeriesColumns, readSketchColumns } from './decode-columns.ts';
import { DecodeError } from './decode-error.ts';
import { decompress } from './decompress.ts';

const series = (body: Uint8Array) => readAtOnce(readSeriesColumns(body, new DecodeBudget()));
const sketches = (body: Uint8Array) => readAtOnce(readSketchColumns(body, new DecodeBudget()));

const field = (number: number, bytes: Uint8Array): Uint8Array =>
  new BinaryWriter()
    .uint32((number << 3) | 2)
    .bytes(bytes)
    .finish();
const column =
  (write: (writer: BinaryWriter, value: number) => void) =>
  (number: number, ...values: number[]): Uint8Array => {
    const writer = new BinaryWriter();
    for (const value of values) write(writer, value);
    return field(number, writer.finish());
  };
const signed = column((writer, value) => writer.sint64(value));
const plain = column((writer, value) => writer.uint64(value));
const int32 = column((writer, value) => writer.int32(value));
const doubles = column((writer, value) => writer.double(value));
const floats = column((writer, value) => writer.float(value));
const small = column((writer, value) => writer.sint32(value));
const texts = (number: number, ...values: string[]): Uint8Array => {
  const writer = new BinaryWriter();
  for (const value of values) writer.string(value);
  return field(number, writer.finish());
};
const payload = (...blocks: Uint8Array[][]): Uint8Array =>
  Buffer.concat(blocks.map((block) => field(3, Buffer.concat(block))));

/** Two series of different everything. */
const TWO = [
  texts(1, 'hits', 'load'),
  texts(2, 'env:prod', 'az:1', 'é'),
  // Tags 1 and 2; then all of set 1 and tag 3.
  signed(3, 2, 1, 1, 2, -1, 4),
  texts(4, 'host', 'web-1', 'device', 'sda'),
  plain(5, 1, 2),
  signed(6, 1, 1, 2),
  signed(7, 2, 2, 2),
  texts(8, 'System'),
  int32(9, 10, 10, 0),
  plain(10, 0x11, 0x33 | 0x100),
  signed(11, 1, 1),
  signed(12, 1, 1),
  signed(13, 1, 1),
  plain(14, 10, 0),
  plain(15, 2, 1),
  signed(16, 1000, 10, -5),
  signed(17, 3, -4),
  doubles(19, 0.5),
  signed(23, 0, 1),
  signed(24, 1, -1),
];

describe('series in columns', () => {
  it('are read with everything they have', () => {
    expect(series(payload(TWO))).toEqual([
      {
        metric: 'hits',
        type: 'count',
        points: [
          { timestamp: 1000, value: 3 },
          { timestamp: 1010, value: -4 },
        ],
        tags: ['env:prod', 'az:1'],
        host: 'web-1',
        resources: [{ type: 'host', name: 'web-1' }],
        interval: 10,
        unit: '',
        sourceTypeName: '',
        origin: { product: 10, category: 10, service: 0 },
      },
      {
        metric: 'load',
        type: 'gauge',
        points: [{ timestamp: 1005, value: 0.5 }],
        tags: ['env:prod', 'az:1', 'é'],
        host: 'web-1',
        resources: [
          { type: 'host', name: 'web-1' },
          { type: 'device', name: 'sda' },
        ],
        interval: 0,
        unit: '',
        sourceTypeName: 'System',
        notIndexed: true,
      },
    ]);
  });

  it('come in several blocks, each with dictionaries of its own', () => {
    const other = [texts(1, 'other'), plain(10, 2), signed(11, 1), plain(15, 1), signed(16, 7)];
    const names = series(payload(TWO, other, TWO)).map(({ metric }) => metric);
    expect(names).toEqual(['hits', 'load', 'other', 'hits', 'load']);
    expect(series(payload(other))).toMatchObject([{ type: 'rate', points: [{ timestamp: 7, value: 0 }] }]);
  });

  it('have the tags and the host of the whole payload', () => {
    const metadata = field(2, Buffer.concat([texts(9), field(1, Buffer.from('all:1'))]));
    const host = field(2, Buffer.concat([field(2, Buffer.from('host')), field(2, Buffer.from('h'))]));
    const one = [texts(1, 'a'), texts(2, 't'), signed(3, 1, 1), plain(10, 1), signed(11, 1), signed(12, 1)];
    expect(series(Buffer.concat([metadata, payload(one)]))).toMatchObject([{ tags: ['t', 'all:1'] }]);
    expect(series(Buffer.concat([host, payload(one)]))).toMatchObject([{ host: 'h', tags: ['t'] }]);
  });

  it('have float32 values, and units for each of them or for those that have one', () => {
    const float = [
      texts(1, 'a'),
      plain(10, 0x23),
      signed(11, 1),
      plain(15, 1),
      signed(16, 1),
      floats(18, 0.25),
    ];
    expect(series(payload(float))).toMatchObject([{ points: [{ value: 0.25 }] }]);
    const units = [texts(1, 'a'), plain(10, 1, 0x201, 0x201), signed(11, 1, 0, 0), texts(25, 'ms', 's')];
    const compact = series(payload([...units, signed(26, 1, 1)])).map(({ unit }) => unit);
    expect(compact).toEqual(['', 'ms', 's']);
    const full = series(payload([...units, signed(26, 0, 1, 1)])).map(({ unit }) => unit);
    expect(full).toEqual(['', 'ms', 's']);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['a reference to nothing', payload([texts(1, 'a'), plain(10, 1), signed(11, 2)]), /no nameTexts 2/],
    ['a short column', payload([texts(1, 'a'), plain(10, 1, 1), signed(11, 1)]), /names has 1 entries for 2/],
    [
      'missing values',
      payload([texts(1, 'a'), plain(10, 0x11), plain(15, 1), signed(16, 1)]),
      /integers ends/,
    ],
    ['missing times', payload([plain(10, 0x11), plain(15, 1)]), /timestamps ends/],
    ['an unknown type', payload([plain(10, 9)]), /unknown type 9/],
    ['an unknown type of value', payload([plain(10, 0x41), plain(15, 1), signed(16, 1)]), /value 0x40/],
    ['a tag set that ends early', payload([signed(3, 2, 1)]), /tag sets end/],
    ['a tag set of itself', payload([signed(3, 1, -1)]), /no tag set 1/],
    ['half an origin', payload([int32(9, 1)]), /triples/],
    ['a wrong number of units', payload([plain(10, 0x201, 1, 1), signed(26, 1, 1)]), /units has 2/],
    ['a sketch', payload([plain(10, 4)]), /belongs on .*sketches/],
    ['something else', Buffer.from('{"series":[]}'), /not the column-wise message/],
    ['too many points', payload([plain(10, 1), plain(15, 1e15)]), /more than/],
  ])('%s is an error that says so', (_, body, reason) => {
    expect(() => series(body)).toThrow(DecodeError);
    expect(() => series(body)).toThrow(reason);
  });

  it('never fail in another way', () => {
    const bytes = fc.oneof(
      fc.uint8Array(),
      fc
        .record({ at: fc.nat(payload(TWO).length - 1), byte: fc.nat(255) })
        .map(({ at, byte }) => payload(TWO).map((old, i) => (i === at ? byte : old))),
    );
    fc.assert(
      fc.property(bytes, (body) => {
        try {
          series(body);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
    );
  });

  it('come in several frames of zstd, one behind the other', async () => {
    // 'page.views ' 50 times, and twice.
    const frame = Buffer.from('28b52ffd64260195000058706167652e7669657773200100185c152fe533e529', 'hex');
    const plainText = await decompress(Buffer.concat([frame, frame]), 'zstd', 10_000);
    expect(Buffer.from(plainText).toString()).toBe('page.views '.repeat(100));
  });
});

describe('sketches in columns', () => {
  it('have their summary by the type of value, and keys as deltas within each', () => {
    const body = payload([
      texts(1, 'a', 'b'),
      plain(10, 0x34, 0x14),
      signed(11, 1, 1),
      plain(15, 1, 1),
      signed(16, 1000, 10),
      doubles(19, 3, 0.5, 2.5),
      signed(17, 2, 6, 1, 5, 3),
      plain(20, 2, 1),
      small(21, 1300, 5, -7),
      plain(22, 1, 1, 3),
    ]);
    expect(sketches(body)).toEqual([
      {
        metric: 'a',
        host: '',
        tags: [],
        points: [
          {
            timestamp: 1000,
            count: 2,
            sum: 3,
            min: 0.5,
            max: 2.5,
            avg: 1.5,
            keys: [1300, 1305],
            counts: [1, 1],
          },
        ],
      },
      {
        metric: 'b',
        host: '',
        tags: [],
        points: [{ timestamp: 1010, count: 3, sum: 6, min: 1, max: 5, avg: 2, keys: [-7], counts: [3] }],
      },
    ]);
    expect(() => sketches(payload(TWO))).toThrow(/no sketch/);
  });
});
