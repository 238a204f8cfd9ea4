/**
 * Sockets and their files: what the server does about what it finds, and what it says when it cannot start.
 */
import { createSocket } from 'node:dgram';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server as NetServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { runWhippet } from '../support/processes/command.ts';
import { ServerProcess, withServer } from '../support/processes/server-process.ts';
import { wideBucketSeconds } from '../support/wide-bucket.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'whippet-listen-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Starts a server that must not come up; checks its exit code and what it says. */
async function refuses(args: readonly string[], code: number, ...says: readonly string[]): Promise<void> {
  const end = await runWhippet(['--port', '0', '--http-port', '0', ...args]);
  expect({ code: end.code, stderr: end.stderr }).toEqual({
    code,
    stderr: expect.stringMatching(/^whippet: ERR_/),
  });
  for (const text of says) expect(end.stderr).toContain(text);
}

it('refuses a path that is a directory', async () => {
  const path = join(folder, 'dir');
  mkdirSync(path);
  await refuses(['--socket', path], 1, 'ERR_LISTEN_SOCKET_PATH', `${path} is a directory`);
  expect(statSync(path).isDirectory()).toBe(true);
});

it('refuses a path that is a regular file, and keeps the file', async () => {
  const path = join(folder, 'file');
  writeFileSync(path, 'precious');
  await refuses(['--socket', path], 1, 'ERR_LISTEN_SOCKET_PATH', 'not a socket');
  expect(readFileSync(path, 'utf8')).toBe('precious');
});

it('refuses a path in a directory that does not exist, and names the directory', async () => {
  const path = join(folder, 'missing', 's');
  await refuses(['--socket', path], 1, 'ERR_LISTEN_SOCKET_PATH', join(folder, 'missing'), 'dogstatsd_socket');
});

it('refuses a path that is too long', async () => {
  const path = join(folder, 'x'.repeat(108));
  await refuses(['--socket', path], 1, 'ERR_LISTEN_SOCKET_PATH', 'at most 107 fit');
});

it('refuses a path of a directory it may not write to', async () => {
  const path = join(folder, 'closed');
  mkdirSync(path, { mode: 0o500 });
  try {
    // Root may write everywhere: for root there is nothing to refuse, and the server starts.
    if (process.getuid?.() === 0) await withServer({ args: ['--socket', join(path, 's')] }, async () => {});
    else await refuses(['--socket', join(path, 's')], 1, 'ERR_LISTEN_DENIED', 'permissions');
  } finally {
    chmodSync(path, 0o700);
  }
});

it('takes over a socket file that a dead server left', async () => {
  const args = ['--socket', join(folder, 's')];
  const dead = await ServerProcess.start({ args });
  await dead.stop('SIGKILL');
  await dead.dispose();
  const path = join(folder, 's');
  expect(statSync(path).isSocket()).toBe(true);
  await withServer({ args }, async (server) => {
    expect(await server.stop()).toBe(0);
    expect(existsSync(path)).toBe(false);
  });
});

it('never takes a live socket over', async () => {
  await withServer({ unix: true }, async (server) => {
    await refuses(
      ['--socket', server.socketPath],
      1,
      'ERR_LISTEN_IN_USE',
      server.socketPath,
      'dogstatsd_socket',
    );
    server.send('unix', ['still.mine:1|c']);
    await server.until(() => server.total('still.mine') === 1, 'the first server still receives');
  });
});

it('never takes a live stream socket over', async () => {
  const path = join(folder, 'stream');
  const other = await listenOn(path);
  await refuses(['--socket', path], 1, 'ERR_LISTEN_IN_USE');
  await close(other);
});

it('leaves the socket of a server that took its place alone', async () => {
  // It looks after its file when a bucket closes, which is not while this lasts.
  await withServer({ unix: true, set: { bucket_seconds: wideBucketSeconds() } }, async (first) => {
    rmSync(first.socketPath);
    await withServer({ args: ['--socket', first.socketPath] }, async () => {
      expect(await first.stop()).toBe(0);
      expect(existsSync(first.socketPath)).toBe(true);
    });
  });
});

it('lets everyone write to the socket, and only the owner do more', async () => {
  await withServer({ unix: true }, async (server) => {
    expect(statSync(server.socketPath).mode & 0o777).toBe(0o722);
  });
});

