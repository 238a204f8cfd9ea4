/**
 * Opens every socket the configuration asks for, in order, before anything is received. A listener that cannot start
 * stops the program (docs/differences.md) unless `dogstatsd_require_listener` says otherwise; the sockets that were open
 * already are closed again.
 */

import { createSocket } from 'node:dgram';
import { type Libc, loadLibc } from '../system/libc.ts';
import { socketMemoryOf, udpSocketMemory } from '../system/socket-memory.ts';
import { ListenError } from './listen-error.ts';
import type { FailedListener, ListenerKind, OpenListener } from './open-listener.ts';
import { type StreamOptions, streamOpening } from './open-streams.ts';
import { openUdpSocket, portListenError, resolveHosts } from './port-socket.ts';
import { openBeside } from './udp-group.ts';
import { openUnixSocket } from './unix-socket.ts';
import { WatchedFile } from './watched-file.ts';

/** The options of the configuration that say where to listen. */
export interface ListenOptions extends StreamOptions {
  readonly dogstatsd_port: number;
  readonly dogstatsd_socket: string;
  /** Sockets for UDP, one for each thread that receives from it. */
  readonly udpSockets: number;
  readonly dogstatsd_require_listener: RequiredListeners;
  /** Use node:dgram even where system calls can be made. */
  readonly portable: boolean;
}

/** How many of the configured listeners have to start. */
export type RequiredListeners = 'all' | 'any' | 'none';

export interface Opened {
  readonly listeners: OpenListener[];
  readonly failed: FailedListener[];
}

/** The order in which listeners are opened. */
const ORDER: readonly ListenerKind[] = ['unixgram', 'unix', 'udp', 'tcp', 'named_pipe'];

/**
 * Opens what is configured. Of each kind that is among `given`, sockets that others have opened, those are taken and none
 * is opened. Throws ListenError, and nothing stays open, when fewer listen than `dogstatsd_require_listener` says.
 */
export async function openListeners(
  options: ListenOptions,
  given: readonly OpenListener[] = [],
): Promise<Opened> {
  const libc = usableLibc(options);
  const listeners: OpenListener[] = [];
  const failed: FailedListener[] = [];
  try {
    for (const kind of ORDER) {
      const ofKind = given.filter((listener) => listener.kind === kind);
      listeners.push(...ofKind);
      if (ofKind.length > 0) continue;
      try {
        listeners.push(...(await openKind(kind, libc, options)));
      } catch (error) {
        if (!(error instanceof ListenError)) throw error;
        failed.push({ kind, error });
        if (options.dogstatsd_require_listener === 'all') break;
      }
    }
    requireListeners(options.dogstatsd_require_listener, listeners.length, failed);
  } catch (error) {
    for (const listener of new Set([...listeners, ...given])) listener.close();
    throw error;
  }
  return { listeners, failed };
}

/** Throws the first failure when what listens is not enough, also when nothing is configured and something has to be. */
export function requireListeners(
  required: RequiredListeners,
  listening: number,
  [first]: readonly FailedListener[],
): void {
  if (required === 'any' && first === undefined && listening === 0) {
    throw new ListenError(
      'ERR_LISTEN_NONE',
      'dogstatsd_require_listener asks for a listener and none is configured; set dogstatsd_port, dogstatsd_socket or dogstatsd_stream_socket',
    );
  }
  if (first === undefined || required === 'none') return;
  if (required === 'all' || listening === 0) throw first.error;
}

/** System calls, unless they are not wanted or cannot be made. */
export function usableLibc({ portable }: Pick<ListenOptions, 'portable'>): Libc | undefined {
  return portable ? undefined : tryLibc();
}

async function openKind(
  kind: ListenerKind,
  libc: Libc | undefined,
  options: ListenOptions,
): Promise<OpenListener[]> {
  if (kind === 'unixgram') return options.dogstatsd_socket === '' ? [] : [openUnix(libc, options)];
  if (kind === 'udp') return options.dogstatsd_port < 0 ? [] : openUdp(libc, options);
  const opened = await streamOpening(kind, options)?.(libc);
  return opened === undefined ? [] : [opened];
}

function tryLibc(): Libc | undefined {
  try {
    return loadLibc();
  } catch {
    return undefined;
  }
}

function openUnix(libc: Libc | undefined, options: ListenOptions): OpenListener {
  const path = options.dogstatsd_socket;
  if (libc === undefined) {
    throw new ListenError(
      'ERR_LISTEN_UNSUPPORTED',
      `a Unix datagram socket needs Linux and the koffi package; leave dogstatsd_socket empty and use UDP`,
    );
  }
  const socket = openUnixSocket(libc, path, options.dogstatsd_so_rcvbuf);
  const file = new WatchedFile(libc, socket.fd, path, () =>
    openUnixSocket(libc, path, options.dogstatsd_so_rcvbuf),
  );
  return {
    kind: 'unixgram',
    name: socket.name,
    port: 0,
    listener: { kind: 'datagram', fd: socket.fd },
    receiveBufferBytes: socket.receiveBufferBytes,
    socketMemory: socketMemoryOf(libc, socket.fd),
    close: () => {
      libc.close(socket.fd);
      file.remove();
    },
    release: () => libc.close(socket.fd),
    look: () => file.look(),
  };
}

async function openUdp(libc: Libc | undefined, options: ListenOptions): Promise<OpenListener[]> {
  const address = {
    host: options.bind_host,
    port: options.dogstatsd_port,
    allInterfaces: options.dogstatsd_non_local_traffic,
  };
  if (libc === undefined) {
    const [host = ''] = await resolveHosts(address);
    return [await openPortable(host, address.port, options.dogstatsd_so_rcvbuf)];
  }
  const first = await openUdpSocket(libc, address, options.dogstatsd_so_rcvbuf);
  const others = openBeside(libc, first, options.udpSockets, options.dogstatsd_so_rcvbuf);
  return [first, ...others].map(({ fd, name, port, receiveBufferBytes }) => ({
    ...{ kind: 'udp', name, port, receiveBufferBytes },
    listener: { kind: 'datagram', fd },
    socketMemory: socketMemoryOf(libc, fd),
    close: () => libc.close(fd),
    release: () => libc.close(fd),
  }));
}

/**
 * Finds out on this thread whether the port can be had, and which one "any free port" is; the listener
 * thread binds it for itself, because node:dgram sockets cannot be handed to a thread.
 */
async function openPortable(host: string, wanted: number, receiveBuffer: number): Promise<OpenListener> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  const port = await new Promise<number>((resolve, reject) => {
    socket.once('error', (cause) => reject(portListenError(cause, host, wanted, 'UDP')));
    socket.bind(wanted, host, () => resolve(socket.address().port));
  });
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return {
    kind: 'udp',
    name: host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`,
    port,
    listener: { kind: 'portable-udp', host, port, receiveBuffer },
    receiveBufferBytes: 0,
    socketMemory: udpSocketMemory(port),
    close: () => undefined,
  };
}
