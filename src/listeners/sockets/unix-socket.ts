/**
 * Opens Unix sockets, for datagrams and for streams, and looks after their files (docs/behaviour/listeners.md#unix-sockets).
 *
 * What is at the path decides: nothing, bind; a socket nobody is bound to, left behind by a server that
 * ended, remove it; a socket somebody is bound to, or any other file, an error. The Agent takes a live
 * socket over; here nobody loses a socket without a word (docs/differences.md).
 */
import { chmodSync, lstatSync, type Stats, statSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Libc, SO_RCVBUF, SOCK_DGRAM, SOCK_STREAM, SOL_SOCKET } from '../system/libc.ts';
import { AF_UNIX, sockaddrUnix } from '../system/sockaddr.ts';
import { codeOf, ListenError, limitError, wordsOf } from './listen-error.ts';
import type { OpenSocket } from './port-socket.ts';

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
  readonly device: bigint;
  readonly inode: bigint;
  /** When the file was made, ns: file systems give the number of an inode that is free to the next file. */
  readonly born: bigint;
}

export function socketFileOf(path: string): SocketFile {
  const { dev, ino, birthtimeNs } = lstatSync(path, { bigint: true });
  return { path, device: dev, inode: ino, born: birthtimeNs };
}

/** Whether the file at the path is still this one. */
export function isSameFile(file: SocketFile): boolean {
  try {
    const { dev, ino, birthtimeNs, ctimeNs } = lstatSync(file.path, { bigint: true });
    // Where the system does not tell when a file was made, Node gives the time of its last change.
    const isBorn = birthtimeNs === file.born || birthtimeNs === ctimeNs;
    return dev === file.device && ino === file.inode && isBorn;
  } catch {
    return false;
  }
}

/**
 * Removes the file unless another server has put its own there since. Never throws: a file that stays, for
 * example because its directory is read-only by now, is in no one's way; the next server replaces it.
 */
export function removeSocketFile(file: SocketFile): void {
  try {
    if (isSameFile(file)) unlinkSync(file.path);
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

/**
 * What a failure to listen at a path means to the person who started the server. One code has several causes, and some systems
 * name another one, so what is at the path is looked at first.
 */
export function unixListenError(cause: unknown, path: string, key: string): ListenError {
  const folder = dirname(path);
  const words = wordsOf(cause);
  const at = (what: string, remedy: string): ListenError =>
    new ListenError('ERR_LISTEN_SOCKET_PATH', `${what}; ${remedy} or set ${key} to another path`, cause);
  const limit = limitError(cause, path);
  if (limit !== undefined) return limit;
  const code = codeOf(cause);
  if (PLACE_CODES.has(code)) {
    const missing = missingPart(folder);
    if (missing !== undefined) return at(`the directory ${folder} does not exist`, 'create it');
    if (!isFolder(folder)) return at(`${folder} is not a directory`, 'remove what is there');
  }
  switch (code) {
    case 'EROFS':
      return new ListenError(
        'ERR_LISTEN_DENIED',
        `not allowed to create ${path}: its file system can only be read; whatever its permissions, set ${key} to another path`,
        cause,
      );
    case 'EACCES':
    case 'EPERM':
      if (isSocket(path)) {
        return new ListenError(
          'ERR_LISTEN_DENIED',
          `a socket is at ${path} that this user may not use, so nobody knows whether a server listens on it (${words}); stop that server, remove the file, or set ${key}`,
          cause,
        );
      }
      return new ListenError(
        'ERR_LISTEN_DENIED',
        `not allowed to create ${path} (${words}); change the permissions of its directory or set ${key}`,
        cause,
      );
    case 'ENOSPC':
    // EDQUOT, for which libuv has no name.
    case 'E122':
      return at(`there is no room for another file in ${folder}`, 'make some,');
    case 'EADDRINUSE':
      return socketInUse(path, key);
    default:
      return new ListenError(
        'ERR_LISTEN_SOCKET_PATH',
        `cannot listen on ${path} (${words}); set ${key}`,
        cause,
      );
  }
}

/** Codes that systems use for a directory that is missing, or is none. Node says EACCES for both. */
const PLACE_CODES: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'EACCES']);

/** The folder when nothing is there; undefined when something is, or it cannot be looked at. */
function missingPart(folder: string): string | undefined {
  try {
    return statSync(folder, { throwIfNoEntry: false }) === undefined ? folder : undefined;
  } catch {
    return undefined;
  }
}

function isFolder(folder: string): boolean {
  try {
    return statSync(folder).isDirectory();
  } catch (error) {
    // What may not be looked at is taken for one: the system's words then say the rest.
    return codeOf(error) !== 'ENOTDIR';
  }
}

function isSocket(path: string): boolean {
  try {
    return lstatSync(path).isSocket();
  } catch {
    return false;
  }
}
