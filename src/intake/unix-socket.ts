/**
 * Opens the Unix datagram socket and looks after its file (spec intake §1.3).
 *
 * What is at the path decides: nothing, bind; a socket nobody is bound to, left behind by a server that
 * ended, remove it; a socket somebody is bound to, or any other file, an error. The Agent takes a live
 * socket over; here nobody loses a socket without a word (docs/differences.md).
 */
import { chmodSync, lstatSync, type Stats, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Libc, SO_RCVBUF, SOCK_DGRAM, SOL_SOCKET } from './libc.ts';
import { codeOf, ListenError } from './listen-error.ts';
import { AF_UNIX, sockaddrUnix } from './sockaddr.ts';
import type { OpenSocket } from './udp-socket.ts';

/** Owner everything, everybody else write: senders need no more. */
const SOCKET_MODE = 0o722;

/** Opens and binds the socket. `receiveBuffer` is SO_RCVBUF in bytes, 0 for the system's own. Throws ListenError. */
export function openUnixSocket(libc: Libc, path: string, receiveBuffer: number): OpenSocket {
  const sockaddr = encodePath(path);
  removeDeadSocket(libc, path, sockaddr);
  const fd = libc.socket(AF_UNIX, SOCK_DGRAM);
  try {
    if (receiveBuffer > 0) libc.setOption(fd, SOL_SOCKET, SO_RCVBUF, receiveBuffer);
    libc.bind(fd, sockaddr);
    chmodSync(path, SOCKET_MODE);
    return { fd, name: path, port: 0, receiveBufferBytes: libc.getOption(fd, SOL_SOCKET, SO_RCVBUF) };
  } catch (cause) {
    libc.close(fd);
    throw unixListenError(cause, path);
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

function encodePath(path: string): Uint8Array {
  try {
    return sockaddrUnix(path);
  } catch (cause) {
    throw new ListenError(
      'ERR_LISTEN_SOCKET_PATH',
      `${(cause as Error).message}; set dogstatsd_socket to a shorter path`,
      cause,
    );
  }
}

function removeDeadSocket(libc: Libc, path: string, sockaddr: Uint8Array): void {
  const stat = statOf(path);
  if (stat === undefined) return;
  if (!stat.isSocket()) {
    const what = stat.isDirectory() ? 'a directory' : 'a file that is not a socket';
    throw new ListenError(
      'ERR_LISTEN_SOCKET_PATH',
      `${path} is ${what}; remove it or set dogstatsd_socket to another path`,
    );
  }
  if (isAlive(libc, path, sockaddr)) {
    throw new ListenError(
      'ERR_LISTEN_IN_USE',
      `${path} is in use by another server; stop it or set dogstatsd_socket to another path`,
    );
  }
  try {
    unlinkSync(path);
  } catch (cause) {
    throw unixListenError(cause, path);
  }
}

/** Whether somebody is bound to the socket: connecting to a dead one is refused. */
function isAlive(libc: Libc, path: string, sockaddr: Uint8Array): boolean {
  const probe = libc.socket(AF_UNIX, SOCK_DGRAM);
  try {
    libc.connect(probe, sockaddr);
    return true;
  } catch (cause) {
    if (codeOf(cause) === 'ECONNREFUSED') return false;
    // A stream socket of another program answers EPROTOTYPE: alive as well.
    if (codeOf(cause) === 'EPROTOTYPE') return true;
    throw unixListenError(cause, path);
  } finally {
    libc.close(probe);
  }
}

/** What is at the path; undefined for nothing. */
function statOf(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (cause) {
    // A part of the path is a file, or a directory that may not be searched.
    throw unixListenError(cause, path);
  }
}

function unixListenError(cause: unknown, path: string): ListenError {
  switch (codeOf(cause)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new ListenError(
        'ERR_LISTEN_SOCKET_PATH',
        `the directory ${dirname(path)} does not exist; create it or set dogstatsd_socket`,
        cause,
      );
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new ListenError(
        'ERR_LISTEN_DENIED',
        `not allowed to create ${path}; change the permissions of its directory or set dogstatsd_socket`,
        cause,
      );
    case 'EADDRINUSE':
      return new ListenError(
        'ERR_LISTEN_IN_USE',
        `${path} is in use by another server; stop it or set dogstatsd_socket to another path`,
        cause,
      );
    default:
      return new ListenError(
        'ERR_LISTEN_SOCKET_PATH',
        `cannot listen on ${path} (${cause instanceof Error ? cause.message : cause}); set dogstatsd_socket`,
        cause,
      );
  }
}
