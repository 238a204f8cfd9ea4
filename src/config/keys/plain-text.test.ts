/** Blanks, quotes, schemes and ports around texts: the same for every key that holds one. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConfigError } from '../config-error.ts';
import { loadConfig } from '../load.ts';
import { CONFIG_KEYS, valueAt } from '../schema.ts';

/** A text that the key takes. */
const EXAMPLES: Readonly<Record<string, string>> = {
  api_key: 'abc123',
  site: 'datadoghq.eu',
  dd_url: 'https://intake.example.com',
  hostname: 'web-1',
  env: 'prod',
  bind_host: '127.0.0.1',
  'http.host': '127.0.0.1',
  'http.token': 'secret',
  'proxy.https': 'http://proxy:3128',
  statsd_forward_host: 'example.com',
  dogstatsd_socket: '/run/a.sock',
  dogstatsd_stream_socket: '/run/b.sock',
  dogstatsd_pipe_name: '/run/c.sock',
  statsd_metric_namespace: 'shop',
  'outputs.file.path': '/var/log/x.jsonl',
  log_level: 'debug',
  cluster_name: 'blue',
};

function load(key: string, value: unknown): unknown {
  return valueAt(loadConfig({ flags: [{ flag: '--x', key, value }] }).config, key);
}

function problemOf(key: string, value: unknown): string {
  try {
    load(key, value);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return 'nothing';
}

describe('blanks and quotes around a text', () => {
  const keys = Object.keys(EXAMPLES);
  test.each(keys)('of %s: blanks go', (key) => {
    const want = load(key, EXAMPLES[key]);
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(' ', '\t', '\n', '\r') }),
        fc.string({ unit: fc.constantFrom(' ', '\t', '\n', '\r') }),
        (before, after) => {
          expect(load(key, before + EXAMPLES[key] + after)).toEqual(want);
        },
      ),
      { numRuns: 20 },
    );
  });
  test.each(keys)('of %s: quotes are refused', (key) => {
    for (const quote of ['"', "'", '`'])
      for (const text of [`${quote}${EXAMPLES[key]}${quote}`, ` ${quote}${EXAMPLES[key]}`]) {
        const allowed =
          key === 'log_level' ? 'allowed: one of' : 'the quotes around it are part of the value';
        expect(problemOf(key, text)).toContain(allowed);
      }
  });
  test('every key of the kind text follows the rule', () => {
    for (const { path, documentation } of CONFIG_KEYS) {
      if (documentation.type !== 'text' || /^one of/.test(documentation.allowed)) continue;
      expect(problemOf(path, '"a"'), path).toContain('the quotes around it are part of the value');
    }
  });
  test('the reason never shows a key', () => {
    expect(problemOf('api_key', '"0123456789abcdef"')).not.toContain('0123456789');
  });
  test('URLs and keys of further endpoints follow it as well', () => {
    const endpoints = (value: object) =>
      loadConfig({ values: { additional_endpoints: value } }).config.additional_endpoints;
    expect(endpoints({ ' https://a.example.com ': [' key '] })).toEqual({ 'https://a.example.com': ['key'] });
    expect(() => endpoints({ 'https://a.example.com': ['"key"'] })).toThrow('the quotes around it');
  });
});

describe('paths of sockets', () => {
  const accepts = (key: string, text: string, want: string) =>
    test(`${key} takes ${text}`, () => expect(load(key, text)).toBe(want));
  const rejects = (key: string, text: string, want: string) =>
    test(`${key} refuses ${text}`, () => expect(problemOf(key, text)).toContain(want));
  accepts('dogstatsd_socket', 'unix:///run/x.sock', '/run/x.sock');
  accepts('dogstatsd_socket', 'unixgram:///run/x.sock', '/run/x.sock');
  accepts('dogstatsd_socket', 'UNIX:///run/x.sock', '/run/x.sock');
  accepts('dogstatsd_socket', 'unix:/run/x.sock', '/run/x.sock');
  accepts('dogstatsd_socket', 'unix://x.sock', 'x.sock');
  accepts('dogstatsd_stream_socket', 'unixstream:///run/x.sock', '/run/x.sock');
  accepts('dogstatsd_stream_socket', 'unix:///run/x.sock', '/run/x.sock');
  accepts('http.proxy_socket', 'unix:///run/x.sock', '/run/x.sock');
  accepts('dogstatsd_pipe_name', '\\\\.\\pipe\\statsd', 'statsd');
  rejects('dogstatsd_socket', 'unixstream:///run/x.sock', 'set dogstatsd_stream_socket to /run/x.sock');
  rejects('dogstatsd_stream_socket', 'unixgram:///run/x.sock', 'set dogstatsd_socket to /run/x.sock');
  rejects('dogstatsd_socket', 'udp://127.0.0.1:8125', 'udp:// is no Unix socket');
});

describe('hosts', () => {
  const accepts = (key: string, text: string, want: string) =>
    test(`${key} takes ${text}`, () => expect(load(key, text)).toBe(want));
  const rejects = (key: string, text: string, want: string) =>
    test(`${key} refuses ${text}`, () => expect(problemOf(key, text)).toContain(want));
  for (const key of ['bind_host', 'http.host', 'statsd_forward_host']) {
    accepts(key, '[::1]', '::1');
    accepts(key, '::1', '::1');
    accepts(key, 'localhost', 'localhost');
    rejects(key, 'udp://127.0.0.1', 'udp:// is no part of an address');
    rejects(key, '127.0.0.1/24', 'a path is no part of an address');
  }
  rejects('bind_host', '127.0.0.1:8125', 'set dogstatsd_port to 8125');
  rejects('bind_host', '[::1]:8125', 'set dogstatsd_port to 8125');
  rejects('http.host', 'localhost:9000', 'set http.port to 9000');
  rejects('statsd_forward_host', 'a.example.com:8125', 'set statsd_forward_port to 8125');
});
