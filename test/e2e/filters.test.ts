/** Outputs with filters in a real server: each gets what it is meant to, and the ledger holds. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ServerProcess } from '../support/processes/server-process.ts';
import { wideBucketSeconds } from '../support/wide-bucket.ts';

let server: ServerProcess | undefined;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'whippet-filters-'));
});
afterEach(async () => {
  await server?.dispose();
  rmSync(folder, { recursive: true, force: true });
});

it('two files get different metrics, by the name after the namespace', async () => {
  const second = join(folder, 'second.ndjson');
  server = await ServerProcess.start({
    set: { statsd_metric_namespace: 'shop', 'outputs.file.match': 'shop.web.*' },
    config: { outputs: { file: { additional: [{ path: second, tags: ['env:prod'] }] } } },
  });
  const lines = ['web.a:1|c', 'web.b:2|c|#env:prod', 'db:3|c|#env:prod', '_e{1,1}:t|x|#env:prod', '_sc|up|0'];
  server.send('udp', [lines.join('\n')]);
  const { filePath } = server;
  await server.until(() => namesIn(filePath).length > 2, 'a file has its records');
  await server.until(() => namesIn(second).length > 2, 'the other file has its records');
  const page = (await server.get('/metrics')).text;
  expect(page).toContain('whippet_file_records_written_total{output="file_2"}');
  expect(await server.stop()).toBe(0);
  expect(namesIn(filePath)).toEqual(['event', 'shop.web.a', 'shop.web.b']);
  expect(namesIn(second)).toEqual(['event', 'shop.db', 'shop.web.b']);
});

it('/metrics shows what it is meant to, of the open bucket as well', async () => {
  server = await ServerProcess.start({
    set: {
      bucket_seconds: wideBucketSeconds(),
      'outputs.prometheus.match': 'web.*',
      'outputs.prometheus.tags': 'env:*',
      'outputs.prometheus.distributions': 'classic',
    },
  });
  const lines = [
    'web.a:1|c',
    'web.b:2|c|#env:prod',
    'web.time:5|d|#env:prod',
    'db:3|c|#env:prod',
    'db.time:1|d',
  ];
  server.send('udp', [lines.join('\n')]);
  let page = '';
  await server.until(async () => {
    page = (await server?.get('/metrics'))?.text ?? '';
    return page.includes('web_b{') && page.includes('web_time_count');
  }, 'the open bucket is shown');
  expect(page).toMatch(/^web_b\{env="prod"\} 2$/m);
  expect(page).not.toMatch(/^(web_a|db)/m);
  await server.stop();
});

function namesIn(path: string): string[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  // The last line is empty, or still being written.
  lines.pop();
  const records = lines.map((line) => JSON.parse(line) as { metric?: string; kind?: string });
  return [...new Set(records.map(({ metric, kind }) => metric ?? kind ?? ''))].sort();
}
