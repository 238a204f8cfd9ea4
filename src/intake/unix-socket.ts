/**
 * Opens Unix sockets, for datagrams and for streams, and looks after their files (spec intake §1.3).
 *
 * What is at the path decides: nothing, bind; a socket nobody is bound to, left behind by a server that
 * ended, remove it; a socket somebody is bound to, or any other file, an error. The Agent takes a live
 * socket over; here nobody loses a socket without a word (docs/differences.md).
 */
import { chmodSync, lstatSync, type Stats, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Libc, SO_RCVBUF, SOCK_DGRAM, SOCK_STREAM, SOL_SOCKET } from './libc.ts';
import { codeOf, ListenError } from './listen-error.ts';
import type { OpenSocket } from './port-socket.ts';
import { AF_UNIX, sockaddrUnix } from './sockaddr.ts';

/** Owner everything, everybody else write: senders need no more. */
const SOCKET_MODE = 0o722;

/** Opens and binds the datagram socket. `receiveBuffer` is SO_RCVBUF in bytes, 0 for the system's own. Throws ListenError. */
export function openUnixSocket(libc: Libc, path: string, receiveBuffer: number): OpenSocket {
  return openAt(libc, path, 'dogstatsd_socket', SOCK_DGRAM, (fd) => {
    if (receiveBuffer > 0) libc.setOption(fd, SOL_SOCKET, SO_RCVBUF, receiveBuffer);
  });
}

/** Opens a stream socket that clients can connect to. `key` is the key that names the path. Throws ListenError. */
export function openUnixStream(
  libc: Libc,
  path: string,
  key: string,
  backlog: number,
  mode = SOCKET_MODE,
): OpenSocket {
  // Nobody can connect before it listens, and then its mode is set.
  const socket = openAt(libc, path, key, SOCK_STREAM, () => undefined, mode);
  libc.listen(socket.fd, backlog);
  return socket;
}

function openAt(
  libc: Libc,
  path: string,
  key: string,
  type: number,
  prepare: (fd: number) => void,
  mode = SOCKET_MODE,
): OpenSocket {
  const sockaddr = encodePath(path, key);
  if (findSocket(path, key)) {
    if (isAlive(libc, path, key, sockaddr)) throw socketInUse(path, key);
    removeDeadSocket(path, key);
  }
  const fd = libc.socket(AF_UNIX, type);
  try {
    prepare(fd);
    libc.bind(fd, sockaddr);
    chmodSync(path, mode);
    return { fd, name: path, port: 0, receiveBufferBytes: libc.getOption(fd, SOL_SOCKET, SO_RCVBUF) };
  } catch (cause) {
    libc.close(fd);
    throw unixListenError(cause, path, key);
  }
}

/** Identity of a socket file, so that a stopping server removes its own and no other's. */
export interface SocketFile {
  readonly path: string;
  readonly inode: number;
}

export function socketFileOf(path: string): SocketFile {
  return { path, inode: lstatSync(path).ino };
}

/**
 * Removes the file unless another server has put its own there since. Never throws: a file that stays, for
 * example because its directory is read-only by now, is in no one's way; the next server replaces it.
 */
export function removeSocketFile(file: SocketFile): void {
  try {
    if (lstatSync(file.path).ino === file.inode) unlinkSync(file.path);
  } catch {
    // Gone already, or it may not be removed.
  }
}

function encodePath(path: string, key: string): Uint8Array {
  try {
    return sockaddrUnix(path);
  } catch (cause) {
    throw new ListenError(
      'ERR_LISTEN_SOCKET_PATH',
      `${(cause as Error).message}; set ${key} to a shorter path`,
      cause,
    );
  }
}

/** Whether a socket is at the path. Throws when something else is. */
export function findSocket(path: string, key: string): boolean {
  const stat = statOf(path, key);
  if (stat === undefined) return false;
  if (stat.isSocket()) return true;
  const what = stat.isDirectory() ? 'a directory' : 'a file that is not a socket';
  throw new ListenError(
    'ERR_LISTEN_SOCKET_PATH',
    `${path} is ${what}; remove it or set ${key} to another path`,
  );
}

export function socketInUse(path: string, key: string): ListenError {
  return new ListenError(
    'ERR_LISTEN_IN_USE',
    `${path} is in use by another server; stop it or set ${key} to another path`,
  );
}

export function removeDeadSocket(path: string, key: string): void {
  try {
    unlinkSync(path);
  } catch (cause) {
    throw unixListenError(cause, path, key);
  }
}

/** Whether somebody is bound to the socket, of whatever type: connecting to a dead one is refused. */
function isAlive(libc: Libc, path: string, key: string, sockaddr: Uint8Array): boolean {
  const probe = libc.socket(AF_UNIX, SOCK_DGRAM);
  try {
    libc.connect(probe, sockaddr);
    return true;
  } catch (cause) {
    if (codeOf(cause) === 'ECONNREFUSED') return false;
    // A stream socket answers EPROTOTYPE: alive as well, and its server sees no connection.
    if (codeOf(cause) === 'EPROTOTYPE') return true;
    throw unixListenError(cause, path, key);
  } finally {
    libc.close(probe);
  }
}

/** What is at the path; undefined for nothing. */
function statOf(path: string, key: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (cause) {
    // A part of the path is a file, or a directory that may not be searched.
    throw unixListenError(cause, path, key);
  }
}

/** What a failure to listen at a path means to the person who started the server. */
export function unixListenError(cause: unknown, path: string, key: string): ListenError {
  switch (codeOf(cause)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new ListenError(
        'ERR_LISTEN_SOCKET_PATH',
        `the directory ${dirname(path)} does not exist; create it or set ${key}`,
        cause,
      );
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new ListenError(
        'ERR_LISTEN_DENIED',
        `not allowed to create ${path}; change the permissions of its directory or set ${key}`,
        cause,
      );
    case 'ENOSPC':
    // EDQUOT, for which libuv has no name.
    case 'E122':
      return new ListenError(
        'ERR_LISTEN_SOCKET_PATH',
        `there is no room for another file in ${dirname(path)}; make some, or set ${key} to another path`,
        cause,
      );
    case 'EADDRINUSE':
      return socketInUse(path, key);
    default:
      return new ListenError(
        'ERR_LISTEN_SOCKET_PATH',
        `cannot listen on ${path} (${cause instanceof Error ? cause.message : cause}); set ${key}`,
        cause,
      );
  }
}
