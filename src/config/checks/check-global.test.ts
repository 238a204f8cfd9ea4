/** Keys of global aggregation that only make sense together. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../load.ts';

let folder: string;
let pem: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'whippet-check-global-'));
  pem = join(folder, 'some.pem');
  writeFileSync(pem, 'pem');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const BROKERS = ['k:9092'];

/** Warnings about a configuration that is accepted. */
function warningsOf(global: object, more: object = {}): readonly string[] {
  return loadConfig({ values: { hostname: 'h', global, ...more } }).warnings;
}

const accepts = (what: string, make: () => object) =>
  it(`accepts ${what}`, () => expect(warningsOf({ role: 'global', ...make() })).toEqual([]));

const warns = (what: string, global: object, part: string, more: object = {}) =>
  it(`warns of ${what}`, () => {
    const warnings = warningsOf(global, more);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(part);
  });

const rejects = (what: string, make: () => object, part: string) =>
  it(`rejects ${what}`, () => expect(() => warningsOf({ role: 'global', ...make() })).toThrow(part));

describe('global aggregation', () => {
  accepts('a role with a broker', () => ({ kafka: { brokers: BROKERS } }));
  accepts('brokers with IPv6 addresses', () => ({ kafka: { brokers: ['[::1]:9092'] } }));
  accepts('mutual TLS', () => ({
    kafka: { brokers: BROKERS, tls: true, tls_ca_file: pem, tls_cert_file: pem, tls_key_file: pem },
  }));
  accepts('a login over TLS', () => ({
    kafka: { brokers: BROKERS, tls: true, sasl_mechanism: 'plain', sasl_username: 'u', sasl_password: 'p' },
  }));
  accepts('a login with SCRAM without TLS', () => ({
    kafka: { brokers: BROKERS, sasl_mechanism: 'scram-sha-256', sasl_username: 'u', sasl_password: 'p' },
  }));
  it('accepts an edge with a folder', () => {
    expect(warningsOf({ role: 'edge', storage_path: folder, kafka: { brokers: BROKERS } })).toEqual([]);
  });
  it('is off, and says nothing, by default', () => expect(warningsOf({})).toEqual([]));

  rejects('a role without a broker', () => ({}), 'global.kafka.brokers is empty');
  rejects(
    'more replicas in sync than replicas',
    () => ({ kafka: { brokers: BROKERS, replication_factor: 1 } }),
    'no record would ever be acknowledged',
  );
  rejects(
    'a certificate without its key',
    () => ({ kafka: { brokers: BROKERS, tls: true, tls_cert_file: pem } }),
    'need each other',
  );
  rejects(
    'a key without its certificate',
    () => ({ kafka: { brokers: BROKERS, tls: true, tls_key_file: pem } }),
    'need each other',
  );
  rejects(
    'files for TLS without TLS',
    () => ({ kafka: { brokers: BROKERS, tls_ca_file: pem } }),
    'global.kafka.tls is false',
  );
  rejects(
    'a file that is not there',
    () => ({ kafka: { brokers: BROKERS, tls: true, tls_ca_file: join(folder, 'none.pem') } }),
    'cannot be read',
  );
  rejects(
    'a login without a user',
    () => ({ kafka: { brokers: BROKERS, sasl_mechanism: 'scram-sha-256' } }),
    'sasl_username is empty',
  );
  rejects(
    'a login without a password',
    () => ({ kafka: { brokers: BROKERS, sasl_mechanism: 'scram-sha-256', sasl_username: 'u' } }),
    'sasl_password is empty',
  );
  rejects(
    'a user without a login',
    () => ({ kafka: { brokers: BROKERS, sasl_username: 'u' } }),
    'sasl_mechanism is none',
  );
  rejects('a broker without a port', () => ({ kafka: { brokers: ['kafka-1'] } }), 'kafka-1');
  rejects('a role that does not exist', () => ({ role: 'owner' }), 'global.role');
  rejects('no partitions', () => ({ partitions: 0, kafka: { brokers: BROKERS } }), 'global.partitions');
  rejects('three levels', () => ({ levels: 3, kafka: { brokers: BROKERS } }), 'global.levels');
  rejects('a topic with a space', () => ({ topic: 'a b', kafka: { brokers: BROKERS } }), 'global.topic');

  const former = { topic: 'old', partitions: 8, until: '2026-12-01T12:00Z' };
  accepts('a former topic with the time of the change', () => ({ kafka: { brokers: BROKERS }, former }));
  rejects(
    'a former topic without the time of the change',
    () => ({ kafka: { brokers: BROKERS }, former: { ...former, until: '' } }),
    'global.former.until is empty',
  );
  rejects(
    'the time of a change without a former topic',
    () => ({ kafka: { brokers: BROKERS }, former: { until: former.until } }),
    'global.former.topic is empty',
  );
  rejects(
    'a former topic that is the present one',
    () => ({ kafka: { brokers: BROKERS }, topic: 'old', former }),
    'another number of partitions needs another topic',
  );
  rejects(
    'a time that does not exist',
    () => ({ kafka: { brokers: BROKERS }, former: { ...former, until: '2026-13-01T12:00Z' } }),
    'which is no time',
  );
  rejects(
    'a time of another form',
    () => ({ kafka: { brokers: BROKERS }, former: { ...former, until: 'tomorrow' } }),
    'global.former.until',
  );
  it('warns of a former topic on an edge', () => {
    const global = { role: 'edge', storage_path: folder, kafka: { brokers: BROKERS }, former };
    expect(warningsOf(global)).toEqual([expect.stringContaining('global.former has no effect')]);
  });

  warns(
    'rules that have no effect without a role',
    { role: 'none' },
    'have no effect while global.role is none',
    { rules: [{ match: 'a', global: true }] },
  );
  warns(
    'rules that have no effect on an owner',
    { role: 'global', kafka: { brokers: BROKERS } },
    'have no effect while global.role is global',
    { rules: [{ match: 'a', global: true }] },
  );
  warns(
    'a password in clear text',
    {
      role: 'global',
      kafka: { brokers: BROKERS, sasl_mechanism: 'plain', sasl_username: 'u', sasl_password: 'p' },
    },
    'the password crosses the network as it is',
  );
  warns('an edge without a folder', { role: 'edge', kafka: { brokers: BROKERS } }, 'kept in memory only');
  it('warns of an edge whose buckets have another width than most', () => {
    const global = { role: 'both', storage_path: folder, kafka: { brokers: BROKERS } };
    expect(warningsOf(global, { bucket_seconds: 5 })).toEqual([
      expect.stringContaining('all edges of a fleet need the same width'),
    ]);
  });
});
