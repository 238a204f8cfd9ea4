/**
 * Takes a socket that another process has opened: finds out what it is, and makes a listener of it.
 *
 *   systemd ──fd──▶ inherited-sockets.ts ─┐
 *                                         ├─▶ SO_DOMAIN, SO_TYPE, SO_ACCEPTCONN, getsockname ─▶ OpenListener
 *   server before ──fd──▶ hand-over ──────┘
 *
 * What is no listener of ours is an error that says what it is: nothing is guessed, and nothing that was given is left
 * unused without a word.
 *
 * Thread  the control thread.
 */
import { STREAM_KINDS, type StreamKind } from '../../model/connection.ts';
import {
  type Libc,
  SO_ACCEPTCONN,
  SO_DOMAIN,
  SO_RCVBUF,
  SO_TYPE,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
} from '../system/libc.ts';
import { AF_INET, AF_INET6, AF_UNIX } from '../system/sockaddr.ts';
import { socketMemoryOf } from '../system/socket-memory.ts';
import { codeOf, ListenError } from './listen-error.ts';
import type { ListenerKind, OpenListener } from './open-listener.ts';
import type { ListenOptions } from './open-listeners.ts';
import { streamSettingsOf } from './open-streams.ts';

export interface GivenSocket {
  readonly fd: number;
  /** What the giver calls it; a kind of listener, or anything else. */
  readonly label: string;
  /** Who gave it, for errors: `file descriptor 3 (udp) of the socket unit`. */
  readonly origin: string;
}

/** Makes a listener of the socket. `close` ends what else belongs to it; its file is not touched here. Throws ListenError. */
export function adoptSocket(
  libc: Libc,
  given: GivenSocket,
  options: ListenOptions,
  afterClose: () => void = () => undefined,
): OpenListener {
  const kind = kindOf(libc, given);
  const { fd } = given;
  const { name, port } = nameOf(libc, given);
  libc.closeOnExec(fd);
  if (options.dogstatsd_so_rcvbuf > 0 && kind !== 'unix')
    libc.setOption(fd, SOL_SOCKET, SO_RCVBUF, options.dogstatsd_so_rcvbuf);
  const common = {
    ...{ kind, name, port, receiveBufferBytes: libc.getOption(fd, SOL_SOCKET, SO_RCVBUF) },
    close: () => {
      libc.close(fd);
      afterClose();
    },
    release: () => libc.close(fd),
  };
  if (isStream(kind)) return { ...common, listener: { ...streamSettingsOf(kind, options), socket: { fd } } };
  // The loop waits in its receives.
  libc.makeBlocking(fd);
  const socketMemory = socketMemoryOf(libc, fd);
  return {
    ...common,
    listener: { kind: 'datagram', fd },
    socketMemory,
    dropsBefore: socketMemory()?.drops ?? 0,
  };
}

function isStream(kind: ListenerKind): kind is StreamKind {
  return (STREAM_KINDS as readonly string[]).includes(kind);
}

/** The kind the label says, if the socket is of that kind; without such a label, the kind the socket is. */
function kindOf(libc: Libc, given: GivenSocket): ListenerKind {
  const { fd, label } = given;
  const is = { domain: optionOf(libc, given, SO_DOMAIN), type: libc.getOption(fd, SOL_SOCKET, SO_TYPE) };
  const isPort = is.domain === AF_INET || is.domain === AF_INET6;
  if (!isPort && is.domain !== AF_UNIX) throw refuse(given, `it is of address family ${is.domain}`);
  if (is.type !== SOCK_DGRAM && is.type !== SOCK_STREAM) throw refuse(given, `its type is ${is.type}`);
  const isDatagram = is.type === SOCK_DGRAM;
  if (!isDatagram && libc.getOption(fd, SOL_SOCKET, SO_ACCEPTCONN) === 0) {
    throw refuse(given, 'it is a connection, not a socket that listens; a socket unit needs Accept=no');
  }
  const natural = isPort ? (isDatagram ? 'udp' : 'tcp') : isDatagram ? 'unixgram' : 'unix';
  // Frames and lines look the same from outside.
  if (label === 'named_pipe' && natural === 'unix') return 'named_pipe';
  if (KIND_WORDS.has(label) && label !== natural)
    throw refuse(given, `its name says ${label}, and it is ${natural}`);
  return natural;
}

const KIND_WORDS: ReadonlySet<string> = new Set(['udp', 'unixgram', ...STREAM_KINDS]);

function nameOf(libc: Libc, given: GivenSocket): { readonly name: string; readonly port: number } {
  const bound = libc.getSocketName(given.fd);
  if (bound.family === 'unix') {
    if (bound.path === '') throw refuse(given, 'it is not bound to a path');
    return { name: bound.path, port: 0 };
  }
  const { host, port } = bound;
  if (port === 0) throw refuse(given, 'it is not bound to a port');
  return { name: host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`, port };
}

function optionOf(libc: Libc, given: GivenSocket, option: number): number {
  try {
    return libc.getOption(given.fd, SOL_SOCKET, option);
  } catch (cause) {
    throw refuse(given, codeOf(cause) === 'ENOTSOCK' ? 'it is no socket' : 'it is not open', cause);
  }
}

function refuse({ origin }: GivenSocket, reason: string, cause?: unknown): ListenError {
  return new ListenError(
    'ERR_LISTEN_INHERITED',
    `cannot listen on ${origin}: ${reason}; pass sockets for datagrams (UDP, Unix) and listening streams (Unix, TCP) only`,
    cause,
  );
}
