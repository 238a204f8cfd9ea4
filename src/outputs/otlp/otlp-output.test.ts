import { beforeEach, describe, expect, it } from 'vitest';
import {
  aggregate,
  checkOf,
  eventOf,
  histogramOf,
  sketchOf,
} from '../../../test/support/decode/aggregates.ts';
import { type OtlpReply, partial } from '../../../test/support/fakes/otlp-receiver.ts';
import {
  counter,
  lossesOf,
  make,
  now,
  open,
  pointsOf,
  startReceiver,
  T,
  useOtlpBench,
} from '../../../test/support/otlp-bench.ts';
import { fromBins } from '../native-histogram/exponential-histogram.ts';

useOtlpBench();

describe.each(['http', 'grpc'] as const)('over %s', (protocol) => {
  beforeEach(() => startReceiver(protocol));

  it('a bucket becomes sums, gauges and histograms with delta temporality', async () => {
    const bench = open({}, 'delta', protocol);
    const values = [0, 1, 2, 2, 150, 0.003];
    await bench.flush(T + 10, [
      counter(make('page.views', 'counter', ['env:prod', 'beta', 'team:b', 'team:a', ':x', 'url:a:b']), 7),
      aggregate(make('load', 'gauge'), { kind: 'gauge', value: -1.5 }),
      aggregate(make('users', 'set'), { kind: 'set', distinct: 3 }),
      aggregate(make('lat', 'distribution'), { kind: 'distribution', sketch: sketchOf(values) }),
      aggregate(make('old', 'histogram'), { kind: 'histogram', histogram: histogramOf([-2, 4]) }),
    ]);
    const by = Object.fromEntries(now.receiver.points.map((point) => [point.name, point]));
    expect(by['page.views']).toMatchObject({
      kind: 'sum',
      temporality: 1,
      monotonic: true,
      value: 7,
      startAt: T * 1000,
      at: (T + 10) * 1000,
      attributes: { env: 'prod', beta: '', team: 'a,b', url: 'a:b' },
      keys: ['env', 'beta', 'team', 'url'],
      resource: { 'service.name': 'whippet', 'host.name': 'server' },
      scope: 'whippet',
    });
    expect(by.load).toMatchObject({ kind: 'gauge', value: -1.5, startAt: 0, at: (T + 10) * 1000 });
    expect(by.users).toMatchObject({ kind: 'gauge', value: 3 });
    const { keys, counts } = sketchOf(values);
    const model = fromBins({ keys, counts });
    const dense = (buckets: { indexes: readonly number[]; counts: readonly number[] }): [number, number][] =>
      buckets.indexes.map((index, i) => [index - 1, buckets.counts[i] as number]);
    const lat = by.lat?.histogram;
    expect(lat).toMatchObject({ count: 6n, zeroCount: 1n, scale: 6, sum: 155.003, min: 0, max: 150 });
    expect(
      lat?.positive?.bucketCounts.flatMap((n, i) =>
        n > 0n ? [[i + (lat.positive?.offset ?? 0), Number(n)]] : [],
      ),
    ).toEqual(dense(model.positive));
    // Negative values occurred, so the sum says nothing.
    expect(by.old?.histogram).toMatchObject({ count: 2n, min: -2, max: 4 });
    expect(by.old?.histogram).not.toHaveProperty('sum', expect.anything());
    expect(by.old?.histogram?.negative?.bucketCounts).toEqual([1n]);
    expect(now.receiver.exports[0]?.headers).toMatchObject({
      authorization: 'Bearer secret-token',
      'x-tenant': 'a',
      'user-agent': 'whippet/test',
      'content-type': protocol === 'grpc' ? 'application/grpc' : 'application/x-protobuf',
    });
    bench.ledgerHolds();
    expect(bench.output.outcomes().accepted).toEqual({ written: 5 });
  });

  it('cumulative totals begin with a zero and end with a point without a value', async () => {
    const bench = open({}, 'cumulative', protocol);
    const [hits, lat, load] = [make('hits', 'counter'), make('lat', 'distribution'), make('load', 'gauge')];
    await bench.flush(T + 10, [
      counter(hits, 5),
      aggregate(lat, { kind: 'distribution', sketch: sketchOf([1, 2]) }),
      aggregate(load, { kind: 'gauge', value: 1 }),
    ]);
    await bench.flush(T + 20, [
      counter(hits, 2, T + 10),
      aggregate(lat, { kind: 'distribution', sketch: sketchOf([4]) }, T + 10),
    ]);
    for (const at of [30, 40, 50, 60, 70]) await bench.flush(T + at, []);
    expect(pointsOf('hits')).toEqual([
      [T * 1000, T * 1000, 0],
      [T * 1000, (T + 10) * 1000, 5],
      [T * 1000, (T + 20) * 1000, 7],
      [0, (T + 60) * 1000, undefined],
    ]);
    const histograms = now.receiver.points.filter(({ name }) => name === 'lat');
    expect(
      histograms.map(({ histogram, flags }) => [Number(histogram?.count), histogram?.sum, flags]),
    ).toEqual([
      [0, 0, 0],
      [2, 3, 0],
      [3, 7, 0],
      [0, undefined, 1],
    ]);
    expect(histograms[1]?.temporality).toBe(2);
    expect([histograms[1]?.histogram?.min, histograms[1]?.histogram?.max]).toEqual([undefined, undefined]);
    expect(now.receiver.points.filter(({ name, flags }) => name === 'load' && flags === 1)).toHaveLength(1);
    bench.ledgerHolds();
  });

  it('events are log records and checks are gauges', async () => {
    const bench = open({}, 'delta', protocol);
    bench.output.event(
      eventOf('deploy', {
        text: 'v2',
        alertType: 'error',
        tags: ['env:prod'],
        hostname: 'web1',
        timestamp: T - 5,
      }),
      T,
    );
    bench.output.event(eventOf('only a title', { alertType: 'success' }), T + 0.25);
    bench.output.serviceCheck(checkOf('db', { status: 1 }));
    bench.output.serviceCheck(checkOf('db', { status: 2 }));
    await bench.flush(T + 10, []);
    expect(now.receiver.records.map(({ record }) => [record.severityText, record.body?.value.value])).toEqual(
      [
        ['ERROR', 'v2'],
        ['SUCCESS', 'only a title'],
      ],
    );
    expect(now.receiver.records[0]).toMatchObject({
      resource: { 'host.name': 'web1' },
      attributes: {
        'event.title': 'deploy',
        'event.alert_type': 'error',
        'event.priority': 'normal',
        env: 'prod',
      },
      record: {
        severityNumber: 17,
        timeUnixNano: BigInt(T - 5) * 1_000_000_000n,
        eventName: 'dogstatsd.event',
      },
    });
    expect(now.receiver.points).toMatchObject([{ name: 'db.check_status', kind: 'gauge', value: 2 }]);
    bench.ledgerHolds();
    expect(bench.output.outcomes().accepted).toEqual({ written: 4 });
  });

  it('what is rejected in part is counted and not sent again', async () => {
    const bench = open({}, 'delta', protocol);
    now.receiver.answer = () => ({ body: partial(2, 'out of order sample') });
    await bench.flush(
      T + 10,
      ['a', 'b', 'c'].map((name) => counter(make(name, 'counter'), 1)),
    );
    await bench.flush(T + 20, []);
    expect(now.receiver.exports).toHaveLength(1);
    expect(lossesOf(bench)).toEqual([['out_of_order', 2]]);
    expect(bench.metrics.status.lastError?.text).toBe('2 of 3 rejected: out of order sample');
    bench.ledgerHolds();
  });

  it('more rejected than sent is all of it', async () => {
    const bench = open({}, 'delta', protocol);
    now.receiver.answer = () => ({ body: partial(2_000_000_000_000) });
    await bench.flush(T + 10, [counter(make('a', 'counter'), 1)]);
    expect(lossesOf(bench)).toEqual([['refused', 1]]);
    bench.ledgerHolds();
  });

  it('a warning of a receiver that takes everything is logged once a minute', async () => {
    const bench = open({}, 'delta', protocol);
    now.receiver.answer = () => ({ body: partial(0, 'use fewer attributes') });
    const context = make('a', 'counter');
    for (const at of [10, 20, 30]) await bench.flush(T + at, [counter(context, 1, T + at - 10)]);
    expect(now.log.lines.filter(({ sentence }) => sentence.includes('with a warning'))).toHaveLength(1);
    expect(lossesOf(bench)).toEqual([]);
  });

  it('a receiver that hangs or cuts is tried again, and nothing overtakes', async () => {
    const bench = open({}, 'delta', protocol, 200);
    const replies: OtlpReply[] = [{ hangs: true }, { cuts: true }];
    now.receiver.answer = () => replies.shift() ?? {};
    const context = make('a', 'counter');
    await bench.flush(T + 10, [counter(context, 1)]);
    await bench.flush(T + 20, [counter(context, 2, T + 10)]);
    for (let i = 0; i < 3; i++) {
      await now.clock.advance(64_000);
      await bench.metrics.idle();
    }
    expect(now.receiver.points.map(({ value }) => value)).toEqual([1, 1, 1, 2]);
    expect(bench.metrics.status.counts.requests).toMatchObject({ no_answer: 2 });
    expect(lossesOf(bench)).toEqual([]);
    bench.ledgerHolds();
  });
});
