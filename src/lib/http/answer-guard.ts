/**
 * Ends connections of an HTTP server whose client does not take its answer.
 *
 *   every second, for each connection:   bytes that wait for the client?   ─ no ──▶ its time begins anew
 *                                                    │ yes
 *                                        WINDOW_MS without BYTES_MIN taken ──────▶ closed, counted
 *
 * The kernel takes bytes in steps: where its buffers have grown to megabytes, it takes none until a third of them is free
 * again. So a step of more than BYTES_MIN pays for as many windows as it fills, WINDOWS_MAX at most.
 *
 * Requests have the time limits of Node; answers have none there, so a client that asks and never reads would hold its
 * connection, the page it asked for and one of a few places for ever. One that reads byte by byte is no better.
 *
 * Time     is counted in looks. While the server itself stands still, for lack of processor time or with much to do, nobody can
 *          take anything, and the clock goes on: one look follows, and then clients have their turn.
 * Limits   as many connections as the server allows. When hardly any is left, those that are idle between two requests
 *          are closed to make room.
 * Thread   that of the server. The kernel's buffers are not seen: what they hold has left this process.
 */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';

const LOOK_MS = 1000;
const WINDOW_MS = 10_000;
const BYTES_MIN = 10_240;
const WINDOWS_MAX = 4;
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
  /** Bytes taken in the looks that are counted. */
  taken: number;
  /** Looks in a row at which it waited and had not taken enough; below 0 while it has taken more than it had to. */
  looks: number;
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
    this.sockets.set(socket, { whole: 0, queued: 0, taken: 0, looks: 0 });
    socket.once('close', () => this.sockets.delete(socket));
    this.timer ??= setInterval(() => this.look(), this.options.lookMs).unref();
    const { maxConnections } = this.server;
    if (maxConnections > 0 && this.sockets.size >= maxConnections * NEARLY_FULL)
      this.server.closeIdleConnections();
  }

  private look(): void {
    const { windowMs, lookMs, bytesMin } = this.options;
    const looksMax = windowMs / lookMs;
    for (const [socket, watched] of this.sockets) {
      const queued = queuedBytes(socket);
      const whole = socket.bytesWritten - socket.writableLength;
      // A write counts as waiting whole until all of it is taken; the kernel's queue tells of its parts.
      watched.taken += whole > watched.whole ? whole - watched.whole : Math.max(0, watched.queued - queued);
      watched.whole = whole;
      watched.queued = queued;
      const isWaiting = socket.writableLength > 0 || queued > 0;
      if (!isWaiting) {
        watched.taken = 0;
        watched.looks = 0;
      } else if (watched.taken >= bytesMin) {
        const windows = Math.min(Math.floor(watched.taken / bytesMin), WINDOWS_MAX);
        watched.taken = 0;
        watched.looks = Math.min(watched.looks, looksMax * (1 - windows));
      } else if (++watched.looks > looksMax) {
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
