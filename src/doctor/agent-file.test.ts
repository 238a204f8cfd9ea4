import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readAgentFile } from './agent-file.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'whippet-doctor-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function read(yaml: string) {
  const file = join(folder, 'datadog.yaml');
  writeFileSync(file, yaml);
  return readAgentFile(file).map(({ subject, status, detail }) => [subject, status, detail] as const);
}

describe('a key of an Agent', () => {
  it.each<[yaml: string, subject: string, status: string, detail: RegExp]>([
    ['dogstatsd_port: 8125', 'dogstatsd_port', 'same', /^$/],
    ['dogstatsd_port: 0', 'dogstatsd_port', 'differs', /0 turns UDP off/],
    ['tags: [a:b]', 'tags', 'differs', /on the data itself/],
    ['use_dogstatsd: false', 'use_dogstatsd', 'lost', /received all the same/],
    ['use_dogstatsd: true', 'use_dogstatsd', 'same', /nothing is different/],
    ['multi_region_failover: {enabled: true}', 'multi_region_failover.enabled', 'same', /^$/],
    [
      'multi_region_failover: {failover_metrics: true}',
      'multi_region_failover.failover_metrics',
      'differs',
      /cannot change it/,
    ],
    ['multi_region_failover: {failover_logs: true}', 'multi_region_failover.failover_logs', 'same', /./],
    ['cel_workload_exclude: [{products: [logs]}]', 'cel_workload_exclude', 'same', /./],
    ['cel_workload_exclude: [{products: [dogstatsd]}]', 'cel_workload_exclude', 'lost', /metric_filterlist/],
    ['dogstatsd_queue_size: 5', 'dogstatsd_queue_size', 'same', /works inside/],
    [
      'kubernetes_pod_labels_as_tag: {a: b}',
      'kubernetes_pod_labels_as_tag',
      'lost',
      /did you mean kubernetes_pod_labels_as_tags/,
    ],
    [
      'dogstatsd_mem_based_rate_limiter: {enabled: true}',
      'dogstatsd_mem_based_rate_limiter.enabled',
      'differs',
      /every listener/,
    ],
    ['dogstatsd_no_such: 1', 'dogstatsd_no_such', 'lost', /not a known key/],
    ['use_v3_api: {series: {enabled: true}}', 'use_v3_api.series.enabled', 'same', /^$/],
    [
      'use_v3_api: {series: {endpoints: {"https://a.example.com": true}}}',
      'use_v3_api.series.endpoints',
      'same',
      /^$/,
    ],
    ['logs_enabled: true', 'logs_enabled', 'other', /logs are not collected/],
    ['check_runners: 4', 'check_runners', 'other', /not about DogStatsD/],
  ])('%s', (yaml, subject, status, detail) => {
    expect(read(yaml)).toEqual([[subject, status, expect.stringMatching(detail)]]);
  });

  it('without a value is not there, and a broken file is one finding', () => {
    expect(read('dogstatsd_tags:\n')).toEqual([]);
    expect(read('a: [')).toMatchObject([[expect.stringContaining('datadog.yaml'), 'fail', /./]]);
    expect(readAgentFile(join(folder, 'none.yaml'))).toMatchObject([{ status: 'fail' }]);
  });
});
