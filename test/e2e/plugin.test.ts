/** Plugins in a real server: the example of docs/plugin.md, and modules that behave badly. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { runWhippet } from '../support/processes/command.ts';
import { ServerProcess } from '../support/processes/server-process.ts';

let folder: string;
let server: ServerProcess | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'whippet-plugin-'));
});
afterEach(async () => {
  await server?.dispose();
  server = undefined;
  rmSync(folder, { recursive: true, force: true });
});

function moduleOf(code: string): string {
  const path = join(folder, 'module.mjs');
  writeFileSync(path, code);
  return path;
}

async function start(code: string, plugin: object = {}): Promise<ServerProcess> {
  server = await ServerProcess.start({
    config: { outputs: { plugin: { path: moduleOf(code), ...plugin } } },
  });
  return server;
}

const lostIn = async (running: ServerProcess): Promise<Record<string, number>> => {
  const outputs = JSON.parse((await running.get('/api/outputs')).text) as {
    name: string;
    endpoints: { losses: { reason: string; items: number }[]; restarts: number }[];
  }[];
  const [plugin] = outputs.find(({ name }) => name === 'plugin')?.endpoints ?? [];
  const losses = (plugin?.losses ?? []).map(({ reason, items }) => [reason, items]);
  return { ...Object.fromEntries(losses), restarts: plugin?.restarts ?? 0 };
};

it('the example of the documentation gets every flush, and is closed', async () => {
  const document = readFileSync(new URL('../../docs/plugin.md', import.meta.url), 'utf8');
  const code = /```js\n(\/\/ summary\.mjs\n.*?)```/s.exec(document)?.[1] ?? '';
  const path = join(folder, 'summary.txt');
  const running = await start(code, { options: { path }, match: ['web.*'] });
  running.send('udp', [
    ['web.hits:20|c', 'web.load:3|g', 'db:9|g', '_e{1,1}:t|x', '_sc|web.up|0'].join('\n'),
  ]);
  const text = (): string => readFileSync(path, 'utf8');
  await running.until(() => running.series('db').length > 0, 'the flush is written');
  await running.stop();
  // The rate of one second, and the gauge.
  expect(text()).toMatch(/^\d+(\.\d+)? web\.hits web\.load total=23 events=1 checks=1 final=(true|false)$/m);
  expect(text().trimEnd().split('\n').at(-1)).toBe('closed');
});

it('a module that hangs in a loop loses its flush, and the server goes on', async () => {
  const running = await start('export default { write() { for (;;); } };', { timeout_seconds: 0.5 });
  running.send('udp', ['a:1|c']);
  await running.until(async () => ((await lostIn(running)).hung ?? 0) > 0, 'the thread is ended');
  running.send('udp', ['b:1|c']);
  await running.until(() => running.series('b').length > 0, 'the file has what came later');
  const health = await running.get('/health');
  expect(health.text).toContain('did not end within 0.5 seconds');
  const { stdout } = await runWhippet(['status', '--url', `http://127.0.0.1:${running.httpPort}`]);
  expect(stdout).toMatch(/^plugin .*: down for /m);
  expect(stdout).toContain('hung');
});

it('a module that throws, and one that exits, are counted and started again', async () => {
  const running = await start(`
    let flushes = 0;
    export default { write() { if (++flushes === 1) throw new Error('not today'); process.exit(3); } };
  `);
  running.send('udp', ['a:1|g']);
  await running.until(async () => ((await lostIn(running)).failed ?? 0) > 0, 'a write has failed');
  running.send('udp', ['a:2|g']);
  await running.until(async () => ((await lostIn(running)).crashed ?? 0) > 0, 'the thread has ended');
  await running.until(async () => ((await lostIn(running)).restarts ?? 0) > 0, 'it is started again');
  expect(running.log.some(({ msg }) => msg.includes('the plugin failed'))).toBe(true);
});

it('a heap without end takes its thread, not the server', async () => {
  const running = await start(
    'const all = []; export default { write() { for (;;) all.push(new Array(1000).fill({})); } };',
    { memory_mib: 32 },
  );
  running.send('udp', ['a:1|g']);
  await running.until(async () => ((await lostIn(running)).crashed ?? 0) > 0, 'the thread has ended');
  running.send('udp', ['b:1|g']);
  await running.until(() => running.series('b').length > 0, 'the server goes on');
});

it.each([
  ['export default 5;', 'no function write(flush)'],
  ["throw new Error('I am not well');", 'I am not well'],
  ['export default {', 'Unexpected'],
])('a module that cannot be loaded ends the start: %s', async (code, reason) => {
  await expect(start(code)).rejects.toThrow(/ERR_PLUGIN_LOAD/);
  await expect(start(code)).rejects.toThrow(reason);
});
