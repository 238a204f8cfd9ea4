/**
 * A user's project with the package installed, and what has to work in it: the command, a server that takes a metric over UDP
 * and over a Unix socket, the test kit as ES module and as CommonJS, the embedded server, the parser, and the types.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const RUN_MS = 300_000;

/** A program that ends with code 0 when the package works; it is run by the Node.js in question. */
const PROBE = `
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { startServer } from 'whippet';
import { parseLine } from 'whippet/protocol';
import { startTestServer } from 'whippet/testing';

setTimeout(() => {
  console.error('the probe took too long');
  process.exit(3);
}, 90_000).unref();
const bin = join(import.meta.dirname ?? process.cwd(), 'node_modules/whippet/dist/esm/whippet.js');
const folder = mkdtempSync(join(tmpdir(), 'whippet-probe-'));
const unix = process.platform === 'linux' ? ['--socket', join(folder, 'dsd.sock')] : [];
const send = async (port, line) => {
  const socket = createSocket('udp4');
  socket.send(line, port, '127.0.0.1', () => socket.close());
  await once(socket, 'close');
};
const run = async (...words) => {
  const child = spawn(process.execPath, [bin, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (data) => { text += data; });
  const [code] = await once(child, 'close');
  assert.equal(code, 0, words.join(' '));
  return text;
};

// The command and a server.
assert.match(await run('--version'), /^\\d+\\.\\d+\\.\\d+/);
assert.match(await run('explain', 'a.b:1|c|#env:dev'), /env:dev/);
const started = Date.now();
const server = spawn(process.execPath, [bin, 'run', '--port', '0', '--set', 'http.port=0', '--set', 'bucket_seconds=1', '--set', 'outputs.datadog.enabled=false', ...unix], { stdio: ['ignore', 'inherit', 'pipe'] });
process.on('exit', () => server.kill('SIGKILL'));
const lines = createInterface({ input: server.stderr })[Symbol.asyncIterator]();
const until = async (wanted) => {
  for (;;) {
    const { value, done } = await lines.next();
    assert.ok(!done, 'the server ended');
    const entry = JSON.parse(value);
    if (wanted(entry)) return entry;
  }
};
const udp = await until(({ msg, listener }) => msg === 'listening' && listener === 'udp');
const http = await until(({ msg }) => msg === 'HTTP is up');
const upMs = Date.now() - started;
await send(Number(udp.address.split(':').at(-1)), 'page.views:1|c|#env:dev');
if (unix.length > 0) await run('send', '--count', 'unix.views', '2', '--to', 'unix://' + unix[1]);
await until(({ msg }) => /^flush .* samples=[12]/.test(msg));
const base = 'http://127.0.0.1:' + http.port;
const page = await (await fetch(base + '/metrics')).text();
assert.match(page, /page_views\\{env="dev"\\} 1/);
assert.match(await (await fetch(base + '/')).text(), /<!doctype html>/i);
assert.equal((await fetch(base + '/ready')).status, 200);
server.kill('SIGTERM');
assert.equal((await once(server, 'exit'))[0], 0);

// The test kit in both kinds of module, the embedded server and the parser.
for (const start of [startTestServer, createRequire(import.meta.url)('whippet/testing').startTestServer]) {
  const dsd = await start();
  await send(dsd.port, 'paid:3|c|#env:test');
  await dsd.waitFor({ name: 'paid', sum: 3 });
  await dsd.close();
}
const flushes = [];
const embedded = await startServer({
  config: { dogstatsd_port: 0, bucket_seconds: 1 },
  outputs: [{ name: 'mine', write: (flush) => void flushes.push(flush) }],
});
await send(embedded.port, 'own:1|c');
await embedded.stop();
assert.deepEqual(flushes.flatMap(({ series }) => series.map(({ name }) => name)), ['own']);
assert.equal(parseLine('a.b:1|c').name, 'a.b');
rmSync(folder, { recursive: true });
console.log(JSON.stringify({ upMs }));
process.exit(0);
`;

const TYPED = `
import { explain, simulate, startServer, type ConfigValues } from 'whippet';
import { assertReceivedMetric, startFakeIntake, startTestServer } from 'whippet/testing';
import * as protocol from 'whippet/protocol';

export async function check(): Promise<void> {
  const config: ConfigValues = { dogstatsd_port: 0, outputs: { console: false }, rules: [{ match: 'a.*', drop: true }] };
  // @ts-expect-error: there is no such key
  const wrong: ConfigValues = { dogstatsd_prot: 0 };
  const server = await startServer({ config });
  const dsd = await startTestServer();
  assertReceivedMetric(dsd, 'a', { sum: 1 });
  // @ts-expect-error: there is no such key
  assertReceivedMetric(dsd, 'a', { summ: 1 });
  const intake = await startFakeIntake({ port: 0 });
  console.log(server.port, intake.url, explain, simulate, protocol, wrong);
}
`;
/** How a project finds modules, and the kind of module it is itself. */
export const RESOLUTIONS = [
  { module: 'Node16', moduleResolution: 'Node16', type: 'module' },
  { module: 'NodeNext', moduleResolution: 'NodeNext', type: 'module' },
  { module: 'ESNext', moduleResolution: 'Bundler', type: 'module' },
] as const;

export interface Ran {
  readonly stdout: string;
  /** Both streams. */
  readonly output: string;
  readonly status: number | null;
}

/** An empty project, in which a package that does not support the Node.js of the installation is an error. */
export function makeProject(): string {
  const path = mkdtempSync(join(tmpdir(), 'whippet-package-'));
  writeFileSync(
    join(path, 'package.json'),
    JSON.stringify({ name: 'project', private: true, type: 'module' }),
  );
  writeFileSync(join(path, '.npmrc'), 'engine-strict=true\n');
  return path;
}

/** Runs a command in the environment of a user, without what the test runner sets. */
export function run(cwd: string, command: string, ...words: readonly string[]): Ran {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(VITEST|NODE_ENV|NODE_OPTIONS|npm_|TEST$|DEV$|PROD$|MODE$)/.test(name),
    ),
  );
  const { stdout, stderr, status } = spawnSync(command, words, {
    cwd,
    env,
    encoding: 'utf8',
    timeout: RUN_MS,
  });
  return { stdout, output: stdout + stderr, status };
}

/** The tarball that `npm pack` makes of what is built, in a folder. */
export function packInto(folder: string): string {
  mkdirSync(folder, { recursive: true });
  const { stdout, output, status } = run(
    ROOT,
    'npm',
    'pack',
    '--ignore-scripts',
    '--silent',
    '--pack-destination',
    folder,
  );
  if (status !== 0) throw new Error(output);
  return join(folder, stdout.trim());
}

/** Runs the probe with a Node.js. */
export function probe(project: string, node: string): Ran {
  writeFileSync(join(project, 'probe.mjs'), PROBE);
  return run(project, node, 'probe.mjs');
}

/** Compiles a program that imports the package, with everything checked and without the DOM's types. */
export function compile(project: string, resolution: (typeof RESOLUTIONS)[number]): Ran {
  const { type, ...options } = resolution;
  const compilerOptions = {
    ...{
      strict: true,
      noEmit: true,
      skipLibCheck: false,
      target: 'ES2022',
      lib: ['ES2023'],
      types: ['node'],
    },
    ...options,
  };
  writeFileSync(join(project, 'check.ts'), TYPED);
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['check.ts'] }));
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'project', private: true, type }));
  return run(project, process.execPath, join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', '.');
}

export function removeProject(path: string): void {
  rmSync(path, { recursive: true, force: true });
}
