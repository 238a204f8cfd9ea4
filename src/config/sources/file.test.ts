import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConfigError } from '../config-error.ts';
import { loadConfig } from '../load.ts';
import { CONFIG_KEYS, CONFIG_SECTIONS } from '../schema.ts';

/** Runs `use` with a file that exists meanwhile. */
function withFile<Result>(content: string, use: (path: string) => Result): Result {
  const directory = mkdtempSync(join(tmpdir(), 'whippet-config-'));
  try {
    const path = join(directory, 'datadog.yaml');
    writeFileSync(path, content);
    return use(path);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const load = (yaml: string) => withFile(yaml, (file) => loadConfig({ file }));

/** The problems of a file, its path written as FILE. */
function problemsOf(yaml: string): string[] {
  return withFile(yaml, (file) => {
    try {
      loadConfig({ file });
      return [];
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return error.problems.map(({ code, message }) => `${code}: ${message.replaceAll(file, 'FILE')}`);
    }
  });
}

const warningsOf = (yaml: string) =>
  withFile(yaml, (file) => loadConfig({ file }).warnings.map((text) => text.replaceAll(file, 'FILE')));

describe('keys', () => {
  test('in maps and with dots are the same', () => {
    const want = load('outputs:\n  file:\n    path: /x\n').config;
    expect(load('outputs.file.path: /x').config).toEqual(want);
    expect(load('outputs.file:\n  path: /x').config).toEqual(want);
    expect(load('outputs:\n  file.path: /x').config).toEqual(want);
    expect(want.outputs.file.path).toBe('/x');
  });
  test('of a section may be given in several places', () => {
    expect(load('http: {port: 1}\nhttp.host: ::1').config.http).toMatchObject({ port: 1, host: '::1' });
  });
  test('outputs.prometheus takes true and false', () => {
    expect(load('outputs: {prometheus: false}').config.outputs.prometheus.enabled).toBe(false);
    expect(load('outputs.prometheus: true').config.outputs.prometheus.enabled).toBe(true);
    expect(load('outputs: {prometheus: {enabled: no}}').config.outputs.prometheus.enabled).toBe(false);
  });
  test('without a value keep their default', () => {
    expect(load('dogstatsd_port:\nhttp:\noutputs: {file: ~}').config).toEqual(loadConfig({}).config);
  });
  test('can be merged from an anchor', () => {
    expect(load('x: &x {port: 9}\nhttp: {<<: *x}').config.http.port).toBe(9);
  });
  for (const yaml of ['', '# nothing\n', '---\n', '{}', 'null', '\uFEFF']) {
    test(`${JSON.stringify(yaml)} sets nothing`, () => {
      expect(load(yaml).config).toEqual(loadConfig({}).config);
    });
  }
});

describe("the Agent's other keys", () => {
  const ignores = (yaml: string) =>
    test(`'${yaml}' is ignored silently`, () => expect(warningsOf(yaml)).toEqual([]));
  ignores('tags_as_is: abc');
  ignores('logs_enabled: true');
  ignores('apm_config: {enabled: true, http: {port: x}}');
  ignores('logs_config: {container_collect_all: true}');
  ignores('hostname_fqdn: false');
  ignores('use_dogstatsd: true');
  ignores('dogstatsd_experimental_http: {enabled: false}');
  ignores('multi_region_failover: {enabled: false, site: x}');
  ignores('expected_tags_duration: 10m');
  ignores('log_file: /x');
  ignores('health_port: 5555');
  ignores('toString: 1');
  ignores('__proto__: {dogstatsd_port: 1}');

  const warns = (yaml: string, want: string) =>
    test(`'${yaml}' is a warning`, () => expect(warningsOf(yaml)).toEqual([want]));
  warns('dogstatsd_stats_enable: true', 'not used by this version: dogstatsd_stats_enable');
  warns(
    'dogstatsd_stats_enable: true\ndogstatsd_queue_size: 1\ndogstatsd_capture_depth: 5',
    'not used by this version: dogstatsd_stats_enable, dogstatsd_queue_size, dogstatsd_capture_depth',
  );
  warns(
    'dogstatsd_mem_based_rate_limiter: {enabled: true, go_gc: 5}',
    'not used by this version: dogstatsd_mem_based_rate_limiter.go_gc',
  );
  warns(
    'dogstatsd_mem_based_rate_limiter.memory_ballast: 1',
    'not used by this version: dogstatsd_mem_based_rate_limiter.memory_ballast',
  );
  warns(
    'use_dogstatsd: false',
    'use_dogstatsd is not used: data is received all the same; do not start whippet if it should not be (file FILE)',
  );
  warns(
    'multi_region_failover: {enabled: true, failover_logs: true}',
    'not used by this version: multi_region_failover.failover_logs',
  );
  warns(
    'cel_workload_exclude: [{products: [dogstatsd], rules: {containers: ["true"]}}]',
    'cel_workload_exclude is not used: data of workloads that it would exclude arrives; leave metrics out by name with metric_filterlist (file FILE)',
  );
  ignores('cel_workload_exclude: [{products: [logs], rules: {containers: ["true"]}}]');
  ignores('vector: {metrics: {enabled: true, url: "http://x"}, logs: {enabled: true}}');
  warns(
    'kubernetes_namespace_labels_as_tags: {app: app}',
    'kubernetes_namespace_labels_as_tags is not used: tags made from labels and annotations of namespaces and other resources are not added; a workloads file can list them (file FILE)',
  );
  warns('telemetry: {enabled: true}', 'not used by this version: telemetry.enabled');
  warns(
    'telemetry: {dogstatsd: {listeners_latency_buckets: [1]}}',
    'not used by this version: telemetry.dogstatsd.listeners_latency_buckets',
  );
  warns(
    'multi_region_failover: {metric_allow_list: [a]}',
    'multi_region_failover.metric_allow_list is not a known key; did you mean multi_region_failover.metric_allowlist? (file FILE)',
  );
  warns(
    'use_v3_api: {serie: {enabled: true}}',
    'use_v3_api.serie is not a known key; did you mean use_v3_api.series? (file FILE)',
  );
  warns(
    'vector: {metrics: {enable: true}}',
    'vector.metrics.enable is not a known key; did you mean vector.metrics.enabled? (file FILE)',
  );
  ignores('use_v3_api: {something_new: true}');
  ignores('proxy: {nothing_of_ours: x}');
  warns(
    'dogstatsd_autoscale_udp_listeners: true',
    'not used by this version: dogstatsd_autoscale_udp_listeners',
  );
  warns('dogstatsd_prot: 1', 'dogstatsd_prot is not a known key; did you mean dogstatsd_port? (file FILE)');
  warns(
    'statsd_forward_hots: x',
    'statsd_forward_hots is not a known key; did you mean statsd_forward_host? (file FILE)',
  );
  warns('Dogstatsd_Port: 1', 'Dogstatsd_Port is not a known key; did you mean dogstatsd_port? (file FILE)');
  warns('dogstatsd_colour_of_the_sky: 1', 'dogstatsd_colour_of_the_sky is not a known key (file FILE)');
  warns('dogstatd_port: 1', 'dogstatd_port is not a known key; did you mean dogstatsd_port? (file FILE)');
  warns('bucket_second: 1', 'bucket_second is not a known key; did you mean bucket_seconds? (file FILE)');
  warns('output: {echo: true}', 'output is not a known key; did you mean outputs? (file FILE)');
});

describe('problems', () => {
  const rejects = (yaml: string, ...want: string[]) =>
    test(`${JSON.stringify(yaml)} is refused`, () => expect(problemsOf(yaml)).toEqual(want));
  rejects(
    'http: {prot: 1}',
    'ERR_CONFIG_UNKNOWN_KEY: http.prot is not a known key; did you mean http.port? (file FILE)',
  );
  rejects('http: {colour:}', 'ERR_CONFIG_UNKNOWN_KEY: http.colour is not a known key (file FILE)');
  rejects(
    'limits.line: 1',
    'ERR_CONFIG_UNKNOWN_KEY: limits.line is not a known key; did you mean limits.lines? (file FILE)',
  );
  rejects(
    'http: 8127',
    'ERR_CONFIG_INVALID_VALUE: http is 8127 (file FILE); it is a section: set a key in it, such as http.host',
  );
  rejects(
    'dogstatsd_port: {a: 1}',
    'ERR_CONFIG_INVALID_VALUE: dogstatsd_port is { a: 1 } (file FILE); allowed: an integer from -1 to 65535, or __random__',
  );
  rejects(
    'dogstatsd_tags:\n- env: prod',
    "ERR_CONFIG_INVALID_VALUE: dogstatsd_tags is [ { env: 'prod' } ] (file FILE); allowed: a list of tags such as env:prod (no space after the colon, no line breaks)",
  );
  rejects(
    'http: {port: 1}\nhttp.port: 2',
    'ERR_CONFIG_DUPLICATE_KEY: http.port is set twice (file FILE); keep one',
  );
  rejects(
    'a: 1\nb: [1,\nc: 2',
    'ERR_CONFIG_SYNTAX: FILE:4:1: unexpected end of the stream within a flow collection',
  );
  rejects('a: 1\na: 2', 'ERR_CONFIG_SYNTAX: FILE:2:1: duplicated mapping key');
  rejects('- 1', 'ERR_CONFIG_SYNTAX: FILE:1:1: the file is not a map of keys and values');
  rejects('text', 'ERR_CONFIG_SYNTAX: FILE:1:1: the file is not a map of keys and values');
  rejects('a: *x', 'ERR_CONFIG_SYNTAX: FILE:1:6: unidentified alias "x"');
  test('two documents in one file are refused', () => {
    expect(problemsOf('a: 1\n---\nb: 2')).toEqual([
      'ERR_CONFIG_SYNTAX: FILE: expected a single document in the stream, but found more',
    ]);
  });
  test('aliases that multiply without end are refused', () => {
    const levels = Array.from({ length: 12 }, (_, i) => `l${i + 1}: &l${i + 1} [${`*l${i},`.repeat(9)}]`);
    expect(problemsOf(`l0: &l0 [x]\n${levels.join('\n')}`)).toEqual([
      'ERR_CONFIG_SYNTAX: FILE: it holds more than 4000000 values, aliases included',
    ]);
  });
  test('a list that holds itself is refused', () => {
    expect(problemsOf('dogstatsd_tags: &x [*x]')).toEqual([
      'ERR_CONFIG_SYNTAX: FILE: it is nested more than 200 levels deep',
    ]);
  });
  for (const kind of [
    '!!binary aGVsbG8=',
    '!!set {a}',
    '!!omap [a: 1]',
    '!!timestamp 2001-01-01',
    '!foo bar',
  ])
    for (const key of ['hostname', 'dogstatsd_tags', 'dogstatsd_port', 'logs_enabled'])
      rejects(
        `x: 1\n${key}: ${kind}`,
        `ERR_CONFIG_SYNTAX: FILE:2:${key.length + 3}: a value of the kind ${kind.split(' ', 1)} cannot be used; write text, a number, true, false, a list or a map`,
      );
  test('a file that is missing is refused, named by flag or by WHIPPET_CONFIG', () => {
    const message = 'the configuration file /nonexistent/x.yaml cannot be read: ENOENT';
    expect(() => loadConfig({ file: '/nonexistent/x.yaml' })).toThrow(message);
    expect(() => loadConfig({ env: { WHIPPET_CONFIG: '/nonexistent/x.yaml' } })).toThrow(message);
    expect(() => loadConfig({ file: '' })).toThrow('cannot be read');
  });
  test('a missing file keeps its cause', () => {
    try {
      loadConfig({ file: '/nonexistent/x.yaml' });
      expect.unreachable();
    } catch (error) {
      expect((error as ConfigError).code).toBe('ERR_CONFIG_UNREADABLE');
      expect((error as ConfigError).cause).toMatchObject({ code: 'ENOENT' });
    }
  });
  test('the flag wins over WHIPPET_CONFIG', () =>
    withFile('http.port: 4', (file) => {
      expect(loadConfig({ file, env: { WHIPPET_CONFIG: '/nonexistent' } }).config.http.port).toBe(4);
      expect(loadConfig({ env: { WHIPPET_CONFIG: file } }).config.http.port).toBe(4);
    }));
});

describe('any file', () => {
  const loadsOrRefuses = (content: string) => {
    try {
      load(content);
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError);
      expect((error as ConfigError).problems.length).toBeGreaterThan(0);
    }
  };
  test('throws nothing but ConfigError: arbitrary text', () => {
    const token = fc.constantFrom(
      'a',
      ': ',
      '- ',
      '\n',
      '  ',
      '{',
      '}',
      '[',
      ']',
      '&a ',
      '*a',
      '<<: ',
      '"',
      "'",
      '|',
      '!!set ',
      '? ',
      '%YAML 1.1\n---\n',
      '#',
      '\t',
      'http',
      '2001-01-01',
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(token, { maxLength: 30 }).map((parts) => parts.join('')),
    );
    fc.assert(fc.property(text, loadsOrRefuses), { numRuns: 100 });
  });
  test('throws nothing but ConfigError: arbitrary values under our keys', () => {
    const path = fc.constantFrom(...CONFIG_KEYS.map((key) => key.path), ...CONFIG_SECTIONS, '__proto__');
    const name = fc.oneof(
      path,
      path.map((text) => text.split('.').at(-1) ?? ''),
      fc.string(),
    );
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof({ depthSize: 'small' }, fc.jsonValue(), fc.dictionary(name, tie('tree'))),
    }));
    const document = fc.dictionary(name, tree).map((value) => JSON.stringify(value));
    fc.assert(fc.property(document, loadsOrRefuses), { numRuns: 100 });
  });
});
