import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NAMESPACE_EXEMPTIONS } from '../model/namespace-exemptions.ts';
import { ConfigError } from './config-error.ts';
import { loadConfig } from './load.ts';
import { CONFIG_KEYS } from './schema.ts';
import type { Environment } from './sources/environment.ts';
import type { Flag } from './sources/flags.ts';
import { flagsOf } from './sources/handy-flags.ts';
import { describeSource } from './sources/setting.ts';

function set(...assignments: string[]): Flag[] {
  return assignments.map((value) => ({ flag: '--set', value }));
}

function sourceOf(key: string, env: Environment, flags: Flag[] = [], file?: string): string | undefined {
  const source = loadConfig({ env, flags, file }).sources.get(key);
  return source && describeSource(source);
}

describe('defaults', () => {
  test('fill in every key', () => {
    const { config, warnings } = loadConfig({});
    expect(config).toEqual({
      dogstatsd_port: 8125,
      dogstatsd_origin_detection: false,
      docker_labels_as_tags: {},
      container_labels_as_tags: {},
      docker_env_as_tags: {},
      container_env_as_tags: {},
      kubernetes_pod_labels_as_tags: {},
      kubernetes_pod_annotations_as_tags: {},
      kubernetes_kubelet_host: '',
      kubelet_use_api_server: false,
      kubernetes_kubelet_nodename: '',
      kubernetes_apiserver_ca_path: '',
      kubernetes_apiserver_tls_verify: true,
      kubernetes_https_kubelet_port: 10_250,
      kubernetes_http_kubelet_port: 10_255,
      kubelet_tls_verify: true,
      kubelet_client_ca: '',
      kubelet_auth_token_path: '/var/run/secrets/kubernetes.io/serviceaccount/token',
      kubelet_client_crt: '',
      kubelet_client_key: '',
      container_proc_root: '',
      container_cgroup_root: '',
      ecs_agent_url: '',
      ecs_collect_resource_tags_ec2: false,
      origin: { docker: 'auto', ecs: 'auto' },
      bind_host: '127.0.0.1',
      dogstatsd_non_local_traffic: false,
      dogstatsd_socket: '',
      dogstatsd_stream_socket: '',
      dogstatsd_stream_log_too_big: false,
      dogstatsd_pipe_name: '',
      dogstatsd_require_listener: 'all',
      dogstatsd_tcp_port: -1,
      hot_restart: { socket: '' },
      dogstatsd_tcp_tls: { cert_file: '', key_file: '', ca_file: '', require_client_cert: false },
      dogstatsd_buffer_size: 65536,
      dogstatsd_so_rcvbuf: 0,
      dogstatsd_workers_count: 0,
      dogstatsd_tags: [],
      hostname: hostname(),
      hostname_file: '',
      tags: [],
      extra_tags: [],
      env: '',
      cluster_name: '',
      disable_cluster_name_tag_key: false,
      tag_value_split_separator: {},
      histogram_aggregates: ['max', 'median', 'avg', 'count'],
      histogram_percentiles: ['0.95'],
      dogstatsd_expiry_seconds: 300,
      dogstatsd_context_expiry_seconds: 20,
      dogstatsd_eol_required: [],
      dogstatsd_no_aggregation_pipeline: true,
      dogstatsd_origin_detection_client: false,
      dogstatsd_disable_verbose_logs: false,
      dogstatsd_flush_incomplete_buckets: true,
      dogstatsd_mapper_profiles: [],
      dogstatsd_mapper_cache_size: 1000,
      statsd_metric_namespace: '',
      statsd_metric_namespace_blacklist: NAMESPACE_EXEMPTIONS,
      metric_filterlist: [],
      metric_filterlist_match_prefix: false,
      metric_filterlist_prefix: [],
      statsd_forward_host: '',
      statsd_forward_port: 0,
      dogstatsd_mem_based_rate_limiter: {
        enabled: false,
        low_soft_limit: 0.7,
        high_soft_limit: 0.8,
        rate_check: { min: 0.01, max: 1, factor: 2 },
        soft_limit_freeos_check: { min: 0.01, max: 0.1, factor: 1.5 },
      },
      telemetry: { dogstatsd: false },
      statsd_metric_blocklist: [],
      statsd_metric_blocklist_match_prefix: false,
      metric_tag_filterlist: [],
      metric_tag_value_allowlist: [],
      histogram_copy_to_distribution: false,
      histogram_copy_to_distribution_prefix: '',
      dogstatsd_tag_cardinality: 'low',
      dogstatsd_entity_id_precedence: false,
      dogstatsd_origin_optout_enabled: true,
      origin_detection_unified: false,
      api_key: '',
      site: 'datadoghq.com',
      dd_url: '',
      additional_endpoints: {},
      skip_ssl_validation: false,
      min_tls_version: 'tlsv1.2',
      proxy: { http: '', https: '', no_proxy: [] },
      no_proxy_nonexact_match: true,
      allow_arbitrary_tags: false,
      run_path: '',
      forwarder_timeout: 20,
      forwarder_num_workers: 1,
      forwarder_max_concurrent_requests: 10,
      forwarder_http_protocol: 'auto',
      forwarder_connection_reset_interval: 0,
      forwarder_high_prio_buffer_size: 100,
      forwarder_low_prio_buffer_size: 100,
      forwarder_retry_queue_payloads_max_size: 15_728_640,
      forwarder_retry_queue_max_size: 0,
      forwarder_flush_to_disk_mem_ratio: 0.5,
      forwarder_storage_max_size_in_bytes: 0,
      forwarder_storage_path: '',
      forwarder_storage_max_disk_ratio: 0.8,
      forwarder_outdated_file_in_days: 10,
      forwarder_backoff_factor: 2,
      forwarder_backoff_base: 2,
      forwarder_backoff_max: 64,
      forwarder_recovery_interval: 2,
      forwarder_recovery_reset: false,
      forwarder_apikey_validation_interval: 60,
      forwarder_stop_timeout: 2,
      enable_payloads: { series: true, sketches: true, events: true, service_checks: true },
      use_v2_api: { series: true },
      use_v3_api: { series: { enabled: 'datadog_only', endpoints: {} } },
      observability_pipelines_worker: {
        metrics: { enabled: false, url: '', use_v3_api: { series: false } },
      },
      vector: { metrics: { enabled: false, url: '', use_v3_api: { series: false } } },
      multi_region_failover: {
        enabled: false,
        failover_metrics: false,
        api_key: '',
        site: '',
        dd_url: '',
        metric_allowlist: [],
      },
      serializer_compressor_kind: 'auto',
      serializer_zstd_compressor_level: 1,
      serializer_max_series_payload_size: 512_000,
      serializer_max_series_uncompressed_payload_size: 5_242_880,
      serializer_max_series_points_per_payload: 10_000,
      serializer_max_payload_size: 2_621_440,
      serializer_max_uncompressed_payload_size: 4_194_304,
      log_level: 'info',
      bucket_seconds: 10,
      history: { memory_bytes: 33_554_432 },
      dialects: { tags: [], relative_gauges: false, listeners: ['udp', 'unixgram', 'streams', 'http'] },
      weights: 'truncated',
      stop_timeout_seconds: 5,
      workloads: '',
      rules: [],
      global: {
        role: 'none',
        topic: 'whippet',
        partitions: 16,
        levels: 1,
        group: 'whippet',
        grace_seconds: 5,
        late: 'next',
        skew: 'keep',
        early_close: true,
        contexts: 1_000_000,
        open_bytes: 67_108_864,
        sketch_delivery: 'at_least_once',
        chunk_bytes: 262_144,
        hash_key: '',
        storage_path: '',
        storage_bytes: 536_870_912,
        retry_bytes: 16_777_216,
        former: { topic: '', partitions: 16, until: '' },
        kafka: {
          brokers: [],
          create_topics: true,
          replication_factor: 3,
          min_insync_replicas: 2,
          retention_hours: 24,
          compression: 'none',
          tls: false,
          tls_ca_file: '',
          tls_cert_file: '',
          tls_key_file: '',
          sasl_mechanism: 'none',
          sasl_username: '',
          sasl_password: '',
        },
      },
      serverless: false,
      api_key_file: '',
      capture: {
        ring_bytes: 0,
        buffer_bytes: 33_554_432,
        copy_bytes_per_second: 134_217_728,
        triggers: [],
        directory: '',
        files_max: 10,
        pause_seconds: 300,
        reject_percent: 10,
        spike_factor: 3,
        contexts_per_second: 10_000,
      },
      http: { host: '127.0.0.1', port: 8127, token: '', trace_agent_compat: false, proxy_socket: '' },
      outputs: {
        console: 'auto',
        console_filter: { match: [], tags: [] },
        echo: false,
        echo_per_second: 20,
        file: { path: '', match: [], tags: [], additional: [] },
        datadog: {
          enabled: true,
          ca_file: '',
          series_format: 'protobuf',
          zlib_level: 3,
          match: [],
          tags: [],
          additional: [],
        },
        remote_write: {
          url: '',
          username: '',
          password: '',
          password_file: '',
          bearer_token: '',
          bearer_token_file: '',
          headers: {},
          ca_file: '',
          cert_file: '',
          key_file: '',
          skip_verify: false,
          timeout_seconds: 20,
          queue_bytes: 33_554_432,
          match: [],
          tags: [],
          version: 'auto',
          distributions: 'native',
          schema: 6,
          max_buckets: 0,
          labels: {},
          instance_label: true,
          utf8_names: false,
          zero_sample: true,
          stale_on_stop: false,
          relabel: [],
          additional: [],
        },
        otlp: {
          url: '',
          username: '',
          password: '',
          password_file: '',
          bearer_token: '',
          bearer_token_file: '',
          headers: {},
          ca_file: '',
          cert_file: '',
          key_file: '',
          skip_verify: false,
          timeout_seconds: 20,
          queue_bytes: 33_554_432,
          match: [],
          tags: [],
          protocol: 'http',
          temporality: 'delta',
          compression: 'gzip',
          scale: 6,
          max_buckets: 160,
          service_name: 'whippet',
          service_instance_id: '',
          resource: {},
          host_as_attribute: false,
          unified_tags: false,
          events: true,
          zero_sample: true,
          additional: [],
        },
        graphite: {
          url: '',
          tag_format: 'tagged',
          prefix: '',
          receipt: 'close',
          counters: 'count',
          host_tag: true,
          ca_file: '',
          cert_file: '',
          key_file: '',
          skip_verify: false,
          timeout_seconds: 20,
          queue_bytes: 33_554_432,
          match: [],
          tags: [],
          additional: [],
        },
        influxdb: {
          url: '',
          username: '',
          password: '',
          password_file: '',
          bearer_token: '',
          bearer_token_file: '',
          headers: {},
          ca_file: '',
          cert_file: '',
          key_file: '',
          skip_verify: false,
          timeout_seconds: 20,
          queue_bytes: 33_554_432,
          match: [],
          tags: [],
          database: '',
          retention_policy: '',
          bucket: '',
          org: '',
          compression: 'gzip',
          counters: 'count',
          host_tag: true,
          additional: [],
        },
        webhook: {
          url: '',
          username: '',
          password: '',
          password_file: '',
          bearer_token: '',
          bearer_token_file: '',
          headers: {},
          ca_file: '',
          cert_file: '',
          key_file: '',
          skip_verify: false,
          timeout_seconds: 20,
          queue_bytes: 33_554_432,
          match: [],
          tags: [],
          events: true,
          service_checks: 'changes',
          secret: '',
          secret_file: '',
          additional: [],
        },
        plugin: {
          path: '',
          options: {},
          timeout_seconds: 30,
          memory_mib: 256,
          queue_series: 200_000,
          match: [],
          tags: [],
          additional: [],
        },
        prometheus: {
          ...{ enabled: true, expiry_seconds: 300, open_bucket: true, distributions: 'summary' },
          buckets: ['0.005', '0.01', '0.025', '0.05', '0.1', '0.25', '0.5', '1', '2.5', '5', '10'],
          ...{ timings: 'milliseconds', openmetrics: true, own_metrics: 'together', match: [], tags: [] },
        },
      },
      listeners: {
        backlog_bytes: 33554432,
        connections_max: 4096,
        idle_timeout_seconds: 0,
        portable: false,
        system_root: '/',
      },
      limits: {
        lines: 1_000_000,
        contexts: 1_000_000,
        contexts_per_metric: 0,
        contexts_per_origin: 0,
        tags: 0,
        tag_value_bytes: 0,
        dry_run: false,
        histogram_values: 2048,
        bucket_keys: 4_194_304,
      },
    });
    expect(warnings).toEqual([]);
  });
  test('have the source default, for every key', () => {
    const { sources } = loadConfig({});
    expect([...sources.keys()]).toEqual(CONFIG_KEYS.map((key) => key.path));
    expect([...sources.values()].every((source) => source.kind === 'default')).toBe(true);
  });
  test('an empty hostname is the host name of the system', () => {
    expect(loadConfig({ flags: set('hostname=') }).config.hostname).toBe(hostname());
    expect(sourceOf('hostname', {}, set('hostname='))).toBe('default');
  });
});

