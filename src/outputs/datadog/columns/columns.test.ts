import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aggregate, Contexts, histogramOf } from '../../../../test/support/decode/aggregates.ts';
import { decompress } from '../../../../test/support/decode/payload-decoder.ts';
import type { Aggregate, SeriesType } from '../../../model/series.ts';
import { toByteString } from '../../../model/text.ts';
import { DecodeBudget, readAtOnce } from '../../../testing/fake-intake/decode-budget.ts';
import { readSeriesColumns } from '../../../testing/fake-intake/decode-columns.ts';
import { readSeriesProtobuf } from '../../../testing/fake-intake/decode-protobuf.ts';
import type { IntakeSeries } from '../../../testing/fake-intake/intake-data.ts';
import { type Compressor, makeCompressor } from '../compression.ts';
import { ItemChunk } from '../item-chunk.ts';
import type { Payload } from '../payload.ts';
import { type PayloadLimits, seriesFormat } from '../payload-format.ts';
import { columnPipeline } from '../pipeline.ts';
import { writeSeries } from '../series-protobuf.ts';
import { ColumnBlock, rowBytesMax } from './column-block.ts';
import { addSeries, SeriesRows } from './series-rows.ts';

const LIMITS: PayloadLimits = { compressedBytes: 512_000, uncompressedBytes: 5_242_880, points: 10_000 };
const everything = (): boolean => true;
const contexts = new Contexts('web-1');
const gauge = (name: string, value: number, tags: string[] = []): Aggregate =>
  aggregate(contexts.create(name, 'gauge', tags), { kind: 'gauge', value });
const read = (body: Uint8Array): IntakeSeries[] => readAtOnce(readSeriesColumns(body, new DecodeBudget()));

function rowsOf(aggregates: readonly Aggregate[]): SeriesRows {
  const rows = new SeriesRows();
  for (const one of aggregates) addSeries(one, rows, everything);
  return rows;
}

function blockOf(aggregates: readonly Aggregate[]): ColumnBlock {
  const block = new ColumnBlock();
  for (const row of rowsOf(aggregates).rows) block.add(row);
  return block;
}

/** The same series by the other format and its decoder. */
function rowWise(aggregates: readonly Aggregate[]): IntakeSeries[] {
  const chunk = new ItemChunk(64);
  for (const one of aggregates) writeSeries(one, chunk, everything);
  const body = chunk.writer.bytes.slice(0, chunk.writer.length);
  return readAtOnce(readSeriesProtobuf(body, new DecodeBudget()));
}

/** Packs with limits; what came out, and the names of what was too large. */
async function pack(
  aggregates: readonly Aggregate[],
  limits: Partial<PayloadLimits>,
  compressor: Compressor = makeCompressor('none', { zstd: 1, zlib: 1 }),
) {
  const payloads: Payload[] = [];
  const dropped: unknown[] = [];
  const hear = (fields: object): void => void dropped.push(fields);
  const pipeline = columnPipeline({
    format: seriesFormat('v3-columns', { ...LIMITS, ...limits }),
    compressor,
    log: { info: hear, warn: hear, error: hear },
    sink: {
      submit: (payload) => void payloads.push(payload),
      close: async () => ({ undelivered: 0 }),
      metrics: () => [],
    },
  });
  for (const one of aggregates) {
    const rows = pipeline.room(one.series.length, one.context.name);
    if (rows !== undefined) addSeries(one, rows, everything);
    pipeline.wrote();
  }
  pipeline.flush();
  await pipeline.whenIdle();
  return { payloads, dropped, pipeline };
}

