import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadImported, mappedName, ruleFor } from '../../../test/support/imported.ts';
import type { Config } from '../../config/schema.ts';
import type { ContextType } from '../../model/context.ts';
import type { ImportResult } from './import-result.ts';
import { anchoredRegex, ruleMatchOf } from './name-patterns.ts';
import { importStatsdExporter } from './statsd-exporter.ts';

const fixture = (name: string): ImportResult =>
  importStatsdExporter(
    readFileSync(new URL(`../../../test/fixtures/mappings/${name}.yml`, import.meta.url), 'utf8'),
  );

/** Name and tags that a name becomes, and the rule for it; `dropped` where that drops it. */
function mapped(config: Config, name: string, type: ContextType = 'counter') {
  const [final, tags] = mappedName(config, name);
  const rule = ruleFor(config, final, type);
  if (rule?.drop === true) return 'dropped';
  const { buckets, scale, expiry_seconds } = rule?.options ?? {};
  return [final, tags, ...[buckets?.join(), scale, expiry_seconds].filter((one) => one !== undefined)];
}

describe('a mapping file in the shape of', () => {
  it('Airflow', () => {
    const result = fixture('airflow');
    const config = loadImported(result);
    expect(config.outputs.prometheus).toMatchObject({
      ...{ distributions: 'classic', timings: 'seconds_same_name', openmetrics: false, expiry_seconds: 3600 },
      buckets: ['0.1', '1', '10', '60', '600'],
    });
    expect(mapped(config, 'airflow.dag.etl.load.duration', 'histogram')).toEqual([
      'airflow_task_duration',
      'dag_id:etl,task_id:load',
    ]);
    expect(mapped(config, 'airflow.dagrun.duration.success.etl', 'histogram')).toEqual([
      'airflow_dagrun_duration',
      'dag_id:etl,state:success',
      '1,60,3600',
      86_400,
    ]);
    expect(mapped(config, 'airflow.pool.open_slots.big', 'gauge')).toEqual([
      'airflow_pool_big_open_slots',
      '',
    ]);
    expect(mapped(config, 'airflow.dag.etl')).toBe('dropped');
    expect(mapped(config, 'airflow.operator_failures_Bash')).toEqual([
      'airflow_operator_failures',
      'operator:Bash',
    ]);
    expect(mapped(config, 'other')).toEqual(['other', '']);
    expect(result.notes.map(({ place }) => place)).toEqual([
      'mappings 1 "airflow.dag.*.*.duration"',
      'mappings 3 "airflow.pool.open_slots.*"',
    ]);
  });

  it('Kafka', () => {
    const result = fixture('kafka');
    const config = loadImported(result);
    expect(mapped(config, 'kafka.server.BrokerTopicMetrics.BytesInPerSec.topic.orders.count')).toEqual([
      'kafka_topic_BytesIn_total',
      'topic:orders',
    ]);
    expect(mapped(config, 'kafka.network.RequestMetrics.TotalTimeMs.request.Produce', 'histogram')).toEqual([
      'kafka_request_TotalTimeMs',
      'request:Produce',
    ]);
    expect(mapped(config, 'kafka.log.Log.Size.orders.3', 'gauge')).toEqual([
      'kafka_log_size_bytes',
      'partition:3,topic:orders',
      1024,
    ]);
    expect(mapped(config, 'anything.else')).toBe('dropped');
    expect(result.notes.map(({ text }) => text).join('\n')).toMatch(
      /never expire[\s\S]*quantiles[\s\S]*match_metric_type gauge[\s\S]*scale/,
    );
  });

  it('Envoy', () => {
    const config = loadImported(fixture('envoy'));
    expect(mapped(config, 'envoy.cluster.web.upstream_rq_time', 'histogram')).toEqual([
      'envoy_cluster_upstream_rq_time',
      'cluster:web',
      '0.01,0.1,1',
    ]);
    expect(mapped(config, 'envoy.cluster.web.upstream_rq.503')).toEqual([
      'envoy_cluster_upstream_rq',
      'cluster:web,code:503',
    ]);
    // Group 2 and then _of_, not a group of that name.
    expect(mapped(config, 'envoy.http.in.downstream_cx_active')).toEqual(['envoy_http_active_of_in', '']);
    expect(mapped(config, 'envoy.listener.0.0.0.0_80.downstream_cx_total.more')).toEqual([
      'envoy_listener_downstream_cx_total',
      'address:0.0.0.0_80',
    ]);
  });

  it('Spark', () => {
    const result = fixture('spark');
    const config = loadImported(result);
    expect(mapped(config, 'app-1.driver.BlockManager.memory.used')).toEqual([
      'spark_driver_blockmanager',
      'application:app-1,name:used,type:memory',
    ]);
    expect(mapped(config, 'app-1.7.executor.jvm.heap', 'gauge')).toEqual([
      'spark_executor_heap',
      'application:app-1,executor:7,group:jvm',
      90,
    ]);
    expect(result.notes.map(({ place, text }) => `${place}: ${text}`)).toEqual([
      expect.stringContaining('defaults: series never expire'),
      'mappings 2 "*.*.executor.*.*": unknown_field is not known here',
      expect.stringMatching(/^mappings 3 "bad glob\.\*": has a glob with other characters/),
      'mappings 4 undefined: has no match, and is left out',
    ]);
  });
});

