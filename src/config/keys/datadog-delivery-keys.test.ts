import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadConfig } from '../load.ts';
import { valueAt } from '../schema.ts';
import type { Environment } from '../sources/environment.ts';
import { describeSource } from '../sources/setting.ts';

const KEY = '0123456789abcdef0123456789abcdef';
const folder = mkdtempSync(join(tmpdir(), 'whippet-delivery-keys-'));
const file = join(folder, 'datadog.yaml');
beforeAll(() => writeFileSync(file, 'proxy:\n  http: http://from-file:1\n  no_proxy: [a.test]\n'));
afterAll(() => rmSync(folder, { recursive: true }));

const accepts = (env: Environment, key: string, want: unknown, source?: string) =>
  test(`${JSON.stringify(env)} sets ${key}`, () => {
    const { config, sources } = loadConfig({ env, file });
    expect(valueAt(config, key)).toEqual(want);
    if (source !== undefined) expect(describeSource(sources.get(key) ?? { kind: 'default' })).toBe(source);
  });
const rejects = (values: object, message: string) =>
  test(`${JSON.stringify(values)} is refused`, () => {
    expect(() => loadConfig({ values })).toThrow(message);
  });

describe('the intake', () => {
  accepts({ DD_URL: 'http://a.test' }, 'dd_url', 'http://a.test');
  accepts({ DD_DD_URL: 'http://a.test', DD_URL: 'http://b.test' }, 'dd_url', 'http://a.test');
  accepts({ DD_SITE: 'datadoghq.eu' }, 'site', 'datadoghq.eu');
  accepts({ DD_API_KEY: ` ${KEY}\n` }, 'api_key', KEY);
  accepts(
    { DD_ADDITIONAL_ENDPOINTS: `{"https://a.test": ["k1", "k2"], "https://b.test": "k3"}` },
    'additional_endpoints',
    {
      'https://a.test': ['k1', 'k2'],
      'https://b.test': ['k3'],
    },
  );
  rejects(
    { dd_url: 'intake.test' },
    'dd_url is "intake.test" (given values); allowed: text that is an http or https URL',
  );
  rejects({ api_key: 12345678901 }, 'api_key is "******78901" (given values); allowed: a key without spaces');
  rejects({ additional_endpoints: { 'a.test': ['k'] } }, 'additional_endpoints is ');
  rejects(
    { api_key: 'ENC[dd key]' },
    'api_key is a handle, ENC[...]: secret backends are not supported; set api_key_file',
  );
  rejects(
    { additional_endpoints: { 'https://a.test': ['ENC[x]'] } },
    'a key of https://a.test in additional_endpoints is a handle',
  );
  test('a handle is no error where it is not used', () => {
    const values = { api_key: 'ENC[x]', 'outputs.datadog': false };
    expect(loadConfig({ values }).config.outputs.datadog.enabled).toBe(false);
  });
});

describe('a key in a file', () => {
  const keyFile = join(folder, 'key');
  beforeAll(() => writeFileSync(keyFile, `${KEY}\n`));

  accepts({ WHIPPET_API_KEY_FILE: keyFile }, 'api_key', KEY, `file ${keyFile}`);
  rejects({ api_key_file: keyFile, api_key: KEY }, 'are both set; keep one');
  rejects({ api_key_file: join(folder, 'none') }, 'the API key file');
  rejects({ api_key_file: '/dev/null' }, 'the API key file /dev/null is empty');
});

describe('proxies', () => {
  accepts({}, 'proxy.http', 'http://from-file:1');
  accepts({ http_proxy: 'small:1' }, 'proxy.http', 'small:1', 'env http_proxy');
  accepts({ HTTP_PROXY: 'large:1', http_proxy: 'small:1' }, 'proxy.http', 'large:1', 'env HTTP_PROXY');
  accepts({ HTTP_PROXY: '', http_proxy: 'small:1' }, 'proxy.http', 'http://from-file:1');
  accepts({ DD_PROXY_HTTP: 'ours:1', HTTP_PROXY: 'large:1' }, 'proxy.http', 'ours:1', 'env DD_PROXY_HTTP');
  accepts({ HTTPS_PROXY: 'https://p:1' }, 'proxy.https', 'https://p:1');
  accepts({ NO_PROXY: 'b.test, .c.test,10.0.0.0/8' }, 'proxy.no_proxy', ['b.test', '.c.test', '10.0.0.0/8']);
  accepts({ DD_PROXY_NO_PROXY: 'b.test c.test' }, 'proxy.no_proxy', ['b.test', 'c.test']);
  accepts({ HTTP_PROXY: 'socks5://p:1' }, 'proxy.http', 'socks5://p:1');
  rejects(
    { api_key: KEY, proxy: { https: 'socks5://user:hunter2@p:1' } },
    'proxy.https is socks5://user:***@p:1; allowed: an http or https URL',
  );
  test('a proxy in the wrong place is refused without its password', () => {
    const load = (): unknown => loadConfig({ values: { proxy: 'http://user:hunter2@p:1' } });
    expect(load).toThrow('it is a section: set a key in it, such as proxy.http');
    expect(load).not.toThrow('hunter2');
  });
});

describe('delivery', () => {
  rejects({ api_key: KEY, forwarder_storage_max_size_in_bytes: 1 }, 'set forwarder_storage_path');
  test('a folder for files without room for them is warned of', () => {
    const { warnings } = loadConfig({ values: { api_key: KEY, forwarder_storage_path: '/x' } });
    expect(warnings).toEqual([expect.stringContaining('forwarder_storage_max_size_in_bytes is 0')]);
  });
  test.each([
    ['forwarder_backoff_factor', 1, 2],
    ['forwarder_backoff_base', 0, 2],
    ['forwarder_backoff_max', -1, 64],
    ['forwarder_recovery_interval', 0, 2],
    ['forwarder_apikey_validation_interval', 0, 60],
  ])('%s: %d is taken with a warning', (key, value, used) => {
    const { warnings } = loadConfig({ values: { api_key: KEY, [key]: value } });
    expect(warnings).toEqual([
      `${key} is ${value}, which makes no sense; ${used} is used instead, as in the Agent`,
    ]);
  });
});
