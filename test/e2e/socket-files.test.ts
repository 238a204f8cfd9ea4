/** The files of Unix sockets while the server runs: removed, replaced, and in a directory that is gone. */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { BatchSender } from '../../src/listeners/system/send-batch.ts';
import { packetsOf } from '../support/packets.ts';
import { type ServerProcess, withServer } from '../support/processes/server-process.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'whippet-files-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Puts a file in the place of a socket in one step: the server looks after its files at any moment. */
function replace(path: string): void {
  const draft = `${path}.draft`;
  writeFileSync(draft, 'not a socket');
  renameSync(draft, path);
}

const isHealthy = async (server: ServerProcess): Promise<boolean> =>
  (await server.get('/health')).status === 200;
const restored = (server: ServerProcess): number =>
  server.log.filter(({ msg }) => msg === 'a socket file had been removed or replaced; bound it again').length;

function sendStream(path: string, text: string): Promise<void> {
  const bytes = Buffer.alloc(4 + text.length);
  bytes.writeUInt32LE(text.length);
  bytes.write(text, 4);
  return new Promise((resolve, reject) => {
    const socket = connect(path, () => socket.end(bytes));
    socket.once('close', () => resolve()).once('error', reject);
  });
}

it('are bound again when they are removed, and who was connected goes on', async () => {
  const set = { 'hot_restart.socket': join(folder, 'restart') };
  await withServer({ unix: true, stream: true, set }, async (server) => {
    const { socketPath, streamPath } = server;
    const old = new BatchSender({ kind: 'unix', path: socketPath });
    for (let round = 1; round <= 3; round++) {
      for (const path of [socketPath, streamPath, join(folder, 'restart')]) rmSync(path);
      await server.until(() => restored(server) === 3 * round, 'the files are bound again');
      expect(statSync(socketPath).mode & 0o777).toBe(0o722);
      expect(statSync(join(folder, 'restart')).mode & 0o777).toBe(0o600);
      old.send(packetsOf(['old:1|c']));
      const fresh = new BatchSender({ kind: 'unix', path: socketPath });
      fresh.send(packetsOf(['fresh:1|c']));
      fresh.close();
      await sendStream(streamPath, 'stream:1|c');
      const totals = (): number[] => ['old', 'fresh', 'stream'].map((name) => server.total(name));
      await server.until(() => totals().every((total) => total === round), 'all of them arrive');
    }
    old.close();
    expect(await isHealthy(server)).toBe(true);
    expect(await server.stop()).toBe(0);
    for (const path of [socketPath, streamPath, join(folder, 'restart')])
      expect(existsSync(path)).toBe(false);
  });
});

it('are a reason to be unhealthy while they cannot be bound again', async () => {
  await withServer({ unix: true, stream: true }, async (server) => {
    const { socketPath, streamPath } = server;
    replace(socketPath);
    await server.until(async () => !(await isHealthy(server)), 'it is unhealthy');
    const { text } = await server.get('/health');
    expect(text).toContain('listener unixgram');
    expect(text).toContain('a file that is not a socket');
    await sendStream(streamPath, 'meanwhile:1|c');
    rmSync(socketPath);
    await server.until(() => isHealthy(server), 'it is healthy again');
    expect(restored(server)).toBe(1);
    expect(await server.stop()).toBe(0);
    expect(server.total('meanwhile')).toBe(1);
  });
});

it('come back with a directory that was moved away', async () => {
  const home = join(folder, 'home');
  mkdirSync(home);
  await withServer({ set: { dogstatsd_stream_socket: join(home, 's') } }, async (server) => {
    renameSync(home, join(folder, 'away'));
    await server.until(async () => !(await isHealthy(server)), 'it is unhealthy');
    mkdirSync(home);
    await server.until(() => isHealthy(server), 'it is healthy again');
    await sendStream(join(home, 's'), 'back:1|c');
    expect(await server.stop()).toBe(0);
    expect(server.total('back')).toBe(1);
  });
});

it('of the HTTP proxy is bound again, and what is in its place stays where it is', async () => {
  const path = join(folder, 'apm.sock');
  const send = (): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const options = { socketPath: path, method: 'POST', path: '/dogstatsd/v2/proxy', agent: false };
      request(options, (response) => resolve(response.resume().statusCode))
        .once('error', reject)
        .end('proxied:1|c');
    });
  await withServer({ set: { 'http.proxy_socket': path } }, async (server) => {
    expect(await send()).toBe(200);
    for (let round = 1; round <= 2; round++) {
      rmSync(path);
      await server.until(() => restored(server) === round, 'the file is bound again');
      expect(await send()).toBe(200);
    }
    replace(path);
    await server.until(async () => !(await isHealthy(server)), 'it is unhealthy');
    expect((await server.get('/health')).text).toContain('http proxy');
    rmSync(path);
    await server.until(() => isHealthy(server), 'it is healthy again');
    expect(await send()).toBe(200);
    replace(path);
    await server.until(async () => !(await isHealthy(server)), 'it is unhealthy');
    expect(await server.stop()).toBe(0);
    expect(existsSync(path)).toBe(true);
    expect(server.total('proxied')).toBe(4);
  });
});
