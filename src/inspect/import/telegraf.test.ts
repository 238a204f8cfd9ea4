import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadImported, mappedName } from '../../../test/support/imported.ts';
import { type ImportResult, Notes } from './import-result.ts';
import { importTelegraf } from './telegraf.ts';
import { importTemplates } from './telegraf-templates.ts';

const fixture = (name: string): ImportResult =>
  importTelegraf(readFileSync(new URL(`../../../test/fixtures/telegraf/${name}`, import.meta.url), 'utf8'));
const notesOf = ({ notes }: ImportResult): string[] => notes.map(({ place, text }) => `${place}: ${text}`);

describe('a server in front of InfluxDB', () => {
  const result = fixture('statsd.conf');
  const config = loadImported(result);

  it('receives and computes as there', () => {
    expect(config).toMatchObject({
      dogstatsd_port: 8125,
      dogstatsd_non_local_traffic: true,
      dogstatsd_so_rcvbuf: 65_535,
      bucket_seconds: 10,
      hostname: 'web-1',
      dogstatsd_tags: ['dc:eu-1', 'rack:2b'],
      histogram_aggregates: ['min', 'max', 'avg', 'median', 'sum', 'count'],
      histogram_percentiles: ['0.5', '0.9', '0.99', '0.999', '0.9995', '1'],
      dialects: { tags: ['influx'], relative_gauges: true },
    });
    expect(config.outputs.prometheus.expiry_seconds).toBe(36_000);
  });

  it.each([
    ['cpu.eu', 'cpu', 'region:eu'],
    ['cpu.eu.idle', 'cpu_idle', 'region:eu'],
    ['cpu.eu.idle.more.still', 'cpu_idle', 'region:eu'],
    ['cpu.load.web-1', 'cpu_load', 'host:web-1,kind:load'],
    ['cpu.load', 'cpu_load', 'kind:load'],
    ['jobs.etl.day.count.total', 'jobs_count_total', 'env:prod,kind:etl_day,team:data'],
    ['net.web-1.in.bytes.all', 'net_in.bytes.all', 'host:web-1'],
    ['net.web-1.in', 'net_in', 'host:web-1'],
    ['other.name', 'other.name', ''],
  ])('%s becomes %s %s', (name, want, tags) => expect(mappedName(config, name)).toEqual([want, tags]));

  it('names what is missing', () => {
    expect(notesOf(result)).toEqual([
      'inputs.cpu: is not StatsD',
      'outputs.influxdb_v2: set outputs.influxdb.url, bucket, org, bearer_token',
      'outputs.prometheus_client: Prometheus scrapes /metrics at http.port',
      expect.stringContaining('inputs.statsd: namedrop'),
      expect.stringContaining('inputs.statsd: sanitize_name_method'),
      'template "bad* measurement": has a star beside letters in its filter, and is left out',
      'template "*.*.only.tags": names no measurement, and is left out',
      'template "jobs.*.* measurement.kind.kind.measurement.field env=prod,team=data": field: here it becomes the end of the name',
      expect.stringContaining('template "net.* measurement.host.measurement*": measurement*: the dots'),
      expect.stringContaining('template "measurement*": measurement*: the dots'),
      expect.stringContaining('timings: stddev is not there'),
      'inputs.statsd: percentiles: 99.9, 99.95 are rounded; percentiles of a rule are not',
    ]);
  });
});

it('TCP, and the first of two inputs', () => {
  const result = fixture('tcp.conf');
  const config = loadImported(result);
  expect(config).toMatchObject({
    dogstatsd_port: -1,
    dogstatsd_tcp_port: 8126,
    bind_host: '10.0.0.1',
    bucket_seconds: 90,
    listeners: { connections_max: 100 },
    histogram_percentiles: [],
  });
  expect(mappedName(config, 'app.a.b.c')).toEqual(['app.a.b.c', '']);
  expect(notesOf(result)).toEqual([
    'inputs.statsd: one of 2: the others need a server each',
    expect.stringContaining('delete_counters = false'),
    expect.stringContaining('timings'),
  ]);
});

/** The engine of Telegraf in a few lines: what a template without filter makes of a name. */
function applied(parts: readonly string[], name: string, separator: string): [string, string] | undefined {
  const words = name.split('.');
  const measurement: string[] = [];
  const tags = new Map<string, string[]>();
  for (const [i, part] of parts.entries()) {
    const word = words[i];
    if (word === undefined || part === '') continue;
    if (part === 'measurement') measurement.push(word);
    else if (part === 'measurement*') {
      measurement.push(...words.slice(i));
      break;
    } else tags.set(part, [...(tags.get(part) ?? []), word]);
  }
  if (measurement.length === 0) return undefined;
  const joined = [...tags].map(([key, values]) => `${key}:${values.join(separator)}`);
  return [measurement.join(separator), joined.sort().join()];
}

it('rules of the mapper make what the template would', () => {
  const part = fc.constantFrom('measurement', 'measurement', 'host', 'region', '');
  const parts = fc
    .tuple(fc.array(part, { maxLength: 4 }), fc.constantFrom('measurement', 'measurement*'))
    .map(([some, last]) => [...some, last]);
  const word = fc.string({ unit: fc.constantFrom('a', 'b', '_', '$'), minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(parts, fc.array(word, { minLength: 1, maxLength: 6 }), (template, words) => {
      // With a dot, what measurement* takes is joined as it was.
      const [separator, name] = ['.', words.join('.')];
      const mappings = importTemplates([template.join('.')], separator, new Notes());
      const config = loadImported({
        config: { dogstatsd_mapper_profiles: [{ name: 't', prefix: '*', mappings }] },
        notes: [],
      });
      expect(mappedName(config, name)).toEqual(applied(template, name, separator) ?? [name, '']);
    }),
    { numRuns: 30 },
  );
});

it.each([
  ['', 'no [[inputs.statsd]]'],
  ['[[inputs.cpu]]', 'no [[inputs.statsd]]'],
  ['inputs: 3', 'Invalid TOML'],
])('refuses %j', (text, message) => expect(() => importTelegraf(text)).toThrow(message));
