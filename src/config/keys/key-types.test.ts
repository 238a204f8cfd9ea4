/** What each kind of value reads and refuses, through loadConfig. */
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../load.ts';
import { valueAt } from '../schema.ts';

/** A value as a flag gives it (text) or as YAML does (anything). */
function load(key: string, value: unknown): unknown {
  return valueAt(loadConfig({ flags: [{ flag: '--x', key, value }] }).config, key);
}

const accepts = (key: string, value: unknown, want: unknown) =>
  test(`${key} reads ${JSON.stringify(value)} as ${JSON.stringify(want)}`, () => {
    expect(load(key, value)).toEqual(want);
  });

const rejects = (key: string, value: unknown, allowed: string) =>
  test(`${key} refuses ${JSON.stringify(value)}`, () => {
    expect(() => load(key, value)).toThrow(`(flag --x); allowed: ${allowed}`);
  });

describe('integers', () => {
  const port = 'an integer from -1 to 65535, or __random__';
  accepts('dogstatsd_port', 8126, 8126);
  accepts('dogstatsd_port', ' 8126 ', 8126);
  accepts('dogstatsd_port', 0, 0);
  accepts('dogstatsd_port', '-1', -1);
  accepts('dogstatsd_port', '65535', 65535);
  accepts('dogstatsd_port', '__random__', 0);
  rejects('dogstatsd_port', '65536', port);
  rejects('dogstatsd_port', -2, port);
  rejects('dogstatsd_port', '', port);
  rejects('dogstatsd_port', '1e3', port);
  rejects('dogstatsd_port', '0x10', port);
  rejects('dogstatsd_port', 8125.5, port);
  rejects('dogstatsd_port', Number.NaN, port);
  rejects('dogstatsd_port', true, port);
  rejects('dogstatsd_port', [8125], port);
  rejects('dogstatsd_port', { port: 1 }, port);
  rejects('dogstatsd_port', 'constructor', port);
  rejects('http.port', '__random__', 'an integer from -1 to 65535');
  rejects('dogstatsd_buffer_size', 511, 'an integer from 512 to 65536 bytes');
  rejects('dogstatsd_workers_count', 65, 'an integer from 0 to 64 threads');
  accepts('listeners.backlog_bytes', '1048576', 1048576);
  rejects('listeners.backlog_bytes', 1048577, 'a power of two from 1048576 to 1073741824 bytes');
  rejects('listeners.backlog_bytes', 524288, 'a power of two from 1048576 to 1073741824 bytes');
});

describe('seconds', () => {
  accepts('stop_timeout_seconds', '0.5', 0.5);
  accepts('dogstatsd_expiry_seconds', 0, 0);
  rejects('stop_timeout_seconds', '5s', 'a number from 0 to 3600 seconds');
  rejects('stop_timeout_seconds', Number.POSITIVE_INFINITY, 'a number from 0 to 3600 seconds');
});

describe('booleans', () => {
  for (const word of [true, 'true', 'True', 'yes', 'on', 't', '1', 1]) accepts('outputs.echo', word, true);
  for (const word of [false, 'false', 'NO', 'off', 'f', '0', 0]) accepts('listeners.portable', word, false);
  for (const word of ['', 'maybe', 2, [true], {}]) rejects('outputs.echo', word, 'true or false');
  accepts('outputs.console', 'auto', 'auto');
  accepts('outputs.console', 'false', false);
  rejects('outputs.console', 'sometimes', 'auto, true or false');
});

describe('texts', () => {
  accepts('dogstatsd_socket', '/run/dsd socket', '/run/dsd socket');
  accepts('hostname', 42, '42');
  accepts('hostname', true, 'true');
  rejects('hostname', 'two words', 'text without spaces');
  rejects('bind_host', '', 'text without spaces: an address or a host name');
  rejects('outputs.file.path', ['/a'], 'text');
  rejects('outputs.file.path', 'a\0b', 'text');
  accepts('log_level', 'WARNING', 'warn');
  accepts('log_level', 'critical', 'critical');
  rejects('log_level', 'loud', 'one of off, fatal, critical, error, warn, info, debug, trace, warning');
});

describe('lists', () => {
  accepts('dogstatsd_tags', 'env:prod  team:web', ['env:prod', 'team:web']);
  accepts('dogstatsd_tags', '', []);
  accepts('dogstatsd_tags', '["a b", "c"]', ['a b', 'c']);
  accepts('dogstatsd_tags', ['a', 1, true, 'a'], ['a', '1', 'true']);
  accepts('histogram_percentiles', [0.5, '0.99'], ['0.5', '0.99']);
  accepts('histogram_percentiles', 0.5, ['0.5']);
  accepts('histogram_aggregates', 'max max min', ['max', 'min']);
  accepts('dogstatsd_eol_required', 'udp uds named_pipe', ['udp', 'uds', 'named_pipe']);
  rejects(
    'dogstatsd_tags',
    [{ env: 'prod' }],
    'a list of tags such as env:prod (no space after the colon, no line breaks)',
  );
  rejects('dogstatsd_tags', '[a', 'a list of tags');
  rejects('dogstatsd_tags', { a: 1 }, 'a list of tags');
  rejects('histogram_percentiles', '95', 'a list of numbers from 0 to 1, such as 0.95');
  rejects('histogram_percentiles', ['x'], 'a list of numbers from 0 to 1, such as 0.95');
  rejects('histogram_aggregates', 'max mode', 'a list of max, min, median, avg, sum, count');
  rejects('dogstatsd_eol_required', 'http', 'a list of udp, uds, named_pipe, tcp');
});
