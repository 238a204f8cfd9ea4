import { afterEach, describe, expect, it } from 'vitest';
import {
  aggregate,
  Contexts,
  checkOf,
  eventOf,
  histogramOf,
  sketchOf,
} from '../../../test/support/decode/aggregates.ts';
import { decodeJson, decodeSeries, decodeSketches } from '../../../test/support/decode/payload-decoder.ts';
import { loadConfig } from '../../config/load.ts';
import type { Aggregate } from '../../model/series.ts';
import { toByteString } from '../../model/text.ts';
import { payloadSettings } from '../../server/outputs/payload-settings.ts';
import { type FakeIntake, startFakeIntake } from '../../testing/fake-intake/fake-intake.ts';
import { COMPRESSOR_KINDS, hasZstd } from './compression.ts';
import { type DatadogOptions, DatadogOutput, type PayloadSettings } from './datadog-output.ts';
import type { Payload } from './payload.ts';

const SETTINGS: PayloadSettings = payloadSettings(loadConfig({}).config, 'v2-protobuf');

interface Bench {
  readonly output: DatadogOutput;
  readonly payloads: Payload[];
  /** What the log heard, level first. */
  readonly log: [string, Record<string, unknown>, string][];
}

function bench(settings: Partial<PayloadSettings> = {}, options: Partial<DatadogOptions> = {}): Bench {
  const payloads: Payload[] = [];
  const log: Bench['log'] = [];
  const collect = (level: string) => (fields: object, sentence: string) =>
    void log.push([level, fields as Record<string, unknown>, sentence]);
  const output = new DatadogOutput({
    hostname: 'server',
    settings: { ...SETTINGS, ...settings },
    log: { info: collect('info'), warn: collect('warn'), error: collect('error') },
    sink: {
      submit: (payload) => void payloads.push(payload),
      close: async () => ({ undelivered: 0 }),
      metrics: () => [],
    },
    ...options,
  });
  return { output, payloads, log };
}

async function payloadsOf(settings: Partial<PayloadSettings>, use: (output: DatadogOutput) => void) {
  const { output, payloads, log } = bench(settings);
  use(output);
  const report = await output.close(5000);
  return { payloads, log, report, counts: countsOf(output) };
}

/** Value of each of the output's counters, labels in the order given. */
function countsOf(output: DatadogOutput): Record<string, number> {
  const samples = output
    .metrics()
    .flatMap(({ name, samples }) =>
      samples.map(
        ({ labels, value }) =>
          [`${name.slice('whippet_datadog_'.length)} ${Object.values(labels).join(' ')}`, value] as const,
      ),
    );
  return Object.fromEntries(samples.filter(([, value]) => value !== 0));
}

const contexts = new Contexts('web-1');
const gauge = (name: string, value: number, tags: string[] = []): Aggregate =>
  aggregate(contexts.create(name, 'gauge', tags), { kind: 'gauge', value });
const KINDS = COMPRESSOR_KINDS.filter((kind) => kind !== 'zstd' || hasZstd());

describe.each(KINDS)('compressed with %s', (compressor) => {
  it('every kind of data arrives', async () => {
    const sketch = sketchOf([-5, 0, 0, 1, 2, 2, 1000]);
    const { payloads, report } = await payloadsOf({ compressor }, (output) => {
      output.write([
        gauge('g', 1.5, ['a:1', 'device:sda']),
        aggregate(contexts.create('d', 'distribution', ['b:2']), { kind: 'distribution', sketch }),
      ]);
      output.event(eventOf('deploy', { sourceType: 'ci' }), 1_700_000_001.5);
      output.serviceCheck(checkOf('db.up', { status: 2 }), 1_700_000_002.5);
      output.end();
    });
    expect(report).toEqual({ undelivered: 0 });
    expect(payloads.map(({ kind, route, itemCount }) => [kind, route, itemCount]).sort()).toEqual([
      ['events', '/intake/', 1],
      ['series', '/api/v2/series', 1],
      ['service_checks', '/api/v1/check_run', 1],
      ['sketches', '/api/beta/sketches', 1],
    ]);
    const of = (kind: string): Payload => payloads.find((payload) => payload.kind === kind) as Payload;
    expect(decodeSeries(of('series'))).toMatchObject([
      { metric: 'g', tags: ['a:1'], interval: 10n, type: 3 },
    ]);
    const { sketches, metadata } = decodeSketches(of('sketches'));
    expect(metadata).toBeDefined();
    expect(sketches).toMatchObject([
      { metric: 'd', host: 'web-1', tags: ['b:2'], metadata: { origin: { product: 10, category: 10 } } },
    ]);
    expect(sketches[0]?.dogsketches).toMatchObject([
      { ts: 1_700_000_000n, cnt: 7n, min: -5, max: 1000, sum: 1000, k: sketch.keys, n: sketch.counts },
    ]);
    expect(decodeJson(of('events'))).toMatchObject({ events: { ci: [{ msg_title: 'deploy' }] } });
    expect(decodeJson(of('service_checks'))).toMatchObject([{ check: 'db.up', status: 2 }]);
  });
});

