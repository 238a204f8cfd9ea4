/**
 * Ends connections of an HTTP server whose client does not take its answer.
 *
 *   every second, for each connection:   bytes that wait for the client?   ─ no ──▶ its time begins anew
 *                                                    │ yes
 *                                        WINDOW_MS without BYTES_MIN taken ──────▶ closed, counted
 *
 * Requests have the time limits of Node; answers have none there, so a client that asks and never reads would hold its
 * connection, the page it asked for and one of a few places for ever. One that reads byte by byte is no better.
 *
 * Limits   as many connections as the server allows. When hardly any is left, those that are idle between two requests
 *          are closed to make room.
 * Thread   that of the server. The kernel's buffers are not seen: what they hold has left this process.
 */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';

const LOOK_MS = 1000;
const WINDOW_MS = 10_000;
const BYTES_MIN = 10_240;
/** Share of the connections from which on idle ones are closed. */
const NEARLY_FULL = 0.9;

export interface AnswerGuardOptions {
  /** How long an answer may make no progress, ms. */
  readonly windowMs?: number;
  /** Bytes a client has to take in that time, as long as so many wait for it. */
  readonly bytesMin?: number;
  readonly lookMs?: number;
}

interface Watched {
  /** Bytes of whole writes that the client has taken. */
  whole: number;
  /** Bytes of the write under way that the kernel has yet to take. */
  queued: number;
  /** Bytes taken since `since`. */
  taken: number;
  since: number;
}

/** What is needed of a socket's handle: how much the kernel has yet to take of the last write. */
interface Handle {
  readonly writeQueueSize?: number;
}

export class AnswerGuard {
  /** Connections that were closed because their client did not take its answer. */
  stalled = 0;
  /** Connections that were refused because there were too many. */
  refused = 0;
  private readonly server: Server;
  private readonly options: Required<AnswerGuardOptions>;
  private readonly sockets = new Map<Socket, Watched>();
  private timer: NodeJS.Timeout | undefined;

  constructor(server: Server, options: AnswerGuardOptions = {}) {
    this.server = server;
    this.options = { windowMs: WINDOW_MS, bytesMin: BYTES_MIN, lookMs: LOOK_MS, ...options };
    server.on('connection', (socket: Socket) => this.add(socket));
    server.on('drop', () => this.refused++);
    server.on('close', () => clearInterval(this.timer));
  }

  private add(socket: Socket): void {
    this.sockets.set(socket, { whole: 0, queued: 0, taken: 0, since: performance.now() });
    socket.once('close', () => this.sockets.delete(socket));
    this.timer ??= setInterval(() => this.look(), this.options.lookMs).unref();
    const { maxConnections } = this.server;
    if (maxConnections > 0 && this.sockets.size >= maxConnections * NEARLY_FULL)
      this.server.closeIdleConnections();
  }

  private look(): void {
    const now = performance.now();
    const { windowMs, bytesMin } = this.options;
    for (const [socket, watched] of this.sockets) {
      const queued = queuedBytes(socket);
      const whole = socket.bytesWritten - socket.writableLength;
      // A write counts as waiting whole until all of it is taken; the kernel's queue tells of its parts.
      watched.taken += whole > watched.whole ? whole - watched.whole : Math.max(0, watched.queued - queued);
      watched.whole = whole;
      watched.queued = queued;
      const isWaiting = socket.writableLength > 0 || queued > 0;
      if (!isWaiting || watched.taken >= bytesMin) {
        watched.taken = 0;
        watched.since = now;
      } else if (now - watched.since >= windowMs) {
        this.stalled++;
        // A reset: what waits in the kernel for this client is thrown away too.
        socket.resetAndDestroy();
      }
    }
  }
}

function queuedBytes(socket: Socket): number {
  const handle = (socket as unknown as { readonly _handle?: Handle | null })._handle;
  return handle?.writeQueueSize ?? 0;
}
