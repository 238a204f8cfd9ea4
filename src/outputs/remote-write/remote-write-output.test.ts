import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aggregate, Contexts, checkOf, eventOf, sketchOf } from '../../../test/support/decode/aggregates.ts';
import { HeardLog } from '../../../test/support/decode/transactions.ts';
import {
  type ReceivedSeries,
  type ReceivedWrite,
  type Reply,
  WriteReceiver,
  writtenHeaders,
} from '../../../test/support/fakes/write-receiver.ts';
import { VirtualClock } from '../../../test/support/virtual-clock.ts';
import type { ExposureRule } from '../../model/metric-rule.ts';
import type { Aggregate } from '../../model/series.ts';
import { imbalanceOf } from '../../telemetry/ledger/ledger.ts';
import { CumulativeTable } from '../cumulative/cumulative-table.ts';
import { HttpPost } from '../ordered/http-post.ts';
import { OrderedDelivery } from '../ordered/ordered-delivery.ts';
import { RemoteWriteCourier } from './remote-write-courier.ts';
import { RemoteWriteOutput, type RemoteWriteSettings } from './remote-write-output.ts';
import { unitOf } from './unit-of.ts';
import { STALE_BITS } from './write-series.ts';

const T = 1_700_000_000;
const RULES: Readonly<Record<string, ExposureRule>> = { load: { unit: 'ratio' } };
const NO_CREDENTIALS = {
  username: '',
  password: '',
  passwordFile: '',
  bearerToken: '',
  bearerTokenFile: '',
  headers: {},
};

let receiver: WriteReceiver;
let url: string;
let contexts: Contexts;
let clock: VirtualClock;
let log: HeardLog;
let bench: ReturnType<typeof open>;
beforeEach(async () => {
  receiver = new WriteReceiver();
  url = await receiver.start();
  contexts = new Contexts();
  clock = new VirtualClock(T * 1000);
  log = new HeardLog();
  bench = open();
});
afterEach(async () => {
  await bench.output.close(0);
  await receiver.close();
});

function open(some: Partial<RemoteWriteSettings> = {}, version: 'auto' | 1 | 2 = 'auto', timeoutMs = 5000) {
  const post = new HttpPost(
    {
      url,
      timeoutMs,
      credentials: NO_CREDENTIALS,
      tls: { skipVerify: false, minVersion: 'TLSv1.2', caFile: '' },
      proxy: { http: '', https: '', noProxy: [], nonexact: false },
      userAgent: 'whippet/test',
    },
    clock,
  );
  const courier = new RemoteWriteCourier({
    name: url,
    post: (headers, body) => post.post(headers, body),
    close: () => post.close(),
    version,
    log,
  });
  const delivery = new OrderedDelivery({
    output: 'remote_write',
    endpoint: url,
    identity: url,
    courier,
    queue: { bytesMax: 10_000_000, storage: undefined },
    log,
    clock,
    random: () => 0.5,
  });
  const cumulative = new CumulativeTable({ expirySeconds: 30, keepsBins: true });
  const output = new RemoteWriteOutput({
    name: 'remote_write',
    settings: {
      labels: { hostname: 'server', labels: {}, utf8Names: false, relabel: [] },
      seriesMax: 2000,
      bytesMax: 1_048_576,
      zeroSample: true,
      staleOnStop: false,
      distributions: 'native',
      schema: 6,
      bucketsMax: 0,
      ...some,
    },
    cumulative,
    delivery,
    version: () => courier.version,
    lookup: (id) => contexts.lookup(id),
    unitOf: (context) => unitOf(context, RULES[context.name]),
    startedAt: 0,
    log,
  });
  const started = delivery.start();
  const flush = async (at: number, batch: readonly Aggregate[], settles = true): Promise<void> => {
    await started;
    const info = { at, interval: 10, final: false };
    cumulative.begin(at);
    output.begin(info);
    for (const part of cumulative.parts(batch)) output.write(part);
    cumulative.end(at);
    output.end(info);
    if (settles) await delivery.idle();
  };
  return { output, delivery, flush };
}

