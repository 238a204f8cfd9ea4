import { describe, expect, test } from 'vitest';
import { loadConfig } from '../load.ts';
import { CONFIG_KEYS, valueAt } from '../schema.ts';
import type { Environment } from './environment.ts';

const accepts = (env: Environment, key: string, want: unknown) =>
  test(`${JSON.stringify(env)} sets ${key}`, () => {
    expect(valueAt(loadConfig({ env }).config, key)).toEqual(want);
  });

describe('variables', () => {
  accepts({ DD_DOGSTATSD_PORT: '9125' }, 'dogstatsd_port', 9125);
  accepts({ DD_DOGSTATSD_PORT: '__random__' }, 'dogstatsd_port', 0);
  accepts({ DD_HOSTNAME: 'web-1' }, 'hostname', 'web-1');
  accepts({ DD_DOGSTATSD_TAGS: 'env:prod team:web' }, 'dogstatsd_tags', ['env:prod', 'team:web']);
  accepts({ DD_HISTOGRAM_PERCENTILES: '0.5 0.99' }, 'histogram_percentiles', ['0.5', '0.99']);
  accepts({ WHIPPET_OUTPUTS_FILE_PATH: '/x' }, 'outputs.file.path', '/x');
  accepts({ WHIPPET_HTTP_PORT: '0' }, 'http.port', 0);
  accepts({ WHIPPET_BUCKET_SECONDS: '1' }, 'bucket_seconds', 1);
  accepts({ WHIPPET_OUTPUTS_PROMETHEUS: 'false' }, 'outputs.prometheus.enabled', false);
  accepts({ WHIPPET_OUTPUTS_PROMETHEUS_ENABLED: 'false' }, 'outputs.prometheus.enabled', false);
  accepts({ DD_DOGSTATSD_PORT: '' }, 'dogstatsd_port', 8125);
  accepts({ DD_DOGSTATSD_PORT: undefined }, 'dogstatsd_port', 8125);

  test('are named after the key, and no two keys share one', () => {
    const variables = CONFIG_KEYS.map((key) => key.variable);
    expect(new Set(variables).size).toBe(variables.length);
    expect(variables).toContain('DD_DOGSTATSD_NON_LOCAL_TRAFFIC');
    expect(variables).toContain('WHIPPET_OUTPUTS_PROMETHEUS_EXPIRY_SECONDS');
  });
});

describe('variables that are ignored silently', () => {
  const ignores = (variable: string, value: string) =>
    test(`${variable}=${value}`, () => {
      const { config, warnings } = loadConfig({ env: { [variable]: value } });
      expect(config).toEqual(loadConfig({}).config);
      expect(warnings).toEqual([]);
    });
  ignores('PATH', '/bin');
  ignores('DD_LOGS_ENABLED', 'true');
  ignores('DD_USE_DOGSTATSD', 'true');
  ignores('DD_AGENT_HOST', '10.0.0.1');
  ignores('DD_HTTP_PORT', '1');
  // What Kubernetes makes for services named whippet and whippet-http.
  ignores('WHIPPET_SERVICE_HOST', '10.0.0.7');
  ignores('WHIPPET_SERVICE_PORT_DOGSTATSD', '8125');
  ignores('WHIPPET_PORT', 'udp://10.0.0.7:8125');
  ignores('WHIPPET_PORT_8125_UDP_ADDR', '10.0.0.7');
  ignores('WHIPPET_HTTP_PORT', 'tcp://10.0.0.7:8127');
});

describe('variables that are warned about', () => {
  const warns = (variable: string, want: string) =>
    test(variable, () => expect(loadConfig({ env: { [variable]: '1' } }).warnings).toEqual([want]));
  warns(
    'DD_DOGSTATSD_PROT',
    'DD_DOGSTATSD_PROT is not a known key; did you mean DD_DOGSTATSD_PORT? (environment)',
  );
  warns(
    'DD_DOGSTATD_PORT',
    'DD_DOGSTATD_PORT is not a known key; did you mean DD_DOGSTATSD_PORT? (environment)',
  );
  warns('DD_DOGSTATSD_COLOUR_OF_SKY', 'DD_DOGSTATSD_COLOUR_OF_SKY is not a known key (environment)');
  warns('DD_DOGSTATSD_STATS_ENABLE', 'not used by this version: DD_DOGSTATSD_STATS_ENABLE');
  warns(
    'DD_DOGSTATSD_MEM_BASED_RATE_LIMITER_GO_GC',
    'not used by this version: DD_DOGSTATSD_MEM_BASED_RATE_LIMITER_GO_GC',
  );
});

describe('variables that are refused', () => {
  const rejects = (env: Environment, message: string) =>
    test(JSON.stringify(env), () => expect(() => loadConfig({ env })).toThrow(message));
  rejects(
    { WHIPPET_HTTP_PROT: '1' },
    'WHIPPET_HTTP_PROT is not a known key; did you mean WHIPPET_HTTP_PORT?',
  );
  rejects({ WHIPPET_COLOUR: '1' }, 'WHIPPET_COLOUR is not a known key (environment)');
  rejects(
    { WHIPPET_DOGSTATSD_PORT: '1' },
    'WHIPPET_DOGSTATSD_PORT is not a known key; did you mean DD_DOGSTATSD_PORT?',
  );
  rejects({ WHIPPET_CONFG: '/x' }, 'did you mean WHIPPET_CONFIG?');
  rejects(
    { WHIPPET_OUTPUTS_PROMETHEUS: 'true', WHIPPET_OUTPUTS_PROMETHEUS_ENABLED: 'false' },
    'outputs.prometheus.enabled is set twice (env WHIPPET_OUTPUTS_PROMETHEUS, env WHIPPET_OUTPUTS_PROMETHEUS_ENABLED); keep one',
  );
  rejects({ WHIPPET_HTTP_PORT: 'x' }, 'http.port is "x" (env WHIPPET_HTTP_PORT); allowed: an integer');
});
