/**
 * The listening side of one stream listener: accepts, refuses what is too much, and says who came.
 *
 *   fd of the control thread ──duplicate──▶ net.Server ──▶ admitted socket [──▶ TLS]
 *
 * Refused  beyond the tracker's limit, and when the process is about to run out of file descriptors: the system
 *          hands out the lowest free number, so a high one says that nearly all are taken. What is refused is
 *          closed at once, counted and reported.
 * Errors   an accept that fails ends nothing: the system asks again, connections that are open go on.
 * TLS      a connection is one from its handshake on (tls-handshakes.ts), and has its place before.
 * Closing  first nobody can connect any more, then whoever has connected is accepted, then this thread's descriptor is
 *          closed; the socket stays open while the control thread has its own.
 */
import { createServer, type Server, Socket } from 'node:net';
import type { ConnectionPeer, ConnectionReport, PassedConnection } from '../../model/connection.ts';
import type { ShardCounters } from '../../telemetry/counters/shard-counters.ts';
import { EAGAIN, EINVAL, errnoText, type Libc, SystemCallError } from '../system/libc.ts';
import { describePeer } from '../system/peer.ts';
import { stopConnecting } from '../system/stop-inflow.ts';
import type { ConnectionTracker } from './connection-tracker.ts';
import { type SenderReader, SenderSocket } from './sender-reader.ts';
import type { StreamListener } from './stream-settings.ts';
import { TlsHandshakes } from './tls-handshakes.ts';

/** Descriptors kept free for files, the HTTP server and the outputs. */
export const DESCRIPTORS_RESERVED = 16;
/** Connections taken in one go; Node takes one each time around its event loop, which is long when there is much to read. */
const ACCEPTS_MAX = 64;
/** Connections that may wait to be accepted; the system caps it (net.core.somaxconn). */
export const LISTEN_BACKLOG = 4096;

/** What is special about a connection. */
export interface ConnectionOrigin {
  /** Where another server stopped reading it. */
  readonly passed?: PassedConnection;
  /** Asked at its end: whether the client has ended it in order. */
  readonly endsInOrder?: () => boolean;
  /** The socket that has the descriptor, where it is another one. */
  readonly below?: Socket;
  /** Set where the bytes of the socket come with who has sent them. */
  readonly senders?: SenderSocket;
}

export interface StreamServerOptions {
  readonly listener: StreamListener;
  /** The number of the listener. */
  readonly index: number;
  readonly libc: Libc | undefined;
  /** Reads connections with who has sent what; undefined where that is not asked, or cannot be told. */
  readonly senders: SenderReader | undefined;
  readonly tracker: ConnectionTracker;
  readonly counters: ShardCounters;
  /** How many descriptors the process may have; undefined when unknown. */
  readonly descriptorsMax: number | undefined;
  /** Whether they are why there are no more places than there are. */
  readonly isShortOfFiles: boolean;
  /** An admitted connection; `gone` is to be called when it has been read to its end. */
  readonly connected: (
    socket: Socket,
    fd: number | undefined,
    peer: ConnectionPeer,
    gone: () => void,
    how?: ConnectionOrigin,
  ) => void;
  readonly report: (report: Omit<ConnectionReport, 'leftOut'>) => void;
  /** To be called when something was counted. */
  readonly counted: () => void;
}

export class StreamServer {
  private readonly options: StreamServerOptions;
  private server: Server;
  private isAccepting = false;
  private isClosed = false;
  /** This thread's descriptor of the listening socket; undefined where Node has opened it. */
  private fd: number | undefined;
  /** Connections that were accepted, for whoever waits until no more come. */
  accepted = 0;

  constructor(options: StreamServerOptions) {
    this.options = options;
    this.server = this.makeServer();
  }