describe('series in columns', () => {
  it('have these bytes', () => {
    const block = blockOf([
      gauge('hits', 3, ['env:prod']),
      gauge('hits', 0),
      gauge('load', 0.5, ['env:prod']),
    ]);
    expect(Buffer.from(block.encode()).toString('hex')).toBe(
      [
        '1a75', // data, 117 bytes
        '0a0a0468697473046c6f6164', // names hits, load
        '120908656e763a70726f64', // tags env:prod
        '1a020202', // tag sets: one tag, the first
        '220b04686f7374057765622d31', // resources host, web-1
        '2a0101320102', // resource sets: one; its type 1
        '3a0104', // its name 2
        '4a030a0a00', // origin 10, 10, 0
        '5203130323', // types: gauge of a whole number, of zero, of a float
        '5a03020002', // names 1, 1, 2
        '6203020102', // tag sets 1, 0, 1
        '6a03020000', // resource sets 1, 1, 1
        '72030a0a0a', // intervals 10
        '7a03010101', // one point each
        '82010780c49fd50c0000', // times
        '8a010106', // whole number 3
        '9201040000003f', // float 0.5
        'ba0103000000', // no source type
        'c20103020000', // origin 1
      ].join(''),
    );
  });

  it('are those of the other format: resources, units, types, origins, zeros and text that is not UTF-8', () => {
    const jmx = { ...contexts.create('jvm.gc', 'gauge', ['device:sda', 'a:1']), source: 'kafka' };
    const timing = { ...contexts.create('time', 'histogram', ['a:1', 'b']), isTiming: true };
    const all = [
      gauge('a', -0, ['dd.internal.resource:database:orders', 'x']),
      gauge('', 1e300),
      gauge(toByteString('é'), 2 ** 48, ['\xff:1', '', 'x']),
      gauge('a', -(2 ** 48) + 1),
      gauge('a', 2 ** 60),
      aggregate(jmx, { kind: 'gauge', value: 0.1 }),
      aggregate(timing, { kind: 'histogram', histogram: histogramOf([1, 2, 6]) }),
      aggregate(contexts.create('t', 'counter', ['b', 'a:1']), { kind: 'timestamped', value: 5 }, 12),
    ];
    expect(read(blockOf(all).encode())).toEqual(rowWise(all));
    const units = read(blockOf(all).encode()).filter(({ metric }) => metric.startsWith('time.'));
    expect(units.map(({ metric, unit }) => [metric, unit])).toEqual([
      ['time.max', 'millisecond'],
      ['time.avg', 'millisecond'],
      ['time.count', ''],
      ['time.95percentile', 'millisecond'],
    ]);
  });

  const text = fc.oneof(
    fc.constantFrom('', 'a', 'env:prod', 'device:sda', 'dd.internal.resource:x:y', '\xc3\xa9', '\xff', 'a,b'),
    fc.string({ maxLength: 130 }).map(toByteString),
  );
  const value = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.float({ noNaN: true, noDefaultInfinity: true }),
    fc.constantFrom(0, -0, 2 ** 48 - 1, 2 ** 48, -(2 ** 48), 2 ** 24 + 1, 2 ** 31, 5e-324),
  );
  const anySeries = fc.record({
    suffix: text,
    type: fc.constantFrom<SeriesType>('gauge', 'rate', 'count'),
    value,
  });
  const anyAggregate: fc.Arbitrary<Aggregate> = fc.record({
    context: fc.record(
      {
        id: fc.nat(),
        name: text,
        type: fc.constant('gauge' as const),
        host: text,
        tags: fc.array(text, { maxLength: 5 }),
        source: fc.constantFrom('dogstatsd', 'kafka', 'other'),
        isTiming: fc.boolean(),
      },
      { requiredKeys: ['id', 'name', 'type', 'host', 'tags'] },
    ),
    timestamp: fc.oneof(fc.nat(), fc.integer({ min: 0, max: 2 ** 40 })),
    interval: fc.integer({ min: 0, max: 2 ** 31 }),
    data: fc.constant({ kind: 'gauge', value: 0 } as const),
    series: fc.array(anySeries, { maxLength: 4 }),
  });

  it('of any aggregates are those of the other format, and no larger than foretold', () => {
    fc.assert(
      fc.property(fc.array(anyAggregate, { maxLength: 12 }), (all) => {
        const block = new ColumnBlock();
        for (const row of rowsOf(all).rows) {
          const before = block.byteCount;
          block.add(row);
          expect(block.byteCount - before).toBeLessThanOrEqual(rowBytesMax(row));
        }
        const bytes = block.encode();
        expect(bytes.length).toBeLessThanOrEqual(block.byteCount);
        expect(read(bytes)).toEqual(rowWise(all));
      }),
      { numRuns: 300 },
    );
  });

  it('of any aggregates arrive whole in payloads within any limits', async () => {
    const limits = fc.record({
      points: fc.integer({ min: 1, max: 20 }),
      uncompressedBytes: fc.integer({ min: 1500, max: 5000 }),
      compressedBytes: fc.integer({ min: 900, max: 3000 }),
    });
    const kind = fc.constantFrom('none' as const, 'zlib' as const);
    await fc.assert(
      fc.asyncProperty(fc.array(anyAggregate, { maxLength: 20 }), limits, kind, async (all, max, how) => {
        const { payloads, pipeline } = await pack(all, max, makeCompressor(how, { zstd: 1, zlib: 3 }));
        const bodies = payloads.map(decompress);
        expect(payloads.every(({ body }) => body.length <= max.compressedBytes)).toBe(true);
        expect(bodies.every(({ length }) => length <= max.uncompressedBytes)).toBe(true);
        expect(payloads.every(({ pointCount }) => pointCount <= max.points)).toBe(true);
        const got = bodies.flatMap(read);
        const want = rowWise(all);
        expect(pipeline.packed).toBe(got.length);
        expect([pipeline.taken, pipeline.held]).toEqual([want.length, 0]);
        if (pipeline.droppedItems === 0) expect(got).toEqual(want);
        else expect(pipeline.dropped.get('too_large')).toBe(want.length - got.length);
      }),
      { numRuns: 100 },
    );
  });
});

