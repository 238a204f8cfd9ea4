/**
 * Requests whose body should have been taken and was not, each counted once: refused, too large, or not to its end.
 *
 *   watch() ─▶ body is read ─▶ forget() ─▶ handle()
 *          └─▶ note(), or the connection closes before the body is whole
 */
import type { IncomingMessage } from 'node:http';
import type { FastifyRequest } from 'fastify';
import type { MissedBody } from '../telemetry/counters/http-counters.ts';

type Missed = (reason: MissedBody) => void;

export class MissedBodies {
  /** Requests whose body is being read. */
  private readonly watched = new WeakMap<IncomingMessage, Missed>();

  /** The body of this request is to be taken. */
  watch({ raw }: FastifyRequest, missed: Missed): void {
    this.watched.set(raw, missed);
    raw.once('close', () => this.tell(raw, 'cut'));
  }

  /** The body is whole, and somebody else's to count. */
  forget({ raw }: FastifyRequest): void {
    this.watched.delete(raw);
  }

  /** The body is not taken. */
  note({ raw }: FastifyRequest, reason: MissedBody): void {
    this.tell(raw, reason);
  }

  private tell(raw: IncomingMessage, reason: MissedBody): void {
    const missed = this.watched.get(raw);
    if (!this.watched.delete(raw)) return;
    missed?.(reason);
  }
}