describe('a payload', () => {
  it('of protobuf names its type, encoding and schema; of JSON its type and encoding', async () => {
    const { payloads } = await payloadsOf({ compressor: 'gzip' }, (output) => {
      output.write([gauge('g', 1)]);
      output.serviceCheck(checkOf('c'), 1);
    });
    const headers = Object.fromEntries(payloads.map((payload) => [payload.kind, payload.headers]));
    expect(headers).toEqual({
      series: {
        'Content-Type': 'application/x-protobuf',
        'Content-Encoding': 'gzip',
        'DD-Agent-Payload': expect.stringMatching(/^\d+\.\d+\.\d+$/),
      },
      service_checks: { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' },
    });
  });

  it('of events has exactly this text', async () => {
    const { payloads } = await payloadsOf({ compressor: 'none' }, (output) => {
      output.event(
        eventOf('a "b"', { text: 'line\n2', tags: ['x:1', 'y'], alertType: 'error', hostname: '' }),
        1_700_000_000.9,
      );
      output.event(
        eventOf('t', {
          timestamp: 5,
          aggregationKey: 'k',
          sourceType: 'nagios',
          priority: 'low',
          hostname: 'h',
        }),
        9,
      );
    });
    expect(Buffer.from((payloads[0] as Payload).body).toString()).toBe(
      '{"apiKey":"","events":{"api":[{"msg_title":"a \\"b\\"","msg_text":"line\\n2","timestamp":1700000000,' +
        '"priority":"normal","host":"server","tags":["x:1","y"],"alert_type":"error"}],"nagios":[{"msg_title":"t",' +
        '"msg_text":"","timestamp":5,"priority":"low","host":"h","alert_type":"info","aggregation_key":"k",' +
        '"source_type_name":"nagios"}]},"internalHostname":"server"}',
    );
  });

  it('of service checks has exactly this text', async () => {
    const { payloads } = await payloadsOf({ compressor: 'none' }, (output) => {
      output.serviceCheck(
        checkOf('up', { hostname: '', message: toByteString('größer\xff') }),
        1_700_000_000.9,
      );
      output.serviceCheck(checkOf('up', { status: 3, timestamp: 7, tags: ['a', 'b:\xff'] }), 9);
    });
    expect(Buffer.from((payloads[0] as Payload).body).toString()).toBe(
      '[{"check":"up","host_name":"server","timestamp":1700000000,"status":0,"message":"größerÿ","tags":null},' +
        '{"check":"up","host_name":"server","timestamp":7,"status":3,"message":"","tags":["a","b:\ufffd"]}]',
    );
  });

  it('of JSON series has exactly this text, newer and older', async () => {
    const write = (output: DatadogOutput): void =>
      output.write([
        aggregate(contexts.create('hits', 'counter', ['a:1', 'device:sda', 'dd.internal.resource:db:x']), {
          kind: 'counter',
          sum: 5,
        }),
        gauge('g', 2),
      ]);
    const newer = await payloadsOf({ compressor: 'none', series: 'v2-json' }, write);
    expect(newer.payloads.map(({ route }) => route)).toEqual(['/api/v2/series']);
    expect(Buffer.from((newer.payloads[0] as Payload).body).toString()).toBe(
      '{"series":[{"metric":"hits","type":2,"points":[{"timestamp":1700000000,"value":0.5}],"tags":["a:1"],"interval":10,' +
        '"resources":[{"type":"host","name":"web-1"},{"type":"device","name":"sda"},{"type":"db","name":"x"}],' +
        '"metadata":{"origin":{"metric_type":10,"product":10,"service":0}}},' +
        '{"metric":"g","type":3,"points":[{"timestamp":1700000000,"value":2}],"tags":[],"interval":10,' +
        '"resources":[{"type":"host","name":"web-1"}],"metadata":{"origin":{"metric_type":10,"product":10,"service":0}}}]}',
    );
    const older = await payloadsOf({ compressor: 'none', series: 'v1-json' }, write);
    expect(older.payloads.map(({ route }) => route)).toEqual(['/api/v1/series']);
    expect(Buffer.from((older.payloads[0] as Payload).body).toString()).toBe(
      '{"series":[{"metric":"hits","type":"rate","points":[[1700000000,0.5]],"tags":["a:1"],"host":"web-1","device":"sda","interval":10},' +
        '{"metric":"g","type":"gauge","points":[[1700000000,2]],"tags":[],"host":"web-1","interval":10}]}',
    );
  });
});

describe('what cannot be sent', () => {
  it('a number that is not finite drops its series or sketch, counted and named', async () => {
    const bad = sketchOf([1]);
    const { payloads, log, counts, report } = await payloadsOf({}, (output) => {
      output.write([
        gauge('nan', Number.NaN),
        gauge('good', 1),
        gauge('inf', Number.NEGATIVE_INFINITY),
        aggregate(contexts.create('d', 'distribution'), {
          kind: 'distribution',
          sketch: { ...bad, sum: Number.POSITIVE_INFINITY },
        }),
      ]);
    });
    expect(payloads.flatMap(decodeSeries).map(({ metric }) => metric)).toEqual(['good']);
    expect(counts).toMatchObject({
      'items_taken_total series': 3,
      'items_packed_total series': 1,
      'items_dropped_total series non_finite': 2,
      'items_dropped_total sketches non_finite': 1,
    });
    expect(
      log.map(([level, { kind, reason, dropped, names }]) => [level, kind, reason, dropped, names]).sort(),
    ).toEqual([
      ['error', 'series', 'non_finite', 2, ['nan', 'inf']],
      ['error', 'sketches', 'non_finite', 1, ['d']],
    ]);
    expect(report.undelivered).toBe(3);
  });

  it('an item too large for any payload is dropped, counted and named, once a flush', async () => {
    const { output, payloads, log } = bench({
      seriesLimits: { ...SETTINGS.seriesLimits, uncompressedBytes: 300 },
    });
    const huge = ['t'.repeat(400)];
    for (let flush = 0; flush < 2; flush++) {
      output.write([
        gauge('before', 1),
        ...[1, 2, 3, 4].map((i) => gauge(`huge.${i}`, i, huge)),
        gauge('after', 1),
      ]);
      output.end();
    }
    await output.close(5000);
    expect(payloads.flatMap(decodeSeries).map(({ metric }) => metric)).toEqual([
      'before',
      'after',
      'before',
      'after',
    ]);
    expect(log).toHaveLength(2);
    expect(log[0]?.[1]).toMatchObject({ kind: 'series', reason: 'too_large', dropped: 4 });
    expect(log[0]?.[1].names).toEqual(
      [1, 2, 3].map((i) => expect.stringMatching(`^huge.${i} \\(4\\d\\d bytes\\)$`)),
    );
  });

  it('what a full queue has no room for is dropped and counted', async () => {
    const { output, payloads } = bench({}, { queueBytesMax: 1000 });
    const all = Array.from({ length: 100 }, (_, i) => gauge(`g.${i}`, i));
    output.write(all);
    expect(output.isBusy()).toBe(false);
    const report = await output.close(5000);
    const arrived = payloads.flatMap(decodeSeries).length;
    expect(arrived).toBeGreaterThan(5);
    expect(countsOf(output)).toMatchObject({
      'items_taken_total series': 100,
      'items_packed_total series': arrived,
      'items_dropped_total series queue_full': 100 - arrived,
    });
    expect(report.undelivered).toBe(100 - arrived);
  });

  it('kinds that are off are not made', async () => {
    const { payloads, counts } = await payloadsOf({ kinds: ['service_checks'] }, (output) => {
      output.write([
        gauge('g', 1),
        aggregate(contexts.create('d', 'distribution'), { kind: 'distribution', sketch: sketchOf([1]) }),
      ]);
      output.event(eventOf('e'), 1);
      output.serviceCheck(checkOf('c'), 1);
    });
    expect(payloads.map(({ kind }) => kind)).toEqual(['service_checks']);
    expect(Object.keys(counts).filter((name) => !name.includes('service_checks'))).toEqual([]);
  });

  it('zstd, where this Node.js has none, is replaced by zlib, with a warning when it was asked for', async () => {
    for (const compressor of ['zstd', 'auto'] as const) {
      const { payloads, log } = await payloadsOf({ compressor }, (output) => output.write([gauge('g', 1)]));
      expect(payloads[0]?.headers['Content-Encoding']).toBe(hasZstd() ? 'zstd' : 'deflate');
      expect(log.map(([level]) => level)).toEqual(compressor === 'zstd' && !hasZstd() ? ['warn'] : []);
      expect(payloads.flatMap(decodeSeries)).toHaveLength(1);
    }
  });
});

describe('at stop', () => {
  it('what a slow sink has not taken by the deadline is reported', async () => {
    const { output } = bench(
      { seriesLimits: { ...SETTINGS.seriesLimits, points: 1 } },
      {
        sink: {
          submit: () => new Promise(() => undefined),
          close: async () => ({ undelivered: 7, reason: 'slow' }),
          metrics: () => [],
        },
      },
    );
    output.write([gauge('a', 1), gauge('b', 1), gauge('c', 1)]);
    // Time enough for a busy machine to hand the first one over.
    const report = await output.close(1500);
    expect(report.undelivered).toBe(7 + 2);
    expect(report.reason).toMatch(/^2 series.*; slow$/);
    expect(await output.close(50)).toBe(report);
  });
});

describe('a fake intake', () => {
  let intake: FakeIntake | undefined;
  afterEach(() => intake?.close());

  it('reads what was sent: 25,000 series, sketches bin for bin, events and checks, split and complete', async () => {
    const started = await startFakeIntake();
    intake = started;
    const { url } = started;
    const post = async ({ route, headers, body }: Payload): Promise<void> => {
      const answer = await fetch(url + route, {
        method: 'POST',
        headers: { 'DD-Api-Key': 'k', ...headers },
        body,
      });
      expect(answer.ok).toBe(true);
    };
    const { output } = bench(
      {},
      { sink: { submit: post, close: async () => ({ undelivered: 0 }), metrics: () => [] } },
    );
    const series = Array.from({ length: 25_000 }, (_, i) => gauge(`g.${i % 500}`, i, [`n:${i}`, 'env:prod']));
    const histogram = aggregate(contexts.create('h', 'histogram'), {
      kind: 'histogram',
      histogram: histogramOf([1, 2]),
    });
    const sketches = Array.from({ length: 200 }, (_, i) =>
      aggregate(contexts.create(`d.${i}`, 'distribution', [`n:${i}`]), {
        kind: 'distribution',
        sketch: sketchOf(Array.from({ length: 50 }, (_, j) => Math.sin(i * j) * 1000)),
      }),
    );
    for (let at = 0; at < series.length; at += 500) output.write(series.slice(at, at + 500));
    output.write([histogram, ...sketches]);
    for (let i = 0; i < 300; i++) output.event(eventOf(`event ${i}`, { sourceType: `s${i % 3}` }), i);
    for (let i = 0; i < 300; i++) output.serviceCheck(checkOf(`check ${i}`), i);
    output.end();
    expect(await output.close(20_000)).toEqual({ undelivered: 0 });

    const got = await started.series();
    const points = got
      .filter(({ metric }) => metric.startsWith('g.'))
      .map(({ points, tags }) => `${tags[0]} ${points[0]?.value}`);
    expect(points).toEqual(
      series.map(({ context, data }) => `${context.tags[0]} ${data.kind === 'gauge' && data.value}`),
    );
    expect(got.filter(({ metric }) => metric.startsWith('h.'))).toHaveLength(4);
    expect(
      (await started.sketches()).map(({ metric, points }) => [metric, points[0]?.keys, points[0]?.counts]),
    ).toEqual(
      sketches.map(({ context, data }) =>
        data.kind === 'distribution' ? [context.name, data.sketch.keys, data.sketch.counts] : [],
      ),
    );
    const titles = (await started.events()).map(({ title }) => title);
    expect(titles.sort()).toEqual(Array.from({ length: 300 }, (_, i) => `event ${i}`).sort());
    expect(await started.checkRuns()).toHaveLength(300);
  });
});
