/**
 * Sockets on their way to be TLS connections:
 *
 *   socket ─▶ TlsTap ─▶ tls.Server ──secure──▶ connection
 *                           └──no handshake, closed, reset──▶ counted, its place given back
 *
 * Each is known by the object: a socket that was reset has no address any more, and a place that cannot be found again is
 * lost for good.
 *
 * Limits  a handshake has HANDSHAKE_TIMEOUT_MS. Those under way have places among the connections (connection-tracker.ts).
 */
import type { Server, Socket } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import type { ConnectionPeer } from '../../model/connection.ts';
import type { TlsSettings } from './stream-settings.ts';
import { TlsTap, tapOf } from './tls-tap.ts';

const HANDSHAKE_TIMEOUT_MS = 10_000;

export interface Handshake {
  readonly fd: number | undefined;
  /** Asked when it came, because a reset leaves no address. */
  readonly peer: ConnectionPeer;
  /** It is a connection. */
  readonly secure: (socket: TLSSocket, tap: TlsTap, certificate: string | undefined) => void;
  /** It will never be one, and is closed. */
  readonly failed: (reason: string) => void;
}

export class TlsHandshakes {
  private readonly server: Server;
  private readonly underWay = new Map<TlsTap, Handshake>();

  constructor({ cert, key, ca, requireClientCert }: TlsSettings) {
    // It listens nowhere: it is given sockets.
    this.server = createServer({
      ...{ cert, key, requestCert: requireClientCert, rejectUnauthorized: requireClientCert },
      ...{ handshakeTimeout: HANDSHAKE_TIMEOUT_MS, ...(ca === undefined ? {} : { ca }) },
    });
    this.server.on('secureConnection', (socket: TLSSocket) => this.succeed(socket));
    this.server.on('tlsClientError', (error: Error, socket: TLSSocket) => {
      const tap = tapOf(socket);
      if (tap !== undefined) tap.failure = error.message;
      tap?.destroy();
      socket.destroy();
    });
  }

  begin(socket: Socket, handshake: Handshake): void {
    const tap = new TlsTap(socket);
    this.underWay.set(tap, handshake);
    // However it ends, the socket is closed then.
    socket.once('close', () => {
      if (!this.underWay.delete(tap)) return;
      handshake.failed(tap.failure ?? 'it ended before the handshake was done');
    });
    this.server.emit('connection', tap);
  }

  private succeed(socket: TLSSocket): void {
    const tap = tapOf(socket);
    const handshake = tap === undefined ? undefined : this.underWay.get(tap);
    if (tap === undefined || handshake === undefined || socket.destroyed) {
      tap?.destroy();
      socket.destroy();
      return;
    }
    this.underWay.delete(tap);
    tap.above = socket;
    const { subject } = socket.getPeerCertificate();
    handshake.secure(socket, tap, subject === undefined ? undefined : [subject.CN].flat()[0]);
  }
}