const counter = (name: string, sum: number, at: number, tags: string[] = []): Aggregate =>
  aggregate(known.get(name) ?? make(name, 'counter', tags), { kind: 'counter', sum }, at);
let known = new Map<string, ReturnType<Contexts['create']>>();
beforeEach(() => {
  known = new Map();
});
function make(name: string, type: 'counter' | 'gauge' | 'distribution' | 'set', tags: string[] = []) {
  const context = contexts.create(name, type, tags);
  known.set(name, context);
  return context;
}

const all = (): ReceivedSeries[] => receiver.writes.flatMap(({ series }) => [...series]);
const samplesOf = (name: string) =>
  all().flatMap(({ labels, samples }) =>
    labels.__name__ === name ? samples.map(({ at, value }) => [at, value]) : [],
  );

const ledgerHolds = (): void => {
  for (const totals of bench.delivery.totals()) expect(imbalanceOf(totals), totals.unit).toBe(0);
};

describe('what is written', () => {
  it('a counter is a total whose first point comes with a zero at its start', async () => {
    await bench.flush(T + 10, [counter('hits', 5, T, ['env:prod'])]);
    await bench.flush(T + 20, [counter('hits', 2, T + 10)]);
    expect(samplesOf('hits')).toEqual([
      [T * 1000, 0],
      [(T + 10) * 1000, 5],
      [(T + 20) * 1000, 7],
    ]);
    expect(all()[0]).toMatchObject({ labels: { __name__: 'hits', env: 'prod' }, type: 1 });
    expect(all()[0]?.samples[1]?.startAt).toBe(T * 1000);
    expect(receiver.writes[0]?.headers).toMatchObject({
      'content-encoding': 'snappy',
      'content-type': 'application/x-protobuf;proto=io.prometheus.write.v2.Request',
      'x-prometheus-remote-write-version': '2.0.0',
    });
    ledgerHolds();
  });

  it('a gauge has no zero and a stale marker with the exact bits at its end, once', async () => {
    const context = make('load', 'gauge');
    await bench.flush(T + 10, [aggregate(context, { kind: 'gauge', value: 3 }, T)]);
    for (const at of [20, 30, 40, 50, 60]) await bench.flush(T + at, []);
    const samples = all().flatMap(({ samples }) => samples);
    expect(samples.map(({ at }) => at)).toEqual([(T + 10) * 1000, (T + 50) * 1000]);
    expect(samples[1]?.bits).toBe(STALE_BITS);
    expect(all().map(({ unit }) => unit)).toEqual(['ratio', 'ratio']);
    await bench.flush(T + 70, [aggregate(context, { kind: 'gauge', value: 4 }, T + 60)]);
    expect(samplesOf('load').at(-1)).toEqual([(T + 70) * 1000, 4]);
  });

  it('a counter that comes again begins anew, its zero after the stale marker', async () => {
    await bench.flush(T + 10, [counter('hits', 5, T)]);
    await bench.flush(T + 50, []);
    await bench.flush(T + 60, [counter('hits', 2, T + 50)]);
    expect(samplesOf('hits').map(([at]) => at)).toEqual([
      T * 1000,
      (T + 10) * 1000,
      (T + 50) * 1000,
      (T + 50) * 1000 + 1,
      (T + 60) * 1000,
    ]);
    expect(samplesOf('hits').at(-1)?.[1]).toBe(2);
  });

  it('a distribution is a native histogram whose buckets add up', async () => {
    const context = make('latency', 'distribution');
    await bench.flush(T + 10, [
      aggregate(context, { kind: 'distribution', sketch: sketchOf([1, 1, 2, -3, 0]) }, T),
    ]);
    await bench.flush(T + 20, [aggregate(context, { kind: 'distribution', sketch: sketchOf([2]) }, T + 10)]);
    const [zero, first, second] = all().flatMap(({ histograms }) => histograms);
    expect(zero).toMatchObject({ count: 0, at: T * 1000, positive: {} });
    expect(first).toMatchObject({ count: 5, schema: 6, zeroCount: 1, at: (T + 10) * 1000 });
    expect(first?.positive[0]).toBe(2);
    const total = (counts: Readonly<Record<number, number>>) =>
      Object.values(counts).reduce((sum, n) => sum + n, 0);
    expect(total(first?.positive ?? {}) + total(first?.negative ?? {}) + 1).toBe(5);
    expect(second).toMatchObject({ count: 6, at: (T + 20) * 1000 });
  });

  it('summaries instead of native histograms on request', async () => {
    bench = open({ distributions: 'summary' });
    const context = make('latency', 'distribution');
    await bench.flush(T + 10, [
      aggregate(context, { kind: 'distribution', sketch: sketchOf([1, 1, 1, 1]) }, T),
    ]);
    expect(samplesOf('latency_count')).toEqual([
      [T * 1000, 0],
      [(T + 10) * 1000, 4],
    ]);
    expect(all().find(({ labels }) => labels.quantile === '0.5')?.samples[0]?.value).toBeCloseTo(1, 1);
  });

  it('labels are sorted, one host apart from the server its label; two types share no name', async () => {
    const gauge = contexts.create('a.b', 'gauge', ['z:1', 'Zone:x', 'a'], 'other');
    await bench.flush(T + 10, [
      aggregate(gauge, { kind: 'gauge', value: 1 }, T),
      aggregate(contexts.create('a.b', 'counter', ['z:1']), { kind: 'counter', sum: 1 }, T),
    ]);
    expect(all()[0]?.labelNames).toEqual(['Zone', '__name__', 'a', 'host', 'z']);
    expect(all()[0]?.labels).toMatchObject({ a: 'true', host: 'other' });
    expect(all().map(({ labels }) => labels.__name__)).toEqual(['a_b', 'a_b_counter']);
  });

  it('a series keeps its name when another type comes under it, also names of parts, and the log names both', async () => {
    bench = open({ distributions: 'summary' });
    const gauge = (name: string, at: number) =>
      aggregate(make(name, 'gauge'), { kind: 'gauge', value: 4 }, at);
    await bench.flush(T + 10, [gauge('load', T), gauge('req.count', T)]);
    const sketch = sketchOf([1, 2]);
    const distribution = aggregate(make('req', 'distribution'), { kind: 'distribution', sketch }, T + 10);
    const late = aggregate(contexts.create('load', 'counter'), { kind: 'counter', sum: 1 }, T + 10);
    await bench.flush(T + 20, [late, distribution]);
    expect(samplesOf('load')).toEqual([[(T + 10) * 1000, 4]]);
    expect(samplesOf('load_counter').at(-1)).toEqual([(T + 20) * 1000, 1]);
    expect(samplesOf('req_count')).toEqual([[(T + 10) * 1000, 4]]);
    expect(samplesOf('req_distribution_count').at(-1)).toEqual([(T + 20) * 1000, 2]);
    expect(log.sentences).toContain(
      'the counter load is shown as load_counter, because the gauge load has its name already',
    );
    expect(log.sentences).toContain(
      'the distribution req is shown as req_distribution, because the gauge req.count has its name already',
    );
  });

  it('contexts that look the same are one series: the second is counted and left out', async () => {
    await bench.flush(T + 10, [counter('a.b', 1, T), counter('a_b', 1, T)]);
    expect(all()).toHaveLength(1);
    expect(bench.output.outcomes()).toMatchObject({
      accepted: { written: 1 },
      rejected: { duplicate_series: 1 },
    });
  });

  it('relabel rules drop, rename and set', async () => {
    bench = open({
      labels: {
        hostname: 'server',
        utf8Names: false,
        labels: { instance: 'i', env: 'never' },
        relabel: [
          { match: 'noise_*', drop: true },
          {
            match: 'hits',
            dropLabels: ['pod'],
            renameLabels: { env: 'stage' },
            setLabels: { team: 't' },
            name: 'hits_total',
          },
        ],
      },
    });
    await bench.flush(T + 10, [counter('hits', 1, T, ['env:prod', 'pod:1']), counter('noise.a', 1, T)]);
    expect(all().map(({ labels }) => labels)).toEqual([
      { __name__: 'hits_total', instance: 'i', stage: 'prod', team: 't' },
    ]);
    expect(bench.output.outcomes().filtered.relabel).toBe(1);
  });

  it('timestamped gauges go at their time, late ones in a request of their own', async () => {
    const context = make('load', 'gauge');
    await bench.flush(T + 10, [
      aggregate(context, { kind: 'gauge', value: 1 }, T),
      { ...aggregate(context, { kind: 'timestamped', value: 7 }, T + 20) },
      { ...aggregate(context, { kind: 'timestamped', value: 6 }, T - 100) },
    ]);
    const times = receiver.writes.map(({ series }) =>
      series.flatMap(({ samples }) => samples.map(({ at }) => at)),
    );
    expect(times).toEqual([[(T + 10) * 1000, (T + 20) * 1000], [(T - 100) * 1000]]);
  });

  it('checks are gauges, events have no form here', async () => {
    bench.output.serviceCheck(checkOf('db.up'));
    bench.output.event(eventOf('deploy'));
    await bench.flush(T + 10, []);
    expect(all()[0]?.labels.__name__).toBe('db_up_check_status');
    expect(bench.output.outcomes()).toMatchObject({ accepted: { written: 1 }, filtered: { event: 1 } });
  });
});

