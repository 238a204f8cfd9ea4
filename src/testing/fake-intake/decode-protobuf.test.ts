import { BinaryWriter } from '@bufbuild/protobuf/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DecodeError } from './decode-error.ts';
import { decodeSeriesProtobuf, decodeSketchesProtobuf } from './decode-protobuf.ts';

/** The sketch of -1, 0, 1, 2, 2, 1000 at 1700000000, as the specification gives it (docs/behaviour/sketch.md#on-the-wire). */
const SKETCH_POINT =
  '0880e2cfaa06100619000000000000f0bf210000000000408f4029abaaaaaaaaea6440310000000000608f40' +
  '3a09f31400f414ce15f01b42050101010201';

const writeTag = (field: number, bytes: Uint8Array): Uint8Array =>
  new BinaryWriter()
    .uint32((field << 3) | 2)
    .bytes(bytes)
    .finish();
const text = (field: number, value: string): Uint8Array => writeTag(field, Buffer.from(value));
const number = (field: number, value: number): Uint8Array =>
  new BinaryWriter()
    .uint32(field << 3)
    .int32(value)
    .finish();
const double = (field: number, value: number): Uint8Array =>
  new BinaryWriter()
    .uint32((field << 3) | 1)
    .double(value)
    .finish();
const message = (field: number, ...parts: Uint8Array[]): Uint8Array => writeTag(field, Buffer.concat(parts));

describe('decodeSeriesProtobuf', () => {
  it('reads every field of a series', () => {
    const body = message(
      1,
      message(1, text(1, 'host'), text(2, 'web-1')),
      message(1, text(1, 'device'), text(2, 'sda')),
      text(2, 'page.views'),
      text(3, 'env:prod'),
      text(3, 'é:ü'),
      message(4, number(2, 1000), double(1, 1.5)),
      message(4, double(1, -2)),
      number(5, 2),
      text(6, 'ms'),
      text(7, 'source'),
      number(8, 10),
      message(9, message(1, number(4, 10), number(5, 11), number(6, 12))),
    );
    expect(decodeSeriesProtobuf(body)).toEqual([
      {
        metric: 'page.views',
        type: 'rate',
        points: [
          { timestamp: 1000, value: 1.5 },
          { timestamp: 0, value: -2 },
        ],
        tags: ['env:prod', 'é:ü'],
        host: 'web-1',
        resources: [
          { type: 'host', name: 'web-1' },
          { type: 'device', name: 'sda' },
        ],
        interval: 10,
        unit: 'ms',
        sourceTypeName: 'source',
        origin: { product: 10, category: 11, service: 12 },
      },
    ]);
  });

  it('takes an empty payload as no series, and skips fields it does not know', () => {
    expect(decodeSeriesProtobuf(new Uint8Array())).toEqual([]);
    expect(decodeSeriesProtobuf(text(15, 'later'))).toEqual([]);
    expect(decodeSeriesProtobuf(message(1, text(2, 'a'), text(15, 'later')))[0]?.metric).toBe('a');
  });

  it('refuses a type there is not', () => {
    expect(() => decodeSeriesProtobuf(message(1, number(5, 9)))).toThrow(DecodeError);
  });
});

describe('decodeSketchesProtobuf', () => {
  it('reads the example of the specification', () => {
    const body = Buffer.concat([
      message(1, text(1, 'm'), text(2, 'h'), text(4, 'a:b'), message(7, Buffer.from(SKETCH_POINT, 'hex'))),
      Buffer.from('1200', 'hex'),
    ]);
    expect(decodeSketchesProtobuf(body)).toEqual([
      {
        metric: 'm',
        host: 'h',
        tags: ['a:b'],
        points: [
          {
            timestamp: 1_700_000_000,
            count: 6,
            min: -1,
            max: 1000,
            avg: expect.closeTo(167.333, 2) as number,
            sum: 1004,
            keys: [-1338, 0, 1338, 1383, 1784],
            counts: [1, 1, 1, 2, 1],
          },
        ],
      },
    ]);
  });

  it('reads keys and counts that are not packed', () => {
    const key = new BinaryWriter()
      .uint32(7 << 3)
      .sint32(-3)
      .finish();
    const body = message(1, message(7, key, number(8, 5)));
    expect(decodeSketchesProtobuf(body)[0]?.points[0]).toMatchObject({ keys: [-3], counts: [5] });
  });

  it('refuses keys without counts', () => {
    const key = new BinaryWriter()
      .uint32(7 << 3)
      .sint32(1)
      .finish();
    expect(() => decodeSketchesProtobuf(message(1, message(7, key)))).toThrow(/1 keys and 0 counts/);
  });
});

describe('any bytes', () => {
  it('are decoded or refused with DecodeError, never anything else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (body) => {
        for (const decode of [decodeSeriesProtobuf, decodeSketchesProtobuf]) {
          try {
            decode(body);
          } catch (error) {
            expect(error).toBeInstanceOf(DecodeError);
          }
        }
      }),
      { numRuns: 2000 },
    );
  });
});
