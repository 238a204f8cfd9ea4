import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { startTestServer } from '../test-server/start-test-server.ts';
import { beginRun, formatRun, leaveRecord, RUN_VARIABLE, readRun } from './run-record.ts';

const before = process.env[RUN_VARIABLE];
afterEach(() => {
  if (before === undefined) delete process.env[RUN_VARIABLE];
  else process.env[RUN_VARIABLE] = before;
});

it('adds up what several servers of a run received, also before a reset', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'whippet-run-test-'));
  beginRun(folder);
  process.env[RUN_VARIABLE] = folder;
  for (const lines of ['a:1|c|#env:x\nbad', 'a:2:3|c|#az:y\n_sc|up|0\n_e{1,1}:t|x']) {
    const dsd = await startTestServer();
    await fetch(`${dsd.url}/dogstatsd/v2/proxy`, { method: 'POST', body: lines });
    dsd.reset();
    await dsd.close();
  }
  const run = readRun(folder);
  expect(run).toEqual({
    metrics: [{ name: 'a', type: 'count', tagKeys: ['az', 'env'], messages: 2, samples: 3 }],
    events: ['t'],
    serviceChecks: ['up'],
    rejected: ['bad  format'],
  });
  expect(formatRun(run)).toContain('   a  count  az,env  3 values\n');
  rmSync(folder, { recursive: true });
  // The run is over: nothing is written, and nothing fails.
  const late = {
    metrics: () => [],
    events: () => [{ title: 'x' }],
    serviceChecks: () => [],
    rejected: () => [],
  };
  expect(() => leaveRecord(late)).not.toThrow();
});
