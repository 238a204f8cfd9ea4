/** The single executable: built, started without Node.js on the PATH, and used. Prints its size and how long it takes to start. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ROOT, run } from './project.ts';

const BYTES_MAX = 150e6;
const START_MS_MAX = 500;
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };

let folder: string;
let file: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'whippet-single-file-'));
  const { stdout, output, status } = run(ROOT, process.execPath, 'scripts/single-file.mjs', folder);
  expect(status, output).toBe(0);
  file = stdout.trim().split('\n').at(-1) as string;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The environment of a start: no PATH, and a home of its own. */
function home(name: string): NodeJS.ProcessEnv {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  return { HOME: path };
}

function start(env: NodeJS.ProcessEnv, ...words: string[]): { text: string; ms: number } {
  const begin = performance.now();
  const { stdout, stderr, status } = spawnSync(file, words, { env, encoding: 'utf8', timeout: 60_000 });
  expect(status, stderr).toBe(0);
  return { text: stdout.trim(), ms: performance.now() - begin };
}

it('starts on a machine without Node.js, at once from the second time on', () => {
  const size = statSync(file).size;
  expect(size).toBeLessThan(BYTES_MAX);
  const env = home('first');
  const first = start(env, '--version');
  expect(first.text).toBe(version);
  const later = Array.from({ length: 9 }, () => start(env, '--version').ms);
  expect(Math.min(...later)).toBeLessThan(START_MS_MAX);
  console.log(
    `single file: ${(size / 1e6).toFixed(0)} MB, first start ${first.ms.toFixed(0)} ms, later ${Math.min(...later).toFixed(0)} ms`,
  );
});

it('runs the server with its threads and system calls', async () => {
  const env = home('server');
  const socket = join(folder, 'dsd.sock');
  const server = spawn(
    file,
    ['run', '--port', '0', '--socket', socket, '--set', 'http.port=0', '--set', 'bucket_seconds=1'],
    { env, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  try {
    const lines = createInterface({ input: server.stderr })[Symbol.asyncIterator]();
    const until = async (wanted: (message: string) => boolean): Promise<Record<string, unknown>> => {
      for (;;) {
        const { value, done } = await lines.next();
        if (done === true) throw new Error('the server ended');
        const entry = JSON.parse(value) as { msg: string };
        if (wanted(entry.msg)) return entry;
      }
    };
    const { port } = await until((message) => message === 'HTTP is up');
    expect(start(env, 'send', '--count', 'a.b', '3', '--to', `unix://${socket}`).text).toContain(
      'sent 1 line',
    );
    await until((message) => message.includes('samples=1'));
    expect(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()).toMatch(/^a_b 3$/m);
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toMatch(/<!doctype html>/i);
    server.kill('SIGTERM');
    expect((await once(server, 'exit'))[0]).toBe(0);
  } finally {
    server.kill('SIGKILL');
  }
});

it('has the Kafka client', async () => {
  const settings = ['http.port=-1', 'global.role=edge', 'global.kafka.brokers=127.0.0.1:1'];
  const words = ['run', '--port', '0', ...settings.flatMap((setting) => ['--set', setting])];
  const server = spawn(file, words, { env: home('kafka'), stdio: ['ignore', 'ignore', 'pipe'] });
  try {
    let text = '';
    for await (const line of createInterface({ input: server.stderr })) {
      text += `${line}\n`;
      // It says that it cannot reach the broker, or that there is no client.
      if (/127\.0\.0\.1:1\b|not installed/.test(line)) break;
    }
    expect(text).toMatch(/127\.0\.0\.1:1\b/);
    expect(text).not.toContain('not installed');
  } finally {
    server.kill('SIGKILL');
  }
});

it('two first starts at the same time both work, and leave one folder', async () => {
  const env = home('twice');
  const children = [0, 1].map(() => spawn(file, ['--version'], { env, stdio: 'ignore' }));
  const codes = await Promise.all(children.map(async (child) => (await once(child, 'exit'))[0]));
  expect(codes).toEqual([0, 0]);
  expect(readdirSync(join(folder, 'twice/.cache'))).toHaveLength(1);
});

it('does not run what others may have written', () => {
  const env = home('others');
  start(env, '--version');
  const cache = join(folder, 'others/.cache');
  const [name] = readdirSync(cache) as [string];
  chmodSync(join(cache, name), 0o777);
  rmSync(join(cache, name, 'start.cjs'));
  expect(start({ ...env, TMPDIR: folder }, '--version').text).toBe(version);
});
