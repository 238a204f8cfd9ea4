import { expect, it } from 'vitest';
import { loadConfig } from '../load.ts';

const KEY = 'a'.repeat(32);
const load = (additional: readonly object[], more: object = {}) =>
  loadConfig({ values: { ...more, outputs: { datadog: { additional } } }, valuesAreCode: true });

it('a further Datadog output needs a key alone', () => {
  const { config } = load([
    { api_key: KEY, match: ['web.*'] },
    { api_key: KEY, site: 'datadoghq.eu' },
  ]);
  expect(config.outputs.datadog.additional[0]).toMatchObject({ api_key: KEY, site: '', match: ['web.*'] });
});

it.each<[string, readonly object[], string]>([
  ['no key', [{ match: ['a'] }], 'entry 1: needs one of api_key and api_key_file'],
  ['two keys', [{ api_key: KEY, api_key_file: '/x' }], 'needs one of api_key and api_key_file'],
  ['a file that is not there', [{ api_key_file: '/no/such/file' }], '/no/such/file'],
  ['a file without a key', [{ api_key_file: '/dev/null' }], 'the API key file /dev/null is empty'],
  ['a handle', [{ api_key: 'ENC[x]' }], 'is a handle'],
  ['the same twice', [{ api_key: KEY }, { api_key: KEY, tags: ['a:b'] }], 'entry 2: has the place and key'],
  ['an unknown field', [{ api_kee: KEY }], 'did you mean api_key'],
])('%s is refused', (_, additional, reason) => expect(() => load(additional)).toThrow(reason));

it('is not looked at where Datadog is off', () => {
  const values = { outputs: { datadog: { enabled: false, additional: [{ match: ['a'] }] } } };
  expect(() => loadConfig({ values, valuesAreCode: true })).not.toThrow();
});