it('rows that wait count with the texts they keep, of each context once', () => {
  const one = rowsOf([gauge('a', 1, ['x'.repeat(1000)])]).byteCount;
  expect(one).toBeGreaterThan(1000);
  const timing = aggregate(contexts.create('t', 'histogram', ['x'.repeat(1000)]), {
    kind: 'histogram',
    histogram: histogramOf([1]),
  });
  expect(rowsOf([timing]).byteCount).toBeLessThan(2 * one);
});

describe('a payload of columns', () => {
  const many = Array.from({ length: 25 }, (_, i) => gauge(`m${i}`, i, [`t:${i}`]));

  it('has at most as many points as it may', async () => {
    const { payloads } = await pack(many, { points: 10 });
    expect(payloads.map(({ itemCount, pointCount }) => [itemCount, pointCount])).toEqual([
      [10, 10],
      [10, 10],
      [5, 5],
    ]);
    expect(payloads.every(({ route }) => route === '/api/intake/metrics/v3/series')).toBe(true);
    expect(payloads.flatMap(({ body }) => read(body)).map(({ metric }) => metric)).toEqual(
      many.map(({ context }) => context.name),
    );
  });

  it('that is too large compressed is sent in halves, in order', async () => {
    const whole = blockOf(many).encode().length;
    const { payloads, dropped } = await pack(many, { compressedBytes: Math.ceil(whole / 2) });
    expect(payloads.length).toBeGreaterThan(1);
    expect(payloads.flatMap(({ body }) => read(body))).toEqual(rowWise(many));
    expect(dropped).toEqual([]);
  });

  it('leaves out a series that is too large alone, and names it', async () => {
    const huge = gauge('huge', 1, ['x'.repeat(2000)]);
    const { payloads, dropped, pipeline } = await pack([gauge('a', 1), huge, gauge('b', 2)], {
      compressedBytes: 1000,
    });
    expect(payloads.flatMap(({ body }) => read(body)).map(({ metric }) => metric)).toEqual(['a', 'b']);
    expect([pipeline.taken, pipeline.packed, pipeline.dropped.get('too_large')]).toEqual([3, 2, 1]);
    expect(dropped).toMatchObject([
      { reason: 'too_large', dropped: 1, names: [expect.stringContaining('huge (')] },
    ]);
  });

  it('that cannot be compressed is lost and counted, and the next one is sent', async () => {
    const plain = makeCompressor('none', { zstd: 1, zlib: 1 });
    let bodies = 0;
    const failing: Compressor = {
      ...plain,
      open: () => {
        const body = plain.open();
        if (bodies++ === 0) body.finish = () => Promise.reject(new Error('out of memory'));
        return body;
      },
    };
    const { payloads, pipeline } = await pack(many, { points: 10 }, failing);
    // What came after the first payload of the chunk is lost with it.
    expect([pipeline.taken, pipeline.dropped.get('failed'), pipeline.held]).toEqual([25, 25, 0]);
    expect(payloads).toEqual([]);
  });
});
