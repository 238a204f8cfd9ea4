import { create, toBinary } from '@bufbuild/protobuf';
import { beforeEach, describe, expect, it } from 'vitest';
import { ExportMetricsServiceResponseSchema } from '../../../bench/proto/otlp_pb.ts';
import { aggregate, sketchOf } from '../../../test/support/decode/aggregates.ts';
import {
  counter,
  make,
  now,
  open,
  pointsOf,
  startReceiver,
  T,
  useOtlpBench,
} from '../../../test/support/otlp-bench.ts';

useOtlpBench();

describe('what is built', () => {
  beforeEach(() => startReceiver('http'));

  it('each host is a resource of its own, and unified tags are part of it', async () => {
    const resource = {
      serviceName: 'shop',
      instanceId: 'i-1',
      attributes: { 'k8s.cluster.name': 'eu' },
      unifiedTags: true,
    };
    const bench = open({ resource, hostAsAttribute: true });
    await bench.flush(T + 10, [
      counter(make('a', 'counter', ['env:prod', 'service:web', 'x:1'], 'h1'), 1),
      counter(make('a', 'counter', ['x:2'], 'h2'), 1),
      counter(make('a', 'counter', ['x:3', 'env:', 'host.name:mine'], ''), 1),
    ]);
    expect(now.receiver.points.map(({ resource: of, attributes }) => [of, attributes])).toEqual([
      [
        {
          'service.name': 'web',
          'host.name': 'h1',
          'service.instance.id': 'i-1',
          'deployment.environment.name': 'prod',
          'k8s.cluster.name': 'eu',
        },
        { x: '1', 'host.name': 'h1' },
      ],
      [
        { 'service.name': 'shop', 'host.name': 'h2', 'service.instance.id': 'i-1', 'k8s.cluster.name': 'eu' },
        { x: '2', 'host.name': 'h2' },
      ],
      [
        {
          'service.name': 'shop',
          'host.name': 'server',
          'service.instance.id': 'i-1',
          'k8s.cluster.name': 'eu',
        },
        { x: '3', env: '', 'host.name': 'mine' },
      ],
    ]);
  });

  it('points with times of their own go in a request of their own', async () => {
    const bench = open();
    await bench.flush(T + 10, [
      aggregate(make('g', 'gauge'), { kind: 'timestamped', value: 4 }, T - 100),
      aggregate(make('c', 'counter'), { kind: 'timestamped', value: 5 }, T - 100),
      aggregate(make('s', 'set'), { kind: 'timestamped', value: 5 }, T - 100),
      counter(make('now', 'counter'), 1),
    ]);
    expect(now.receiver.exports.map(({ points }) => points.map(({ name }) => name))).toEqual([
      ['now'],
      ['g', 'c'],
    ]);
    expect(pointsOf('c')).toEqual([[(T - 101) * 1000, (T - 100) * 1000, 5]]);
    expect(bench.output.outcomes().rejected).toEqual({ unsupported: 1 });
  });

  it('a counter that a timestamped sample adds to has the sum at the flush', async () => {
    const bench = open({}, 'cumulative');
    const context = make('c', 'counter');
    await bench.flush(T + 10, [counter(context, 1)]);
    await bench.flush(T + 20, [aggregate(context, { kind: 'timestamped', value: 5 }, T - 100)]);
    expect(pointsOf('c').at(-1)).toEqual([T * 1000, (T + 20) * 1000, 6]);
  });

  it('what cannot be sent is rejected by reason', async () => {
    const bench = open();
    await bench.flush(T + 10, [
      counter(make('a', 'counter'), -1),
      counter(make('b', 'counter'), Number.POSITIVE_INFINITY),
      aggregate(make('c', 'gauge'), { kind: 'gauge', value: Number.NaN }),
    ]);
    expect(now.receiver.exports).toEqual([]);
    expect(bench.output.outcomes().rejected).toEqual({ negative_increment: 1, non_finite: 2 });
  });

  it('a wide histogram gets a lower scale, and keeps its count', async () => {
    const bench = open({ bucketsMax: 20 });
    const values = Array.from({ length: 500 }, (_, i) => 1.05 ** i);
    await bench.flush(T + 10, [
      aggregate(make('d', 'distribution'), { kind: 'distribution', sketch: sketchOf(values) }),
    ]);
    const histogram = now.receiver.points[0]?.histogram;
    expect(histogram?.count).toBe(500n);
    expect(histogram?.positive?.bucketCounts.length).toBeLessThanOrEqual(20);
    expect(histogram?.positive?.bucketCounts.reduce((sum, n) => sum + n, 0n)).toBe(500n);
    expect(histogram?.scale).toBeLessThan(0);
  });

  it('a request has no more points than allowed', async () => {
    const bench = open({ pointsMax: 10 });
    await bench.flush(
      T + 10,
      Array.from({ length: 25 }, (_, i) => counter(make(`m${i}`, 'counter'), 1)),
    );
    expect(now.receiver.exports.map(({ points }) => points.length)).toEqual([10, 10, 5]);
  });

  it('a bucket that is flushed early ends with the flush', async () => {
    const bench = open();
    await bench.flush(T + 4, [counter(make('a', 'counter'), 1)]);
    expect(pointsOf('a')).toEqual([[T * 1000, (T + 4) * 1000, 1]]);
  });

  it('text that is not UTF-8 is replaced, and the request stays readable', async () => {
    const bench = open();
    await bench.flush(T + 10, [counter(make('caf\xc3\xa9', 'counter', ['b:\xff', '\xfe:1']), 1)]);
    expect(now.receiver.points[0]).toMatchObject({
      name: 'café',
      attributes: { b: '\uFFFD', '\uFFFD': '1' },
    });
  });

  it('an empty answer of OTLP is full success', () => {
    expect(
      toBinary(ExportMetricsServiceResponseSchema, create(ExportMetricsServiceResponseSchema, {})),
    ).toHaveLength(0);
  });
});
