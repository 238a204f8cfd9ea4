import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tlsFixture } from '../../../test/support/tls-fixture.ts';
import { STREAM_KINDS } from '../../model/connection.ts';
import { loadLibc } from '../system/libc.ts';
import type { OpenListener } from './open-listener.ts';
import { type StreamOptions, streamOpening, type TlsOptions } from './open-streams.ts';
import { openUnixSocket, openUnixStream } from './unix-socket.ts';

const libc = loadLibc();
const open: OpenListener[] = [];
const servers: Server[] = [];
let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'whippet-open-'));
  path = join(folder, 's');
});
afterEach(() => {
  for (const listener of open.splice(0)) listener.close();
  for (const server of servers.splice(0)) server.close();
  rmSync(folder, { recursive: true, force: true });
});

const NO_TLS: TlsOptions = { cert_file: '', key_file: '', ca_file: '', require_client_cert: false };

async function openStreams(options: Partial<StreamOptions>, native = true): Promise<OpenListener[]> {
  const all: StreamOptions = {
    ...{ dogstatsd_stream_socket: '', dogstatsd_pipe_name: '', dogstatsd_tcp_port: -1 },
    ...{ dogstatsd_tcp_tls: NO_TLS, bind_host: '127.0.0.1', dogstatsd_non_local_traffic: false },
    ...{ dogstatsd_so_rcvbuf: 0, dogstatsd_eol_required: [] },
    ...options,
  };
  const opened: OpenListener[] = [];
  for (const kind of STREAM_KINDS) {
    const listener = await streamOpening(kind, all)?.(native ? libc : undefined);
    if (listener !== undefined) opened.push(listener);
  }
  open.push(...opened);
  return opened;
}

function listenAt(at: string): Promise<void> {
  return new Promise((resolve) => {
    servers.push(createServer().listen(at, () => resolve()));
  });
}

const ways = [
  ['dogstatsd_stream_socket', true],
  ['dogstatsd_stream_socket', false],
  ['dogstatsd_pipe_name', true],
  ['dogstatsd_pipe_name', false],
] as const;

describe.each(ways)('%s (system calls: %s)', (key, native) => {
  const at = (where: string): Promise<OpenListener[]> => openStreams({ [key]: where }, native);

  it.each([
    ['a directory', () => mkdirSync(path), 'ERR_LISTEN_SOCKET_PATH'],
    ['a file', () => writeFileSync(path, 'precious'), 'ERR_LISTEN_SOCKET_PATH'],
    ['a live stream socket', () => listenAt(path), 'ERR_LISTEN_IN_USE'],
    ['a live datagram socket', () => void openUnixSocket(libc, path, 0), 'ERR_LISTEN_IN_USE'],
  ])('does not take the place of %s', async (_, make, code) => {
    await make();
    await expect(at(path)).rejects.toMatchObject({ code, message: expect.stringContaining(key) });
    expect(existsSync(path)).toBe(true);
  });

  it('takes the place of a socket nobody listens on', async () => {
    libc.close(openUnixStream(libc, path, key, 1).fd);
    expect(statSync(path).isSocket()).toBe(true);
    const [listener] = await at(path);
    expect(listener).toMatchObject({
      name: path,
      kind: key === 'dogstatsd_pipe_name' ? 'named_pipe' : 'unix',
    });
  });
});

describe('a Unix stream socket', () => {
  it('is a file that everyone may write to, gone when it is closed', async () => {
    const [listener] = await openStreams({ dogstatsd_stream_socket: path });
    expect(statSync(path).mode & 0o777).toBe(0o722);
    listener?.close();
    open.length = 0;
    expect(existsSync(path)).toBe(false);
  });

  it('needs a directory in which it may be made', async () => {
    // Not even root makes sockets there.
    await expect(openStreams({ dogstatsd_stream_socket: '/sys/s' })).rejects.toMatchObject({
      code: 'ERR_LISTEN_DENIED',
      message: expect.stringContaining('dogstatsd_stream_socket'),
    });
  });

  it('needs its directory', async () => {
    await expect(
      openStreams({ dogstatsd_stream_socket: join(folder, 'missing', 's') }),
    ).rejects.toMatchObject({
      code: 'ERR_LISTEN_SOCKET_PATH',
      message: expect.stringContaining(join(folder, 'missing')),
    });
  });
});

it('a pipe that is a name needs Windows', async () => {
  await expect(openStreams({ dogstatsd_pipe_name: 'dogstatsd' })).rejects.toMatchObject({
    code: 'ERR_LISTEN_UNSUPPORTED',
  });
});

describe('a TCP port', () => {
  it('is any free one for 0, and taken then', async () => {
    const [listener] = await openStreams({ dogstatsd_tcp_port: 0 });
    expect(listener?.name).toBe(`127.0.0.1:${listener?.port}`);
    await expect(openStreams({ dogstatsd_tcp_port: listener?.port as number })).rejects.toMatchObject({
      code: 'ERR_LISTEN_IN_USE',
      message: expect.stringContaining('dogstatsd_tcp_port'),
    });
  });

  it('is of all interfaces with dogstatsd_non_local_traffic', async () => {
    const [listener] = await openStreams({ dogstatsd_tcp_port: 0, dogstatsd_non_local_traffic: true });
    expect(listener?.name).toMatch(/^(\[::\]|0\.0\.0\.0):\d+$/);
  });
});

describe('TLS', () => {
  const tls = (options: Partial<TlsOptions>): Promise<OpenListener[]> =>
    openStreams({ dogstatsd_tcp_port: 0, dogstatsd_tcp_tls: { ...NO_TLS, ...options } });
  const [cert_file, key_file] = [tlsFixture('server.crt'), tlsFixture('server.key')];

  it('takes a certificate with its key', async () => {
    const [listener] = await tls({
      cert_file,
      key_file,
      ca_file: tlsFixture('ca.crt'),
      require_client_cert: true,
    });
    expect(listener?.listener).toMatchObject({ kind: 'tcp', tls: { requireClientCert: true } });
  });

  it.each([
    ['a certificate without its key', { cert_file }, 'key_file'],
    ['a key without its certificate', { key_file }, 'cert_file'],
    ['client certificates without a certificate', { require_client_cert: true }, 'cert_file'],
    ['a file that is missing', { cert_file, key_file: '/no/such/key' }, '/no/such/key'],
    ['a key of another certificate', { cert_file, key_file: tlsFixture('client.key') }, 'cannot be used'],
    ['a file that is no certificate', { cert_file: key_file, key_file }, 'cannot be used'],
  ])('refuses %s', async (_, options, says) => {
    await expect(tls(options)).rejects.toMatchObject({
      code: 'ERR_LISTEN_TLS',
      message: expect.stringContaining(says),
    });
  });
});
