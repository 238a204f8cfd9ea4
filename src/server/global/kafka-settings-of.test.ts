import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadConfig } from '../../config/load.ts';
import { kafkaSettingsOf } from './kafka-settings-of.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'whippet-kafka-settings-'));
  for (const name of ['ca', 'cert', 'key']) writeFileSync(join(folder, name), `pem of ${name}`);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function settingsOf(kafka: object, hostname = 'h') {
  const global = { role: 'global', kafka: { brokers: ['k:9092'], ...kafka } };
  return kafkaSettingsOf(loadConfig({ values: { hostname, global } }).config, 'fleet.2');
}

it('has neither TLS nor a login unless they are configured', () => {
  expect(settingsOf({})).toEqual({
    brokers: ['k:9092'],
    clientId: 'whippet-h',
    topicPrefix: 'fleet.2',
    createTopics: true,
    replicationFactor: 3,
    minInsyncReplicas: 2,
    retentionHours: 24,
    compression: 'none',
    tls: undefined,
    sasl: undefined,
  });
});

it('reads the files of TLS, and leaves out those that are not named', () => {
  expect(settingsOf({ tls: true }).tls).toEqual({ ca: undefined, cert: undefined, key: undefined });
  const path = (name: string) => join(folder, name);
  const files = { tls_ca_file: path('ca'), tls_cert_file: path('cert'), tls_key_file: path('key') };
  expect(settingsOf({ tls: true, ...files }).tls).toEqual({
    ca: Buffer.from('pem of ca'),
    cert: Buffer.from('pem of cert'),
    key: Buffer.from('pem of key'),
  });
});

it('names mechanisms as the client does', () => {
  const login = { sasl_username: 'u', sasl_password: 'p' };
  expect(settingsOf({ sasl_mechanism: 'scram-sha-512', ...login }).sasl).toEqual({
    mechanism: 'SCRAM-SHA-512',
    username: 'u',
    password: 'p',
  });
});