/** As an old receiver: takes 1.0, and answers 204 to 2.0 without a word. */
const old = ({ version }: ReceivedWrite): Reply => ({ status: version === 1 ? 204 : 204 });

describe('receivers', () => {
  it.each([
    ['204 without headers', () => ({ status: 204 })],
    ['415', ({ version }: ReceivedWrite) => ({ status: version === 2 ? 415 : 204 })],
    ['400', ({ version }: ReceivedWrite) => ({ status: version === 2 ? 400 : 204 })],
  ])('of 1.0 that answer %s get the same again, once', async (_, answer) => {
    receiver.answer = answer;
    await bench.flush(T + 10, [counter('hits', 5, T, ['env:prod'])]);
    await bench.flush(T + 20, [counter('hits', 2, T + 10)]);
    expect(receiver.writes.map(({ version }) => version)).toEqual([2, 1, 1]);
    expect(receiver.writes[1]?.series[0]).toMatchObject({
      labels: { __name__: 'hits', env: 'prod' },
      samples: [
        { at: T * 1000, value: 0 },
        { at: (T + 10) * 1000, value: 5 },
      ],
    });
    ledgerHolds();
  });

  it('one bad series among 2,000 costs that series and at most 12 more requests', async () => {
    receiver.answer = ({ version, series }) =>
      version === 2 || series.some(({ labels }) => labels.__name__ === 'm_1234')
        ? { status: version === 2 ? 204 : 400, body: 'label name "a" is not unique' }
        : { status: 204 };
    await bench.flush(T + 10, []);
    const many = Array.from({ length: 2000 }, (_, i) => counter(`m.${i}`, 1, T));
    receiver.writes.length = 0;
    await bench.flush(T + 10, many);
    const extra = receiver.writes.length - 2;
    expect(extra).toBeLessThanOrEqual(12);
    const { counts, losses } = bench.delivery.status;
    expect(Object.values(counts.delivered).reduce((sum, { items }) => sum + items, 0)).toBe(1999);
    expect(losses).toMatchObject([{ reason: 'refused', items: 1, points: 2 }]);
    ledgerHolds();
  });

  it('many bad series end: nothing blocks the queue', async () => {
    receiver.answer = ({ series }) => ({
      status: series.length > 0 ? 400 : 204,
      body: 'out of order sample',
    });
    bench = open({}, 1);
    await bench.flush(
      T + 10,
      Array.from({ length: 1000 }, (_, i) => counter(`m.${i}`, 1, T)),
    );
    expect(receiver.writes.length).toBeLessThan(300);
    expect(bench.delivery.status.losses).toMatchObject([{ reason: 'out_of_order', items: 1000 }]);
    ledgerHolds();
  });

  it('2.0: a partial refusal is counted and not repeated', async () => {
    receiver.answer = () => ({ status: 400, headers: writtenHeaders(3), body: 'out of bounds' });
    await bench.flush(T + 10, [counter('a', 1, T), counter('b', 1, T)]);
    expect(receiver.writes).toHaveLength(1);
    expect(bench.delivery.status.losses).toMatchObject([{ reason: 'out_of_order', items: 1, points: 1 }]);
    expect(bench.delivery.status.lastError?.text).toBe('status 400: out of bounds');
    ledgerHolds();
  });

  it('500 three times, then 204: the same bytes, and nothing overtakes', async () => {
    let failures = 3;
    receiver.answer = (write) =>
      failures-- > 0
        ? { status: 500 }
        : { status: 204, headers: writtenHeaders(write.series[0]?.samples.length ?? 0) };
    await bench.flush(T + 10, [counter('a', 1, T)]);
    await bench.flush(T + 20, [counter('a', 1, T + 10)]);
    await clock.advance(120_000, () => bench.delivery.idle());
    expect(receiver.writes.map(({ series }) => series[0]?.samples.at(-1)?.value)).toEqual([1, 1, 1, 1, 2]);
    ledgerHolds();
  });

  it('429 is repeated after Retry-After, not before', async () => {
    receiver.answer = () => ({ status: 429, headers: { 'retry-after': '50' } });
    await bench.flush(T + 10, [counter('a', 1, T)]);
    await clock.advance(49_000, () => bench.delivery.idle());
    expect(receiver.writes).toHaveLength(1);
    await clock.advance(2000, () => bench.delivery.idle());
    expect(receiver.writes).toHaveLength(2);
    ledgerHolds();
  });

  it('500 for one series for ever costs that series, once a probe shows that the receiver works', async () => {
    bench = open({}, 1);
    receiver.answer = ({ series }) =>
      series.some(({ labels }) => labels.__name__ === 'bad')
        ? { status: 500, body: 'label twice' }
        : { status: 204 };
    await bench.flush(
      T + 10,
      ['a', 'b', 'c', 'bad', 'd'].map((name) => counter(name, 1, T)),
    );
    await bench.flush(T + 20, [counter('a', 1, T + 10)]);
    await clock.advance(3_600_000, () => bench.delivery.idle());
    expect(bench.delivery.status.losses).toMatchObject([{ reason: 'refused', items: 1 }]);
    expect(samplesOf('a').at(-1)).toEqual([(T + 20) * 1000, 2]);
    ledgerHolds();
  });

  it.each([401, 403, 404, 307])('%i keeps everything, is unhealthy, and recovers', async (status) => {
    receiver.answer = () => ({ status, headers: { location: 'http://elsewhere/' } });
    await bench.flush(T + 10, [counter('a', 1, T)]);
    expect(bench.output.health().healthy).toBe(false);
    receiver.answer = old;
    await clock.advance(120_000, () => bench.delivery.idle());
    expect(bench.output.health()).toEqual({ healthy: true });
    expect(bench.delivery.status.losses).toEqual([]);
    ledgerHolds();
  });

  it('a receiver that cuts or hangs is tried again', async () => {
    bench = open({}, 'auto', 50);
    receiver.answer = () =>
      receiver.writes.length === 1 ? { status: 0, cuts: true } : { status: 0, hangs: true };
    await bench.flush(T + 10, [counter('a', 1, T)]);
    await clock.advance(5000, () => bench.delivery.idle());
    expect(receiver.writes.length).toBeGreaterThan(1);
    expect(bench.delivery.status.counts.requests).toMatchObject({ no_answer: expect.any(Number) });
    expect(bench.delivery.status.queue.payloads).toBe(1);
    ledgerHolds();
  });
});