it.each([
  ['native', []],
  ['portable', ['--set', 'listeners.portable=true']],
])('names dogstatsd_port when the UDP port is in use (%s)', async (_, args) => {
  await withServer({ unix: true }, async (server) => {
    const path = join(folder, 'never');
    const port = String(server.udpPort);
    const end = await runWhippet(['--port', port, '--http-port', '0', ...args]);
    expect(end).toMatchObject({ code: 1, stderr: expect.stringContaining('ERR_LISTEN_IN_USE') });
    expect(end.stderr).toContain('dogstatsd_port');
    expect(end.stderr).toContain(port);
    // What was open already is closed again.
    await runWhippet(['--port', port, '--http-port', '0', '--socket', path]);
    expect(existsSync(path)).toBe(false);
  });
});

it('names http.port when the HTTP port is in use, and removes its socket file', async () => {
  await withServer({}, async (server) => {
    const path = join(folder, 's');
    const end = await runWhippet(['--port', '0', '--http-port', String(server.httpPort), '--socket', path]);
    expect(end).toMatchObject({ code: 1, stderr: expect.stringContaining('ERR_LISTEN_IN_USE') });
    expect(end.stderr).toContain('http.port');
    expect(existsSync(path)).toBe(false);
  });
});

it('names bind_host when its address is not of this machine', async () => {
  await refuses(['--host', '192.0.2.1'], 1, 'ERR_LISTEN_ADDRESS', 'bind_host');
});

it('names bind_host when the host has no address', async () => {
  await refuses(['--host', 'no-such-host.invalid'], 1, 'ERR_LISTEN_ADDRESS', 'bind_host');
});

it('names outputs.file.path when the file cannot be opened', async () => {
  const path = join(folder, 'missing', 'out.ndjson');
  await refuses(['--set', `outputs.file.path=${path}`], 1, 'ERR_FILE_OUTPUT_OPEN', 'outputs.file.path', path);
});

it.each([
  ['a wrong value', ['--set', 'bucket_seconds=0'], 'ERR_CONFIG_INVALID_VALUE', 'bucket_seconds'],
  ['an unknown key', ['--set', 'bucket_second=1'], 'ERR_CONFIG_UNKNOWN_KEY', 'bucket_seconds'],
  ['a missing file', ['-c', '/no/such/file.yaml'], 'ERR_CONFIG_UNREADABLE', '/no/such/file.yaml'],
  ['an unknown flag', ['--prot', '1'], 'ERR_USAGE', '--port'],
  ['an unknown command', ['sned'], 'ERR_USAGE', 'send'],
])('ends with exit code 2 for %s', async (_, args, code, hint) => {
  await refuses(args, 2, code, hint);
});

it('listens nowhere, and warns, when every listener is off', async () => {
  await withServer({ set: { dogstatsd_port: -1 } }, async (server) => {
    expect(server.udpPort).toBe(0);
    expect(server.log).toContainEqual(
      expect.objectContaining({ level: 40, msg: expect.stringContaining('no listener is on') }),
    );
    expect((await server.get('/ready')).status).toBe(200);
  });
});

it('gives the kernel buffer the size of dogstatsd_so_rcvbuf', async () => {
  await withServer({ set: { dogstatsd_so_rcvbuf: 65_536 } }, async (server) => {
    const listening = server.log.find(({ msg }) => msg === 'listening');
    // Linux doubles what is asked for, for its own bookkeeping.
    expect(listening?.receiveBufferBytes).toBe(131_072);
  });
});

it('shares one UDP port with no one', async () => {
  await withServer({}, async (server) => {
    const socket = createSocket('udp4');
    const error = await new Promise<NodeJS.ErrnoException>((resolve, reject) => {
      socket.once('error', resolve);
      socket.bind(server.udpPort, '127.0.0.1', () => reject(new Error('the port was free')));
    });
    expect(error.code).toBe('EADDRINUSE');
    socket.close();
  });
});

function listenOn(path: string): Promise<NetServer> {
  return new Promise((resolve) => {
    const server = createServer().listen(path, () => resolve(server));
  });
}

function close(server: NetServer): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
