/**
 * The listening side of one stream listener: accepts, refuses what is too much, and says who came.
 *
 *   fd of the control thread ──duplicate──▶ net.Server or tls.Server ──▶ admitted socket
 *
 * Refused  beyond the tracker's limit, and when the process is about to run out of file descriptors: the system
 *          hands out the lowest free number, so a high one says that nearly all are taken. What is refused is
 *          closed at once, counted and reported.
 * Errors   an accept that fails ends nothing: the system asks again, connections that are open go on.
 * Closing  closes this thread's descriptor; the socket stays open while the control thread has its own.
 */
import { createServer, type Server, Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import type { ConnectionPeer, ConnectionReport, HandedConnection } from '../model/connection.ts';
import type { StreamCounters } from '../telemetry/stream-counters.ts';
import type { ConnectionTracker } from './connection-tracker.ts';
import { EAGAIN, errnoText, type Libc } from './libc.ts';
import { describePeer } from './peer.ts';
import type { StreamListener } from './stream-settings.ts';

/** Descriptors kept free for files, the HTTP server and the outputs. */
const DESCRIPTORS_RESERVED = 16;
const HANDSHAKE_TIMEOUT_MS = 10_000;
/** Connections taken in one go; Node takes one each time around its event loop, which is long when there is much to read. */
const ACCEPTS_MAX = 64;
/** Connections that may wait to be accepted; the system caps it (net.core.somaxconn). */
export const LISTEN_BACKLOG = 4096;

export interface StreamServerOptions {
  readonly listener: StreamListener;
  readonly libc: Libc | undefined;
  readonly tracker: ConnectionTracker;
  readonly counters: StreamCounters;
  /** How many descriptors the process may have; undefined when unknown. */
  readonly descriptorsMax: number | undefined;
  /** An admitted connection; `gone` is to be called when it has been read to its end. */
  readonly connected: (
    socket: Socket,
    fd: number | undefined,
    peer: ConnectionPeer,
    gone: () => void,
    /** Where another server stopped reading it. */
    handed?: HandedConnection,
  ) => void;
  readonly report: (report: Omit<ConnectionReport, 'leftOut'>) => void;
}

/** A socket in a TLS handshake. */
interface Raw {
  readonly fd: number | undefined;
  readonly gone: () => void;
}

export class StreamServer {
  private readonly options: StreamServerOptions;
  private readonly server: Server;
  private isAccepting = false;
  /** Sockets in a TLS handshake, by address and port of the client. */
  private readonly raw = new Map<string, Raw>();
  /** This thread's descriptor of the listening socket; undefined where Node has opened it. */
  private fd: number | undefined;
  /** Connections that were accepted, for whoever waits until no more come. */
  accepted = 0;

  constructor(options: StreamServerOptions) {
    this.options = options;
    const { tls } = options.listener;
    if (tls === undefined) {
      this.server = createServer((socket) => this.accept(socket));
    } else {
      const { cert, key, ca, requireClientCert } = tls;
      this.server = createTlsServer({
        ...{ cert, key, requestCert: requireClientCert, rejectUnauthorized: requireClientCert },
        ...{ handshakeTimeout: HANDSHAKE_TIMEOUT_MS, ...(ca === undefined ? {} : { ca }) },
      });
      this.server.on('connection', (socket: Socket) => this.acceptRaw(socket));
      this.server.on('secureConnection', (socket: TLSSocket) => this.acceptSecure(socket));
      this.server.on('tlsClientError', (error: Error, socket: TLSSocket) =>
        this.failHandshake(error, socket),
      );
    }
  }

  /** Resolves with the port it listens on, 0 for none; rejects with the system's error. */
  listen(): Promise<number> {
    const { server } = this;
    const { listener, libc } = this.options;
    const { socket } = listener;
    if ('fd' in socket) this.fd = libc?.duplicate(socket.fd);
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(
        {
          ...('fd' in socket ? { fd: this.fd } : socket),
          // A named pipe of Windows lets only its owner in unless told otherwise.
          ...(listener.kind === 'named_pipe' && 'path' in socket
            ? { readableAll: true, writableAll: true }
            : {}),
        },
        // Node takes the backlog of a descriptor from here only.
        LISTEN_BACKLOG,
        () => {
          server.off('error', reject);
          server.on('error', (error) => this.failAccept(error.message));
          server.on('connection', () => this.acceptMore());
          const address = server.address();
          resolve(typeof address === 'object' && address !== null ? address.port : 0);
        },
      );
    });
  }

  /** Accepts no more. */
  close(): void {
    this.fd = undefined;
    this.server.close();
  }

  /** Goes on with a connection that another server has accepted; its descriptor is closed in any case. */
  adopt(handed: HandedConnection): void {
    const { listener, libc } = this.options;
    if (listener.tls !== undefined) {
      // It has not shown a certificate, and speaks no TLS.
      libc?.close(handed.fd);
      return;
    }
    const socket = new Socket({ fd: handed.fd, readable: true, writable: true });
    const gone = this.admit(socket, handed.fd);
    if (gone === undefined) return;
    this.options.connected(socket, handed.fd, this.peerOf(socket, handed.fd), gone, handed);
  }

  /** Takes those that wait behind the one Node has just taken. */
  private acceptMore(): void {
    const { libc } = this.options;
    if (libc === undefined || this.fd === undefined || this.isAccepting) return;
    this.isAccepting = true;
    for (let i = 0; i < ACCEPTS_MAX; i++) {
      const fd = libc.accept(this.fd);
      if (fd < 0) {
        if (fd !== -EAGAIN) this.failAccept(errnoText(-fd));
        break;
      }
      this.server.emit('connection', new Socket({ fd, readable: true, writable: true }));
    }
    this.isAccepting = false;
  }

  private failAccept(reason: string): void {
    const { counters, listener, report } = this.options;
    counters.add(listener.kind, 'acceptErrors');
    report({ problem: 'accept', listener: listener.kind, detail: `cannot accept: ${reason}` });
  }

  private accept(socket: Socket): void {
    const fd = descriptorOf(socket);
    const gone = this.admit(socket, fd);
    if (gone === undefined) return;
    this.options.connected(socket, fd, this.peerOf(socket, fd), gone);
  }

  private acceptRaw(socket: Socket): void {
    const fd = descriptorOf(socket);
    const gone = this.admit(socket, fd);
    if (gone === undefined) return;
    const key = addressOf(socket);
    this.raw.set(key, { fd, gone });
    // After the handshake the connection says itself when it is gone.
    socket.once('close', () => {
      if (this.raw.delete(key)) gone();
    });
  }

  private acceptSecure(socket: TLSSocket): void {
    const key = addressOf(socket);
    const raw = this.raw.get(key);
    if (raw === undefined) {
      socket.destroy();
      return;
    }
    this.raw.delete(key);
    const { subject } = socket.getPeerCertificate();
    const certificate = subject === undefined ? undefined : [subject.CN].flat()[0];
    const peer = { ...this.peerOf(socket, raw.fd), ...(certificate === undefined ? {} : { certificate }) };
    this.options.connected(socket, raw.fd, peer, raw.gone);
  }

  private failHandshake(error: Error, socket: TLSSocket): void {
    const { counters, listener, report } = this.options;
    counters.add(listener.kind, 'tlsErrors');
    // The socket below still knows its address after it is closed.
    const peer = this.peerOf((socket as { readonly _parent?: Socket })._parent ?? socket, undefined);
    report({ problem: 'tls', listener: listener.kind, peer, detail: `no TLS: ${error.message}` });
    socket.destroy();
  }

  /** Makes room for a connection or closes it; what to call when it is gone. */
  private admit(socket: Socket, fd: number | undefined): (() => void) | undefined {
    const { counters, listener, tracker, descriptorsMax, report } = this.options;
    const { kind } = listener;
    this.accepted++;
    const fewLeft =
      fd !== undefined && descriptorsMax !== undefined && fd >= descriptorsMax - DESCRIPTORS_RESERVED;
    if (fewLeft || !tracker.admit()) {
      counters.add(kind, fewLeft ? 'refusedFiles' : 'refusedLimit');
      report({
        problem: fewLeft ? 'file_limit' : 'limit',
        listener: kind,
        peer: this.peerOf(socket, fd),
        detail: fewLeft
          ? `the process may have ${descriptorsMax} open files (ulimit -n); the connection was closed`
          : 'intake.connections_max connections are open; the connection was closed',
      });
      socket.on('error', () => undefined);
      socket.destroy();
      return undefined;
    }
    counters.add(kind, 'accepted');
    counters.add(kind, 'open');
    return () => {
      counters.add(kind, 'open', -1);
      tracker.leave();
    };
  }

  private peerOf(socket: Socket, fd: number | undefined): ConnectionPeer {
    return describePeer(this.options.listener.kind === 'tcp', socket, fd, this.options.libc);
  }
}

function addressOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort}`;
}

/** Node keeps the descriptor of a socket to itself; without it some things are left unsaid, nothing breaks. */
function descriptorOf(socket: Socket): number | undefined {
  const fd = (socket as { readonly _handle?: { readonly fd?: unknown } })._handle?.fd;
  return typeof fd === 'number' && fd >= 0 ? fd : undefined;
}
