/** Paths that are no files, as a server is given them: the start says so and ends, and a stop is never held up. */
import { execFileSync } from 'node:child_process';
import { closeSync, constants, existsSync, mkdtempSync, openSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ServerProcess, withServer } from '../support/processes/server-process.ts';

let folder: string;
let fifo: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'whippet-odd-'));
  fifo = join(folder, 'fifo');
  execFileSync('mkfifo', [fifo]);
});
afterEach(() => rmSync(folder, { recursive: true }));

async function failsWith(
  text: string,
  options: ConstructorParameters<typeof ServerProcess>[0],
): Promise<void> {
  const server = new ServerProcess(options);
  try {
    expect(await server.end()).toBeGreaterThan(0);
    expect(server.stderr).toContain(text);
  } finally {
    await server.dispose();
  }
}

it('a pipe that nobody reads is no output file: the start says so', () =>
  failsWith('a named pipe that nobody reads', { set: { 'outputs.file.path': fifo } }));

it.each(['api_key_file', 'workloads'])('a pipe that nobody writes to is no %s', (key) =>
  failsWith('a named pipe whose end did not come in time', { set: { [key]: fifo } }));

it('a pipe that nobody writes to is no configuration file', () =>
  failsWith('a named pipe whose end did not come in time', { args: ['--config', fifo] }));

it('a pipe whose reader stands still holds up no stop', async () => {
  const reader = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
  await withServer({ set: { 'outputs.file.path': fifo, stop_timeout_seconds: 10 } }, async (server) => {
    const lines = Array.from({ length: 2000 }, (_, i) => `odd.pipe:1|c|#id:${i}`);
    server.send('udp', [lines.slice(0, 1000).join('\n'), lines.slice(1000).join('\n')]);
    await server.until(async () => (await server.metricSum('whippet_file_records_held')) > 0, 'it is full');
    expect(await server.stop()).toBe(4);
  });
  closeSync(reader);
});

it('an output file that is renamed while the server runs is made again', async () => {
  await withServer({}, async (server) => {
    server.send('udp', ['odd.moved:1|c']);
    await server.until(() => server.total('odd.moved') === 1, 'the first is written');
    renameSync(server.filePath, `${server.filePath}.1`);
    await server.until(() => existsSync(server.filePath), 'the file is there again');
    server.send('udp', ['odd.moved:5|c']);
    await server.until(() => server.total('odd.moved') === 5, 'the second is in the new file');
    expect(await server.stop()).toBe(0);
  });
});