  /** Resolves with the port it listens on, 0 for none; rejects with the system's error. */
  listen(): Promise<number> {
    const { server } = this;
    const { listener, libc } = this.options;
    const { socket } = listener;
    if ('fd' in socket) this.fd = libc?.duplicate(socket.fd);
    // Connections have it from the socket that they come from.
    if (this.fd !== undefined) this.options.senders?.ask(this.fd);
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

  /** Listens at the socket that has taken the place of the one before, under the same descriptor. */
  async listenAgain(): Promise<void> {
    const { libc } = this.options;
    // Nobody can connect to the one before any more; who has, is accepted.
    if (libc !== undefined && this.fd !== undefined)
      for (let i = 0; i < LISTEN_BACKLOG && this.acceptOne(libc, this.fd); i++);
    this.server.close();
    this.server = this.makeServer();
    await this.listen();
  }

  /** Accepts no more: not those either that have connected. */
  close(): void {
    this.isClosed = true;
    this.fd = undefined;
    this.server.close();
  }

  /** Lets nobody connect any more and accepts who has; false where Node alone has the socket. */
  acceptRest(): boolean {
    const { libc, listener } = this.options;
    if (this.isClosed) return true;
    if (libc === undefined || this.fd === undefined) return false;
    // Who has connected waits for the next server then.
    if (listener.borrowed === true) return true;
    stopConnecting(libc, this.fd);
    for (let i = 0; i < LISTEN_BACKLOG && this.acceptOne(libc, this.fd); i++);
    return true;
  }

  /** Goes on with a connection that another server has accepted; its descriptor is closed in any case. */
  adopt(passed: PassedConnection): void {
    const { listener, libc } = this.options;
    if (listener.tls !== undefined) {
      // It has not shown a certificate, and speaks no TLS.
      libc?.close(passed.fd);
      return;
    }
    const { fd } = passed;
    const { senders } = this.options;
    // The server before may not have asked.
    senders?.ask(fd);
    const reading = senders === undefined ? undefined : new SenderSocket(senders, fd);
    const socket = reading?.socket ?? new Socket({ fd, readable: true, writable: true });
    const gone = this.admit(socket, fd);
    if (gone === undefined) return;
    const how = { passed, ...(reading && { senders: reading }) };
    this.options.connected(socket, fd, this.peerOf(socket, fd), gone, how);
  }

  private makeServer(): Server {
    const { tls } = this.options.listener;
    if (tls === undefined) return createServer((socket) => this.accept(socket));
    const handshakes = new TlsHandshakes(tls);
    return createServer((socket) => this.acceptRaw(handshakes, socket));
  }

  /** Takes those that wait behind the one Node has just taken. */
  private acceptMore(): void {
    const { libc } = this.options;
    if (libc === undefined || this.fd === undefined || this.isAccepting) return;
    this.isAccepting = true;
    for (let i = 0; i < ACCEPTS_MAX && this.acceptOne(libc, this.fd); i++);
    this.isAccepting = false;
  }

  /** False when nobody waits. */
  private acceptOne(libc: Libc, listening: number): boolean {
    const fd = libc.accept(listening);
    if (fd < 0) {
      if (fd !== -EAGAIN && fd !== -EINVAL) this.failAccept(errnoText(-fd));
      return false;
    }
    try {
      this.server.emit('connection', new Socket({ fd, readable: true, writable: true }));
    } catch (error) {
      libc.close(fd);
      this.failAccept((error as Error).message);
    }
    return true;
  }

  private failAccept(reason: string): void {
    const { counters, listener, report } = this.options;
    counters.add('acceptErrors');
    this.options.counted();
    report({ problem: 'accept', listener: listener.kind, detail: `cannot accept: ${reason}` });
  }

  private accept(socket: Socket): void {
    const fd = descriptorOf(socket);
    const gone = this.admit(socket, fd);
    if (gone === undefined) return;
    const peer = this.peerOf(socket, fd);
    const senders = fd === undefined ? undefined : this.takeOver(socket, fd);
    if (senders === undefined) this.options.connected(socket, fd, peer, gone);
    else this.options.connected(senders.socket, senders.fd, peer, gone, { senders });
  }

  /** Reads the connection with its senders instead; undefined when it stays with Node. */
  private takeOver(socket: Socket, fd: number): SenderSocket | undefined {
    const { senders } = this.options;
    if (senders === undefined) return undefined;
    let own: number;
    try {
      own = senders.libc.duplicate(fd);
    } catch (error) {
      // Out of descriptors: it has the sender that has connected it then.
      if (error instanceof SystemCallError) return undefined;
      throw error;
    }
    socket.on('error', () => undefined);
    // Closes this descriptor only; the client sees nothing.
    socket.destroy();
    return new SenderSocket(senders, own);
  }

  private acceptRaw(handshakes: TlsHandshakes, socket: Socket): void {
    const { counters, listener, report, tracker, connected } = this.options;
    const fd = descriptorOf(socket);
    const gone = this.admit(socket, fd);
    if (gone === undefined) return;
    const settle = tracker.addPending(() => socket.destroy());
    const peer = this.peerOf(socket, fd);
    handshakes.begin(socket, {
      ...{ fd, peer },
      secure: (secure, tap, certificate) => {
        settle();
        const known = certificate === undefined ? peer : { ...peer, certificate };
        connected(secure, fd, known, gone, {
          endsInOrder: () => tap.endsInOrder,
          below: socket,
        });
      },
      failed: (reason) => {
        settle();
        counters.add('connectionsTlsFailed');
        gone();
        report({ problem: 'tls', listener: listener.kind, peer, detail: `no TLS: ${reason}` });
      },
    });
  }

  /** Makes room for a connection or closes it; what to call when it is gone. */
  private admit(socket: Socket, fd: number | undefined): (() => void) | undefined {
    const { counters, listener, index, tracker, descriptorsMax, report, counted } = this.options;
    const { kind } = listener;
    this.accepted++;
    const isHigh =
      fd !== undefined && descriptorsMax !== undefined && fd >= descriptorsMax - DESCRIPTORS_RESERVED;
    if (isHigh || !tracker.admit(index)) {
      const fewLeft = isHigh || this.options.isShortOfFiles;
      counters.add(fewLeft ? 'connectionsRefusedFiles' : 'connectionsRefusedLimit');
      counted();
      report({
        problem: fewLeft ? 'file_limit' : 'limit',
        listener: kind,
        peer: this.peerOf(socket, fd),
        detail: fewLeft
          ? `the process may have ${descriptorsMax} open files (ulimit -n); the connection was closed`
          : 'all places that listeners.connections_max leaves this listener are taken; the connection was closed',
      });
      socket.on('error', () => undefined);
      socket.destroy();
      return undefined;
    }
    counters.add('connectionsOpened');
    counted();
    let isGone = false;
    return () => {
      if (isGone) return;
      isGone = true;
      counters.add('connectionsEnded');
      tracker.leave(index);
      counted();
    };
  }

  private peerOf(socket: Socket, fd: number | undefined): ConnectionPeer {
    return describePeer(this.options.listener.kind === 'tcp', socket, fd, this.options.libc);
  }
}

/** Node keeps the descriptor of a socket to itself; without it some things are left unsaid, nothing breaks. */
function descriptorOf(socket: Socket): number | undefined {
  const fd = (socket as { readonly _handle?: { readonly fd?: unknown } })._handle?.fd;
  return typeof fd === 'number' && fd >= 0 ? fd : undefined;
}