describe('later sources win', () => {
  const directory = mkdtempSync(join(tmpdir(), 'whippet-config-'));
  const file = join(directory, 'datadog.yaml');
  beforeAll(() => writeFileSync(file, 'http: {port: 1}\ndogstatsd_port: 1\n'));
  afterAll(() => rmSync(directory, { recursive: true }));

  test('a file over defaults', () => {
    expect(loadConfig({ file }).config.http).toMatchObject({ host: '127.0.0.1', port: 1 });
    expect(sourceOf('http.port', {}, [], file)).toBe(`file ${file}`);
  });
  test('the environment over a file', () => {
    const env = { DD_DOGSTATSD_PORT: '2', WHIPPET_HTTP_PORT: '3' };
    const { config } = loadConfig({ file, env });
    expect([config.dogstatsd_port, config.http.port]).toEqual([2, 3]);
    expect(sourceOf('dogstatsd_port', env, [], file)).toBe('env DD_DOGSTATSD_PORT');
  });
  test('the environment for a key of the Agent inside a section', () => {
    const env = { DD_USE_V2_API_SERIES: 'false' };
    expect(loadConfig({ env }).config.use_v2_api.series).toBe(false);
  });
  test('flags over everything', () => {
    const env = { DD_DOGSTATSD_PORT: '2' };
    const flags = flagsOf({ port: '4' });
    expect(loadConfig({ file, env, flags }).config.dogstatsd_port).toBe(4);
    expect(sourceOf('dogstatsd_port', env, flags, file)).toBe('flag --port');
  });
  test('a later --set over an earlier one', () => {
    expect(loadConfig({ flags: set('http.port=5', 'http.port=6') }).config.http.port).toBe(6);
  });
  test('a handy flag over --set', () => {
    const flags = flagsOf({ port: '7', set: ['dogstatsd_port=8'] });
    expect(loadConfig({ flags }).config.dogstatsd_port).toBe(7);
  });
  test('a value that is overridden need not be valid', () => {
    const env = { DD_DOGSTATSD_PORT: 'x' };
    expect(loadConfig({ env, flags: flagsOf({ port: '9' }) }).config.dogstatsd_port).toBe(9);
  });
});

