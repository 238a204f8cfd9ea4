import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  MetricPayloadSchema,
  MetricSeriesSchema,
  SketchPayloadSchema,
  SketchSchema,
} from '../../../bench/proto/metrics_pb.ts';
import { aggregate, Contexts, histogramOf, sketchOf } from '../../../test/support/decode/aggregates.ts';
import type { Aggregate } from '../../model/series.ts';
import { toByteString } from '../../model/text.ts';
import { ItemChunk } from './item-chunk.ts';
import { writeSeries, writeSketch } from './series-protobuf.ts';

const everything = (): boolean => true;

function bytesOf(write: (chunk: ItemChunk) => void): Uint8Array {
  const chunk = new ItemChunk(16);
  write(chunk);
  return chunk.writer.bytes.slice(0, chunk.writer.length);
}

function seriesOf(one: Aggregate) {
  return fromBinary(
    MetricPayloadSchema,
    bytesOf((chunk) => writeSeries(one, chunk, everything)),
  ).series;
}

describe('a series', () => {
  const contexts = new Contexts('web-1');

  it('has these bytes', () => {
    const one = aggregate(contexts.create('hits', 'counter', ['env:prod']), { kind: 'counter', sum: 5 });
    expect(Buffer.from(bytesOf((chunk) => writeSeries(one, chunk, everything))).toString('hex')).toBe(
      [
        '0a3c', // series
        '0a0d0a04686f737412057765622d31', // resource host web-1
        '120468697473', // metric hits
        '1a08656e763a70726f64', // tag env:prod
        '220f09000000000000e03f1080e2cfaa06', // point 0.5 at 1700000000
        '2802400a4a060a04200a280a', // rate, interval 10, origin 10, 10, 0
      ].join(''),
    );
  });

  it('has its device and other resources after its host, and the other tags', () => {
    const tags = [
      'device:sda',
      'a:1',
      'dd.internal.resource:database:orders:eu',
      'device:sdb',
      'dd.internal.resource:broken',
      'dd.internal.resource::x',
      'dd.internal.resource:x:',
      'devices:all',
    ];
    const [one] = seriesOf(aggregate(contexts.create('io', 'gauge', tags), { kind: 'gauge', value: 1 }));
    expect(one?.resources.map(({ type, name }) => [type, name])).toEqual([
      ['host', 'web-1'],
      ['device', 'sdb'],
      ['database', 'orders:eu'],
    ]);
    expect(one?.tags).toEqual(['a:1', 'devices:all']);
  });

  it('of a histogram is one for each suffix, with the tags of all', () => {
    const data = { kind: 'histogram', histogram: histogramOf([1, 2, 6]) } as const;
    const all = seriesOf(aggregate(contexts.create('latency', 'histogram', ['a:1', 'b']), data));
    expect(all.map(({ metric, type, points }) => [metric, type, points[0]?.value])).toEqual([
      ['latency.max', 3, 6],
      ['latency.avg', 3, 3],
      ['latency.count', 2, 0.3],
      ['latency.95percentile', 3, 6],
    ]);
    expect(all.every(({ tags }) => tags.join() === 'a:1,b')).toBe(true);
  });

  it('of a timing is in milliseconds, but not its count', () => {
    const context = { ...contexts.create('latency', 'histogram'), isTiming: true };
    const data = { kind: 'histogram', histogram: histogramOf([1, 2, 6]) } as const;
    expect(seriesOf(aggregate(context, data)).map(({ metric, unit }) => [metric, unit])).toEqual([
      ['latency.max', 'millisecond'],
      ['latency.avg', 'millisecond'],
      ['latency.count', ''],
      ['latency.95percentile', 'millisecond'],
    ]);
  });

  it('of a JMX check names the integration', () => {
    const context = { ...contexts.create('heap', 'gauge'), source: 'kafka' };
    const [one] = seriesOf(aggregate(context, { kind: 'gauge', value: 1 }));
    expect(one?.metadata?.origin).toMatchObject({ product: 10, category: 11, service: 90 });
    const [other] = seriesOf(aggregate({ ...context, source: 'jmx_custom' }, { kind: 'gauge', value: 1 }));
    expect(other?.metadata?.origin).toMatchObject({ product: 10, category: 11, service: 9 });
  });

  it('shows bytes that are not UTF-8 as U+FFFD, and UTF-8 as it is', () => {
    const context = contexts.create(
      toByteString('größe'),
      'gauge',
      ['a:\xff', toByteString('日本:語'), ''],
      'h\x80',
    );
    const [one] = seriesOf(aggregate(context, { kind: 'gauge', value: 1 }));
    expect([one?.metric, one?.tags, one?.resources[0]?.name]).toEqual([
      'größe',
      ['a:\ufffd', '日本:語', ''],
      'h\ufffd',
    ]);
  });

  it('keeps minus zero, tiny and huge values', () => {
    for (const value of [0, -0, 5e-324, -1.7976931348623157e308, 123456789.125]) {
      const [one] = seriesOf(aggregate(contexts.create('g', 'gauge'), { kind: 'gauge', value }));
      expect(Object.is(one?.points[0]?.value, value)).toBe(true);
    }
  });
});

