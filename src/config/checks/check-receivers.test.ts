import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../load.ts';

let folder: string;
let file: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'whippet-receivers-'));
  file = join(folder, 'secret');
  writeFileSync(file, 'x');
});
afterAll(() => rmSync(folder, { recursive: true }));

const load = (outputs: object) => loadConfig({ values: { outputs }, valuesAreCode: true });
const accepts = (outputs: object): void => {
  expect(load(outputs).config.outputs).toMatchObject({});
};
const rejects = (outputs: object, ...reasons: string[]): void => {
  for (const reason of reasons) expect(() => load(outputs)).toThrow(reason);
};

const SECTIONS = ['remote_write', 'otlp', 'influxdb', 'webhook'] as const;
const url = 'http://receiver:1/write';

describe.each(SECTIONS)('outputs.%s', (name) => {
  it('takes a URL alone, and nothing at all', () => {
    accepts({ [name]: { url } });
    accepts({ [name]: {} });
    accepts({ [name]: { additional: [{ url }] } });
  });

  it.each<[string, object, string]>([
    ['no URL', { url: 'receiver:1' }, 'http or https URL'],
    ['another scheme', { url: 'ftp://receiver' }, 'http or https URL'],
    ['a certificate without its key', { cert_file: '@file' }, 'cert_file and key_file belong together'],
    ['a key without its certificate', { key_file: '@file' }, 'cert_file and key_file belong together'],
    ['two ways to log in', { username: 'a', bearer_token: 'b' }, 'username and bearer_token are both set'],
    [
      'a login and the file of a token',
      { username: 'a', bearer_token_file: '@file' },
      'username and bearer_token are both set',
    ],
    [
      'two passwords',
      { username: 'a', password: 'b', password_file: '@file' },
      'password and password_file are both set',
    ],
    [
      'two tokens',
      { bearer_token: 'b', bearer_token_file: '@file' },
      'bearer_token and bearer_token_file are both set',
    ],
    ['a file that is away', { ca_file: '/nowhere/ca.pem' }, 'ca_file cannot be read'],
    ['a directory', { bearer_token_file: '/' }, 'bearer_token_file cannot be read'],
    ['a header of the protocol', { headers: { 'Content-Type': 'x' } }, 'headers'],
    ['authorization as a header', { headers: { authorization: 'x' } }, 'headers'],
  ])('refuses %s', (_, keys, reason) => {
    const real = JSON.parse(JSON.stringify(keys).replaceAll('@file', file)) as object;
    rejects({ [name]: { url, ...real } }, reason);
    rejects({ [name]: { additional: [{ url, ...real }] } }, reason);
  });

  it('says which entry it is', () => {
    rejects(
      { [name]: { url, additional: [{ url }, { url, username: 'a', bearer_token: 'b' }] } },
      `entry 2 of outputs.${name}.additional`,
    );
    rejects(
      { [name]: { additional: [{ match: ['a'] }] } },
      `entry 1 of outputs.${name}.additional: url is missing`,
    );
  });

  it('looks at nothing while there is no URL', () => {
    accepts({ [name]: { ca_file: '/nowhere/ca.pem', username: 'a', bearer_token: 'b' } });
  });

  it('a folder is needed for what is kept on disk', () => {
    const disk = { forwarder_storage_max_size_in_bytes: 1000, run_path: '' };
    const values = { ...disk, outputs: { [name]: { url } } };
    expect(() => loadConfig({ values, valuesAreCode: true })).toThrow('set forwarder_storage_path');
  });
});

describe('keys of one output', () => {
  it('gRPC has no path', () => {
    accepts({ otlp: { url: 'http://collector:4317', protocol: 'grpc' } });
    rejects({ otlp: { url: 'http://collector:4317/v1/metrics', protocol: 'grpc' } }, 'gRPC has none');
  });

  it('InfluxDB needs one place to write to', () => {
    accepts({ influxdb: { url: 'http://db:8086', bucket: 'b' } });
    accepts({ influxdb: { url: 'http://db:8086', database: 'd' } });
    accepts({ influxdb: { url: 'http://db:8086/write?db=d' } });
    rejects({ influxdb: { url: 'http://db:8086' } }, 'set database (version 1) or bucket');
    rejects(
      { influxdb: { url: 'http://db:8086', bucket: 'b', database: 'd' } },
      'database and bucket are both set',
    );
  });

  it('a webhook has one secret', () => {
    accepts({ webhook: { url, secret_file: file } });
    rejects({ webhook: { url, secret: 'a', secret_file: file } }, 'secret and secret_file are both set');
    rejects({ webhook: { url, secret_file: '/nowhere' } }, 'secret_file cannot be read');
  });

  it('Graphite has an address', () => {
    accepts({ graphite: { url: 'tcp://carbon:2003' } });
    accepts({ graphite: { url: 'tls://[::1]:2003' } });
    rejects({ graphite: { url: 'carbon:2003' } }, 'tcp://HOST:PORT');
    rejects({ graphite: { url: 'tcp://carbon' } }, 'tcp://HOST:PORT');
    rejects({ graphite: { url: 'tcp://carbon:99999' } }, 'not a valid address');
    rejects(
      { graphite: { url: 'tls://carbon:2003', cert_file: file } },
      'cert_file and key_file belong together',
    );
    rejects({ graphite: { url: 'tcp://carbon:2003', additional: [{}] } }, 'url is missing');
  });

  it('a plugin is a file that can be read', () => {
    accepts({ plugin: { path: file } });
    rejects({ plugin: { path: '/nowhere/plugin.mjs' } }, 'outputs.plugin: path cannot be read');
    rejects({ plugin: { additional: [{}] } }, 'path is missing');
  });

  it('two files are two paths', () => {
    const path = join(folder, 'a.ndjson');
    accepts({ file: { path, additional: [{ path: join(folder, 'b.ndjson') }] } });
    rejects(
      { file: { path, additional: [{ path }] } },
      'outputs.file.path and entry 1 of outputs.file.additional are both',
    );
  });
});
