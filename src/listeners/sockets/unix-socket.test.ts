import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadLibc, SystemCallError } from '../system/libc.ts';
import { openUnixSocket, removeSocketFile, socketFileOf, unixListenError } from './unix-socket.ts';

const libc = loadLibc();
const open: number[] = [];
let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'whippet-unix-'));
  path = join(folder, 's');
});
afterEach(() => {
  for (const fd of open.splice(0)) libc.close(fd);
  rmSync(folder, { recursive: true, force: true });
});

function openUnix(at = path, receiveBuffer = 0) {
  const socket = openUnixSocket(libc, at, receiveBuffer);
  open.push(socket.fd);
  return socket;
}

describe('a Unix datagram socket', () => {
  it('is a file that everyone may write to', () => {
    const socket = openUnix();
    expect(socket).toMatchObject({ name: path, port: 0 });
    expect(statSync(path).isSocket()).toBe(true);
    expect(statSync(path).mode & 0o777).toBe(0o722);
  });

  it('replaces a socket nobody is bound to', () => {
    libc.close(openUnixSocket(libc, path, 0).fd);
    expect(existsSync(path)).toBe(true);
    expect(() => openUnix()).not.toThrow();
  });

  it('does not replace one somebody is bound to', () => {
    openUnix();
    expect(() => openUnix()).toThrow(expect.objectContaining({ code: 'ERR_LISTEN_IN_USE' }));
    expect(existsSync(path)).toBe(true);
  });

  it.each([
    ['a directory', () => mkdirSync(path)],
    ['a regular file', () => writeFileSync(path, 'precious')],
    ['a symbolic link', () => symlinkSync(join(folder, 'elsewhere'), path)],
  ])('does not replace %s', (_, make) => {
    make();
    expect(() => openUnix()).toThrow(expect.objectContaining({ code: 'ERR_LISTEN_SOCKET_PATH' }));
  });

  it.each([
    ['a directory that does not exist', () => join(folder, 'missing', 's'), 'does not exist'],
    ['a path below a file', () => join(folder, 'file', 's'), 'is not a directory'],
    ['a path that is too long', () => join(folder, 'x'.repeat(108)), 'shorter path'],
    ['a path with a zero byte', () => `${path}\0x`, 'zero bytes'],
  ])('refuses %s', (_, at, says) => {
    writeFileSync(join(folder, 'file'), '');
    expect(() => openUnix(at())).toThrow(
      expect.objectContaining({ code: 'ERR_LISTEN_SOCKET_PATH', message: expect.stringContaining(says) }),
    );
  });
});

describe('what a failure to listen at a path means', () => {
  it.each([
    [28, 'ERR_LISTEN_SOCKET_PATH', 'no room'],
    [24, 'ERR_LISTEN_LIMIT', 'the limit of open files of this process'],
    [122, 'ERR_LISTEN_SOCKET_PATH', 'no room'],
    [30, 'ERR_LISTEN_DENIED', 'permissions'],
    [98, 'ERR_LISTEN_IN_USE', 'in use'],
    [40, 'ERR_LISTEN_SOCKET_PATH', 'cannot listen'],
  ])('errno %i is %s', (errno, code, says) => {
    const error = unixListenError(new SystemCallError('bind', errno), '/run/s', 'dogstatsd_stream_socket');
    expect(error).toMatchObject({ code, message: expect.stringContaining(says) });
    if (code !== 'ERR_LISTEN_LIMIT') expect(error.message).toContain('dogstatsd_stream_socket');
  });

  it.each([2, 20, 13])('errno %i is explained by what is there: no directory, a file, a socket', (errno) => {
    const explain = (at: string): string =>
      unixListenError(new SystemCallError('bind', errno), at, 'dogstatsd_socket').message;
    expect(explain(join(folder, 'missing', 's'))).toContain(
      `the directory ${join(folder, 'missing')} does not exist`,
    );
    writeFileSync(join(folder, 'plain'), '');
    expect(explain(join(folder, 'plain', 's'))).toContain(`${join(folder, 'plain')} is not a directory`);
    expect(explain(join(folder, 's'))).toMatch(errno === 13 ? /not allowed to create/ : /^cannot listen on/);
  });

  it('a socket of another user is no matter of the permissions of its directory', () => {
    openUnix();
    const { message } = unixListenError(new SystemCallError('connect', 13), path, 'dogstatsd_socket');
    expect(message).toContain(`a socket is at ${path} that this user may not use`);
  });
});

describe('the file of a socket', () => {
  it('is removed by the server that made it', () => {
    openUnix();
    removeSocketFile(socketFileOf(path));
    expect(existsSync(path)).toBe(false);
  });

  it('is left alone when another server has put its own there', () => {
    openUnix();
    const file = socketFileOf(path);
    rmSync(path);
    // Takes the inode the first file had, if that were free.
    writeFileSync(join(folder, 'other'), '');
    openUnix();
    removeSocketFile(file);
    expect(existsSync(path)).toBe(true);
  });

  it('may be gone already', () => {
    openUnix();
    const file = socketFileOf(path);
    rmSync(path);
    expect(() => removeSocketFile(file)).not.toThrow();
  });

  it('may be out of reach', () => {
    expect(() => removeSocketFile({ path: '/dev/null/s', device: 1n, inode: 1n, born: 1n })).not.toThrow();
  });
});