test('every handy flag sets the key it names', () => {
  const flags = flagsOf({
    port: '1',
    host: '::1',
    socket: '/s',
    httpPort: '2',
    echo: true,
    file: '/f',
    logLevel: 'debug',
  });
  const { config } = loadConfig({ flags });
  expect(config.dogstatsd_port).toBe(1);
  expect(config.bind_host).toBe('::1');
  expect(config.dogstatsd_socket).toBe('/s');
  expect(config.http.port).toBe(2);
  expect(config.outputs.echo).toBe(true);
  expect(config.outputs.file.path).toBe('/f');
  expect(config.log_level).toBe('debug');
});

test('the configuration is frozen to its leaves', () => {
  const { config } = loadConfig({ flags: set('dogstatsd_tags=a') });
  for (const part of [
    config,
    config.http,
    config.outputs.file,
    config.dogstatsd_tags,
    config.histogram_percentiles,
  ]) {
    expect(Object.isFrozen(part)).toBe(true);
  }
});

describe('errors', () => {
  test('all problems are reported together, the first giving the code', () => {
    const load = () =>
      loadConfig({
        env: { WHIPPET_HTTP_PROT: '1', DD_DOGSTATSD_PORT: '70000' },
        flags: set('bucket_seconds=0'),
      });
    expect(load).toThrow(ConfigError);
    try {
      load();
    } catch (error) {
      expect((error as ConfigError).code).toBe('ERR_CONFIG_UNKNOWN_KEY');
      expect((error as ConfigError).problems.map(({ code, message }) => `${code}: ${message}`)).toEqual([
        'ERR_CONFIG_UNKNOWN_KEY: WHIPPET_HTTP_PROT is not a known key; did you mean WHIPPET_HTTP_PORT? (environment)',
        'ERR_CONFIG_INVALID_VALUE: dogstatsd_port is "70000" (env DD_DOGSTATSD_PORT); allowed: an integer from -1 to 65535, or __random__',
        'ERR_CONFIG_INVALID_VALUE: bucket_seconds is "0" (flag --set); allowed: an integer from 1 to 3600 seconds',
      ]);
    }
  });
  const rejects = (assignment: string, message: string) =>
    test(`--set '${assignment}' is refused`, () => {
      expect(() => loadConfig({ flags: set(assignment) })).toThrow(message);
    });
  rejects('x', '--set is "x"; allowed: key=value, such as http.port=0');
  rejects('=1', '--set is "=1"; allowed: key=value');
  rejects('dogstatsd_prot=1', 'dogstatsd_prot is not a known key; did you mean dogstatsd_port? (flag --set)');
  rejects('outputs.fil=1', 'outputs.fil is not a known key; did you mean outputs.file? (flag --set)');
  rejects('apm_key=1', 'apm_key is not a known key; did you mean api_key? (flag --set)');
  rejects('http=1', 'http is a section; set a key in it, such as http.host (flag --set)');
  test('--set of a key that this version does not use is a warning', () => {
    expect(loadConfig({ flags: set('dogstatsd_stats_enable=true') }).warnings).toEqual([
      'not used by this version: dogstatsd_stats_enable',
    ]);
  });
});