describe('flags of the command line', () => {
  const imported = (...flags: string[]) => importStatsdExporter('defaults: {ttl: 5m}\nmappings: []', flags);

  it('turn dialects off that are on there', () => {
    expect(loadImported(imported()).dialects).toMatchObject({
      tags: ['influx', 'librato', 'signalfx'],
      relative_gauges: true,
    });
    const { config, notes } = imported(
      '--no-statsd.parse-librato-tags',
      '--statsd.parse-signalfx-tags=false',
    );
    expect(config.dialects).toEqual({ tags: ['influx'], relative_gauges: true });
    expect(notes).toEqual([]);
  });

  it('say where it listens', () => {
    const result = imported(
      ...['--statsd.listen-udp=:9125', '--statsd.listen-tcp', '127.0.0.1:9126', '--statsd.cache-size=50'],
      ...['--web.listen-address=:9102', '--statsd.listen-unixgram=/run/statsd.sock', '--log.level=debug'],
    );
    expect(result.notes).toEqual([]);
    expect(loadImported(result)).toMatchObject({
      dogstatsd_port: 9125,
      dogstatsd_tcp_port: 9126,
      dogstatsd_non_local_traffic: true,
      dogstatsd_socket: '/run/statsd.sock',
      dogstatsd_mapper_cache_size: 50,
      http: { host: '0.0.0.0', port: 9102 },
    });
    expect(imported('--statsd.listen-udp=').config.dogstatsd_port).toBe(-1);
  });

  it.each([
    ['--web.telemetry-path=/own', 'the page is at /metrics'],
    ['--statsd.relay.address=a:1', 'statsd_forward_host'],
    ['--no-statsd.parse-dogstatsd-tags', 'always read here'],
    ['--what', 'is not known here'],
  ])('that have no equal are named: %s', (flag, text) =>
    expect(imported(flag).notes).toEqual([
      { place: flag.replace(/=.*/, ''), text: expect.stringContaining(text) },
    ]));
});

describe('what is no mapping file', () => {
  it.each(['', '- a', 'mappings: 3', 'just text'])('is refused: %j', (text) => {
    expect(() => importStatsdExporter(text)).toThrow('this is no mapping file');
  });

  it('an empty one gives a configuration that loads', () => {
    expect(loadImported(importStatsdExporter('mappings: []')).dogstatsd_mapper_profiles).toEqual([]);
  });
});

describe('patterns', () => {
  it.each([
    ['^a$', 'a'],
    ['^a', '(?:a).*'],
    ['a$', '.*?(?:a)'],
    ['a', '.*?(?:a).*'],
    ['^a|b$', '(?:a|b)'],
    ['a\\$', '.*?(?:a\\$).*'],
    ['a\\\\$', '.*?(?:a\\\\)'],
  ])('%s becomes %s', (regex, want) => expect(anchoredRegex(regex)).toBe(want));

  it('match where the unanchored expression does, with the same groups', () => {
    const piece = fc.constantFrom('a', 'b', '.', '\\.', '(a|b)', '(a*)', '[ab]+', 'b?');
    const regex = fc
      .tuple(
        fc.constantFrom('', '^'),
        fc.array(piece, { minLength: 1, maxLength: 4 }),
        fc.constantFrom('', '$'),
      )
      .map(([start, pieces, end]) => start + pieces.join('') + end);
    fc.assert(
      fc.property(
        regex,
        fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 8 }),
        (source, name) => {
          const theirs = new RegExp(source).exec(name)?.slice(1);
          expect(new RegExp(`^${anchoredRegex(source)}$`).exec(name)?.slice(1)).toEqual(theirs);
        },
      ),
    );
  });

  it.each([
    ['a_b', { match: 'a_b' }],
    [`a_$\{1}_b`, { match: 'a_*_b' }],
    [`$\{1}$\{2}`, { match: '.*.*', match_type: 'regex' }],
    ['a:b$1', { match: 'a:b.*', match_type: 'regex' }],
  ])('names made from %s match %j', (template, want) => expect(ruleMatchOf(template)).toEqual(want));
});
