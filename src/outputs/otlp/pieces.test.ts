import { fromBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ExportLogsServiceRequestSchema,
  type ExportMetricsServiceRequest,
  ExportMetricsServiceRequestSchema,
} from '../../../bench/proto/otlp_pb.ts';
import { eventOf } from '../../../test/support/decode/aggregates.ts';
import { ProtoWriter } from '../protobuf/proto-writer.ts';
import { LogsRequest } from './logs-request.ts';
import { MetricsRequest, type Shape } from './metrics-request.ts';
import { packPart, piecesOf, transactionOf } from './packed-request.ts';
import { putTogether, takeApart } from './pieces.ts';
import { writeHistogram, writeNanos, writeNumber } from './point-message.ts';
import { Resources } from './resources.ts';

const resources = new Resources({ serviceName: 'w', instanceId: '', attributes: {}, unifiedTags: false });
const NOTHING = { schema: 6, zeroCount: 3, count: 3, saturated: 0, positive: none(), negative: none() };

interface Spec {
  readonly host: string;
  readonly name: string;
  readonly shape: Shape;
  readonly value: number;
}

const spec = fc.record<Spec>({
  host: fc.constantFrom('', 'a', 'b'),
  name: fc.constantFrom('m', 'n', 'ö'),
  shape: fc.constantFrom('gauge', 'sum', 'histogram'),
  value: fc.integer(),
});

function none() {
  return { indexes: [], counts: [] };
}

function build(specs: readonly Spec[]) {
  const request = new MetricsRequest('delta', '1');
  for (const { host, name, shape, value } of specs) {
    const point = new ProtoWriter();
    const times = { startAt: 1, at: 2 };
    const attributes = [{ key: 'v', value: String(value) }];
    if (shape === 'histogram') writeHistogram(point, times, attributes, { histogram: NOTHING, sum: value });
    else writeNumber(point, times, attributes, value);
    request.add(resources.of(host, []), name, shape, point);
  }
  return request.finish();
}

/** Every point with all that stands around it, in no order. */
function pointsOf(request: ExportMetricsServiceRequest): string[] {
  const bigint = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value);
  return request.resourceMetrics
    .flatMap(({ resource, scopeMetrics }) =>
      scopeMetrics.flatMap(({ scope, metrics }) =>
        metrics.flatMap(({ name, data }) => {
          const { dataPoints = [], ...rest } = data.value ?? {};
          return dataPoints.map((point) =>
            JSON.stringify([resource, scope, name, data.case, rest, point], bigint),
          );
        }),
      ),
    )
    .sort();
}

describe('parts of requests', () => {
  it('together say what the whole says, wherever it is cut', () => {
    fc.assert(
      fc.property(fc.array(spec, { minLength: 1, maxLength: 30 }), fc.nat(), (specs, cut) => {
        const { body, count } = build(specs);
        const pieces = takeApart(body, 'metrics');
        expect(pieces).toHaveLength(count);
        const at = cut % (pieces.length + 1);
        const halves = [pieces.slice(0, at), pieces.slice(at)].map((half) =>
          fromBinary(ExportMetricsServiceRequestSchema, putTogether(half)),
        );
        const whole = pointsOf(fromBinary(ExportMetricsServiceRequestSchema, body));
        expect(halves.flatMap(pointsOf).sort()).toEqual(whole);
      }),
    );
  });

  it('of logs are records', () => {
    const request = new LogsRequest('1');
    for (const [title, host] of [
      ['a', 'x'],
      ['b', 'y'],
      ['c', 'x'],
    ] as const)
      request.add(eventOf(title), 1, () => resources.of(host, []));
    const transaction = transactionOf(request.finish(), 'logs', 'none', 0);
    const pieces = piecesOf(transaction) ?? [];
    const part = packPart(transaction, pieces.slice(1));
    expect([part.itemCount, part.kind]).toEqual([2, 'otlp_logs']);
    const { resourceLogs } = fromBinary(ExportLogsServiceRequestSchema, part.body);
    const titles = resourceLogs.flatMap(({ scopeLogs }) =>
      scopeLogs.flatMap(({ logRecords }) => logRecords.map(({ body }) => body?.value.value)),
    );
    expect(titles).toEqual(['c', 'b']);
  });

  it('bytes that are no request have none', () => {
    const built = { body: Buffer.from('nothing of the kind'), count: 1 };
    expect(piecesOf(transactionOf(built, 'metrics', 'gzip', 0))).toBeUndefined();
    expect(
      piecesOf({ ...transactionOf(built, 'metrics', 'gzip', 0), body: Buffer.from('no gzip') }),
    ).toBeUndefined();
  });
});

it('nanoseconds are exact for every millisecond', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 18_000_000_000_000 }), (ms) => {
      const writer = new ProtoWriter();
      writeNanos(writer, 1, ms);
      const [, ...bytes] = writer.bytes.subarray(0, writer.length);
      expect(Buffer.from(bytes).readBigUInt64LE()).toBe(BigInt(ms) * 1_000_000n);
    }),
  );
});
