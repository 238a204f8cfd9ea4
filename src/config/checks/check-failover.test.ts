import { expect, it } from 'vitest';
import { failoverOf } from '../../outputs/datadog/failover.ts';
import { loadConfig } from '../load.ts';

const KEY = 'a'.repeat(32);
const load = (multi_region_failover: object) =>
  loadConfig({ values: { multi_region_failover }, valuesAreCode: true }).config;
const ON = { enabled: true, failover_metrics: true };

it.each<[string, object, string]>([
  ['no key', { ...ON, site: 'datadoghq.eu' }, 'set multi_region_failover.api_key'],
  ['no place', { ...ON, api_key: KEY }, 'set multi_region_failover.site'],
  ['a handle', { ...ON, api_key: 'ENC[x]', site: 'datadoghq.eu' }, 'is a handle'],
])('a failover region with %s is refused', (_, keys, reason) => expect(() => load(keys)).toThrow(reason));

it('a failover region gets nothing, and needs nothing, until both switches are on', () => {
  for (const keys of [{ enabled: true }, { failover_metrics: true }])
    expect(failoverOf(load(keys).multi_region_failover)).toBeUndefined();
});

it('a failover region is found by its site or its URL, and gets all series or those that are named', () => {
  const keys = { ...ON, api_key: KEY, site: 'datadoghq.eu' };
  expect(failoverOf(load(keys).multi_region_failover)).toEqual({
    place: { dd_url: 'https://app.mrf.datadoghq.eu', site: 'datadoghq.eu', api_key: KEY },
    series: undefined,
  });
  const named = { ...keys, dd_url: 'https://second.example.com', metric_allowlist: ['a.max', 'ü'] };
  expect(failoverOf(load(named).multi_region_failover)).toEqual({
    place: { dd_url: 'https://second.example.com', site: 'datadoghq.eu', api_key: KEY },
    series: new Set(['a.max', '\xc3\xbc']),
  });
});

it.each(['observability_pipelines_worker', 'vector'])('%s needs a URL', (name) => {
  const load = (metrics: object) => loadConfig({ values: { [name]: { metrics } }, valuesAreCode: true });
  expect(() => load({ enabled: true })).toThrow(`set ${name}.metrics.url`);
  expect(() => load({ enabled: true, url: 'http://127.0.0.1:8282' })).not.toThrow();
});