describe('a sketch', () => {
  const contexts = new Contexts('web-1');

  it('has the bytes of the published example', () => {
    const one = aggregate(contexts.create('d', 'distribution'), {
      kind: 'distribution',
      sketch: sketchOf([-1, 0, 1, 2, 2, 1000]),
    });
    const bytes = bytesOf(
      (chunk) => one.data.kind === 'distribution' && writeSketch(one, one.data.sketch, chunk),
    );
    const dogsketch =
      '0880e2cfaa06100619000000000000f0bf210000000000408f4029abaaaaaaaaea6440310000000000608f403a09f31400f414ce15f01b42050101010201';
    expect(Buffer.from(bytes).toString('hex')).toBe(
      `0a52${'0a0164'}${'12057765622d31'}3a3e${dogsketch}${'42060a04200a280a'}`,
    );
  });
});

/** Text as it arrives: bytes of all kinds, UTF-8 and not. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }).map(toByteString),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
);
const decoded = (bytes: string): string => Buffer.from(bytes, 'latin1').toString('utf8');
const tag = text.filter((one) => !/^(device|dd\.internal\.resource):/.test(one));
const number = fc.double({ noNaN: true, noDefaultInfinity: true });
const origin = { origin: { product: 10, category: 10 } };

describe('what the writer makes', () => {
  it('is what the generated code makes of the same series, byte by byte', () => {
    const input = fc.record({
      name: text,
      host: text,
      tags: fc.array(tag, { maxLength: 12 }),
      timestamp: fc.integer({ min: 0, max: 2 ** 40 }),
      interval: fc.integer({ min: 0, max: 3600 }),
      series: fc.array(
        fc.record({
          suffix: fc.constantFrom('', '.max', '.95percentile'),
          type: fc.constantFrom('gauge' as const, 'rate' as const, 'count' as const),
          value: number,
        }),
        { maxLength: 4 },
      ),
    });
    fc.assert(
      fc.property(input, ({ name, host, tags, timestamp, interval, series }) => {
        const context = { id: 0, name, type: 'gauge', host, tags } as const;
        const one: Aggregate = { context, timestamp, interval, data: { kind: 'gauge', value: 0 }, series };
        const want = create(MetricPayloadSchema, {
          series: series.map(({ suffix, type, value }) =>
            create(MetricSeriesSchema, {
              resources: [{ type: 'host', name: decoded(host) }],
              metric: decoded(name + suffix),
              tags: tags.map(decoded),
              points: [{ value, timestamp: BigInt(timestamp) }],
              type: { count: 1, rate: 2, gauge: 3 }[type],
              interval: BigInt(interval),
              metadata: origin,
            }),
          ),
        });
        const got = bytesOf((chunk) => writeSeries(one, chunk, everything));
        expect(Buffer.from(got)).toEqual(Buffer.from(toBinary(MetricPayloadSchema, want)));
      }),
      { numRuns: 300 },
    );
  });

  it('is what the generated code makes of the same sketch, byte by byte', () => {
    const input = fc.record({
      name: text,
      host: text,
      tags: fc.array(text, { maxLength: 8 }),
      timestamp: fc.integer({ min: 0, max: 2 ** 33 }),
      count: fc.maxSafeNat(),
      summary: fc.tuple(number, number, number, number),
      bins: fc.array(
        fc.tuple(fc.integer({ min: -32767, max: 32767 }), fc.integer({ min: 0, max: 2 ** 32 - 1 })),
        {
          maxLength: 300,
        },
      ),
    });
    fc.assert(
      fc.property(input, ({ name, host, tags, timestamp, count, summary, bins }) => {
        const [min, max, avg, sum] = summary;
        const keys = bins.map(([key]) => key);
        const counts = bins.map(([, weight]) => weight);
        const sketch = { count, min, max, avg, sum, keys, counts, quantile: () => 0 };
        const context = { id: 0, name, type: 'distribution', host, tags } as const;
        const one: Aggregate = {
          context,
          timestamp,
          interval: 10,
          data: { kind: 'distribution', sketch },
          series: [],
        };
        const want = create(SketchPayloadSchema, {
          sketches: [
            create(SketchSchema, {
              metric: decoded(name),
              host: decoded(host),
              tags: tags.map(decoded),
              dogsketches: [
                { ts: BigInt(timestamp), cnt: BigInt(count), min, max, avg, sum, k: keys, n: counts },
              ],
              metadata: origin,
            }),
          ],
        });
        const got = bytesOf((chunk) => writeSketch(one, sketch, chunk));
        expect(Buffer.from(got)).toEqual(Buffer.from(toBinary(SketchPayloadSchema, want)));
      }),
      { numRuns: 200 },
    );
  });
});
