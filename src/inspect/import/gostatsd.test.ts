import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadImported, ruleFor } from '../../../test/support/imported.ts';
import { importGostatsd } from './gostatsd.ts';
import type { ImportResult } from './import-result.ts';

const fixture = (name: string, ...flags: string[]): ImportResult =>
  importGostatsd(
    readFileSync(new URL(`../../../test/fixtures/gostatsd/${name}`, import.meta.url), 'utf8'),
    flags,
  );
const notesOf = ({ notes }: ImportResult): string[] => notes.map(({ place, text }) => `${place}: ${text}`);

describe('a server with three backends (TOML)', () => {
  const result = fixture('web.toml');
  const config = loadImported(result);

  it('receives, flushes and computes as there', () => {
    expect(config).toMatchObject({
      dogstatsd_port: 8125,
      dogstatsd_non_local_traffic: true,
      dogstatsd_buffer_size: 8192,
      bucket_seconds: 10,
      dogstatsd_expiry_seconds: 120,
      statsd_metric_namespace: 'shop',
      dogstatsd_tags: ['env:prod', 'region:eu-1'],
      histogram_aggregates: ['max', 'avg', 'median', 'sum', 'count'],
      histogram_percentiles: ['0.9', '0.99', '0.999'],
      dialects: { relative_gauges: true, tags: [] },
      http: { host: '0.0.0.0', port: 8080 },
    });
  });

  it('sends where it sent', () => {
    expect(config).toMatchObject({
      api_key: '0123456789abcdef0123456789abcdef',
      outputs: {
        graphite: { url: 'tcp://graphite.example:2003', prefix: 'stats.', tag_format: 'tagged' },
        remote_write: { url: 'http://mimir.example/api/v1/push' },
      },
    });
  });

  it('filters by name and tag', () => {
    const outcome = (name: string): unknown => {
      const rule = ruleFor(config, name);
      return rule?.drop === true ? 'dropped' : rule?.options.drop_tags;
    };
    expect(outcome('shop.noisy.a.b')).toBe('dropped');
    expect(outcome('shop.noisy')).not.toBe('dropped');
    expect(outcome('any.thing.debug')).toBe('dropped');
    expect(outcome('shop.noisy.butok.x')).toEqual(['request_path']);
    expect(outcome('shop.global.x')).toEqual(['host', 'request_path']);
    expect(outcome('else')).toEqual(['request_path']);
  });

  it('names what is missing, once each', () => {
    expect(notesOf(result)).toEqual([
      'expiry-interval-gauge: a gauge is sent in buckets with data, and not repeated',
      'surprise: is not known here',
      'backend datadog: region is not known here',
      'backend graphite: counters, timers, gauges and sets have one prefix here: prefix_counter and the like have no equal',
      expect.stringMatching(/^backend statsdaemon: no output sends aggregates as StatsD/),
      'filter.unused: is not in "filters", and is left out',
      'filter.make-global: drop-host: here a metric keeps the host of the server',
      'filter.by-tag: match-tags: rules ask for names alone, so it is left out',
      expect.stringMatching(/^filter.drop-subset: a metric that two filters are for/),
      'percent-threshold: 99.9 are rounded; percentiles of a rule are not',
      'http-servers: one server does everything here: profiler are left out',
      'http.receiver: packets over HTTP have another format here (docs/http.md)',
    ]);
  });
});

it('a forwarder (YAML) is named as what it is', () => {
  const result = fixture('forwarder.yaml');
  expect(loadImported(result)).toMatchObject({
    dogstatsd_port: -1,
    dogstatsd_socket: '/var/run/statsd.sock',
    bucket_seconds: 1,
    dogstatsd_expiry_seconds: 604_800,
    histogram_percentiles: ['0.5'],
  });
  const places = result.notes.map(({ place }) => place);
  expect(places).toEqual([
    ...[
      'server-mode',
      'cloud-provider',
      'http-transport',
      'ignore-host',
      'flush-interval',
      'expiry-interval',
    ],
    ...['timers', 'percent-threshold'],
  ]);
});

it('InfluxDB, OTLP and the terminal (JSON)', () => {
  const result = fixture('influx.json');
  const { outputs, bind_host, dogstatsd_port, bucket_seconds, histogram_percentiles } = loadImported(result);
  expect(outputs).toMatchObject({
    influxdb: {
      url: 'http://influx.example:8086',
      bucket: 'metrics',
      org: 'shop',
      bearer_token: 'token-of-influx',
    },
    otlp: { url: 'http://collector.example:4318/v1/metrics' },
    console: true,
  });
  // Its defaults are not ours.
  expect([bind_host, dogstatsd_port, bucket_seconds, histogram_percentiles]).toEqual([
    ...['127.0.0.1', 9125, 1],
    ['0.9'],
  ]);
  expect(result.notes.map(({ place }) => place)).toEqual([
    ...['backend otlp', 'backend otlp', 'backend cloudwatch', 'timers'],
  ]);
});

it('flags win over the file', () => {
  const { config } = fixture(
    'influx.json',
    '--flush-interval=30s',
    '--namespace',
    'a',
    '--backends',
    'stdout',
  );
  expect(config).toMatchObject({
    bucket_seconds: 30,
    statsd_metric_namespace: 'a',
    outputs: { console: true },
  });
});

describe('filters', () => {
  const rulesOf = (text: string) => importGostatsd(`backends = ''\n${text}`).config.rules;
  it.each([
    [
      "filters='a'\n[filter.a]\nmatch-metrics='!keep.*'\ndrop-metric=true",
      [
        { match: 'keep\\..*', match_type: 'regex' },
        { match: '.*', match_type: 'regex', drop: true },
      ],
    ],
    [
      "filters='a'\n[filter.a]\nmatch-metrics='a b'\ndrop-metric=true",
      [
        { match: 'a', drop: true },
        { match: 'b', drop: true },
      ],
    ],
    ["filters='a'\n[filter.a]\nmatch-metrics='!a b'\ndrop-metric=true", undefined],
    ["filters='a'\n[filter.a]\nexclude-metrics='!a'\ndrop-metric=true", undefined],
    [
      "filters='a'\n[filter.a]\ndrop-tags='pod:* a*'",
      [{ match: '.*', match_type: 'regex', drop_tags: ['pod'] }],
    ],
    ["filters='gone'", undefined],
  ])('%j', (text, want) => expect(rulesOf(text)).toEqual(want));
});

it.each([
  ['', 'not a map'],
  ['just text', 'not a map'],
  ['a = ', 'Invalid TOML'],
  ['a: [', 'unexpected end'],
])('refuses %j', (text, message) => expect(() => importGostatsd(text)).toThrow(message));
