/** `whippet/testing/node` under node:test itself: a run in a process of its own. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const KIT = new URL('../../dist/testing/node.js', import.meta.url).href;
const TESTS = `
import { createSocket } from 'node:dgram';
import { test } from 'node:test';
import { assertReceivedMetric, assertReceivedOnly, testServer } from '${KIT}';

const send = (dsd, line) => {
  const socket = createSocket('udp4');
  socket.send(line, dsd.port, dsd.host, () => socket.close());
};
test('receives', async (t) => {
  const dsd = await testServer(t);
  send(dsd, 'paid:3|c');
  await dsd.waitFor({ name: 'paid', sum: 3 }, { timeoutMs: 60_000 });
  assertReceivedOnly(dsd, ['paid']);
});
test('slips', async (t) => assertReceivedMetric(await testServer(t), 'paid', { summ: 3 }));
const limit = new AbortController();
test('runs into its limit', { signal: limit.signal }, async (t) => {
  const dsd = await testServer(t);
  send(dsd, 'piad:3|c');
  await dsd.waitFor({ name: 'piad' }, { timeoutMs: 60_000 });
  const waiting = dsd.waitFor({ name: 'paid' }, { timeoutMs: 60_000 });
  limit.abort();
  await waiting;
});
`;

it('closes its servers, and shows what a test waited for when its time was up', () => {
  const folder = mkdtempSync(join(tmpdir(), 'whippet-node-test-'));
  try {
    const file = join(folder, 'kit.test.mjs');
    writeFileSync(file, TESTS);
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const words = ['--test', '--test-reporter=tap', file];
    const { stdout, status } = spawnSync(process.execPath, words, {
      encoding: 'utf8',
      env,
      timeout: 100_000,
    });
    expect(status).toBe(1);
    expect(stdout).toContain('ok 1 - receives');
    expect(stdout).toMatch(/not ok 2 - slips[\s\S]*did you mean "sum"\?/);
    expect(stdout).toMatch(/not ok 3[\s\S]*still waiting when the test ended: expected metric paid/);
    expect(stdout).toContain('piad  count');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
