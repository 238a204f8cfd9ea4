/**
 * Every open connection of the stream thread: how many there may be, what each has brought, and how they end.
 *
 *   admit ──▶ add ──▶ … ──▶ remove        at the limit: not admitted, closed by the caller
 *   stop:  half-close all ──grace──▶ end of reading ──▶ what is left is cut off
 *
 * Half-closing tells clients that the server goes; they have a second to send what they have. Then their side is
 * shut, so that nothing new gets in, and what had got in before is read to its end.
 *
 * Limits  `connectionsMax` connections, those in a TLS handshake among them. A view lists VIEW_MAX of them.
 * Thread  the stream thread. Time is an argument, Unix seconds.
 */
import type { ConnectionsView, ConnectionView } from '../model/connection.ts';

/** Connections a view lists: about 200 KiB of JSON. */
const VIEW_MAX = 1000;
/** How long clients have to stop sending after the half-close, ms (spec intake §2). */
const GRACE_MS = 1000;
/** How long reading what had been sent before may take then, ms. */
const DRAIN_MS = 5000;

/** A connection as the tracker sees it. */
export interface Tracked {
  readonly lastReceived: number;
  view(): ConnectionView;
  /** Tells the client that nothing will be sent to it; reading goes on. */
  halfClose(): void;
  /** Lets nothing more in; what has come is read to its end. */
  endReading(): void;
  /** Closes at once. */
  cutOff(): void;
  /** Closes because nothing has come for long. */
  closeIdle(idleSeconds: number): void;
}

export interface TrackerOptions {
  readonly connectionsMax: number;
  readonly graceMs?: number;
  readonly drainMs?: number;
}

export class ConnectionTracker {
  private readonly connectionsMax: number;
  private readonly graceMs: number;
  private readonly drainMs: number;
  private readonly connections = new Set<Tracked>();
  private admitted = 0;
  private lastId = 0;
  private whenEmpty: (() => void) | undefined;

  constructor({ connectionsMax, graceMs = GRACE_MS, drainMs = DRAIN_MS }: TrackerOptions) {
    this.connectionsMax = connectionsMax;
    this.graceMs = graceMs;
    this.drainMs = drainMs;
  }

  /** Connections that are open, those not yet added included. */
  get open(): number {
    return this.admitted;
  }

  /** Makes room for one more connection; false when there is none. To be followed by leave(). */
  admit(): boolean {
    if (this.admitted >= this.connectionsMax) return false;
    this.admitted++;
    return true;
  }

  /** An admitted connection is gone. */
  leave(): void {
    this.admitted--;
    if (this.admitted === 0) this.whenEmpty?.();
  }

  /** A number no other connection has had. */
  nextId(): number {
    return ++this.lastId;
  }

  add(connection: Tracked): void {
    this.connections.add(connection);
  }

  all(): Iterable<Tracked> {
    return this.connections;
  }

  remove(connection: Tracked): void {
    this.connections.delete(connection);
  }

  closeIdle(now: number, idleSeconds: number): void {
    for (const connection of this.connections) {
      if (now - connection.lastReceived >= idleSeconds) connection.closeIdle(idleSeconds);
    }
  }

  /** The oldest connections, and how many more there are. */
  view(): ConnectionsView {
    const connections: ConnectionView[] = [];
    for (const connection of this.connections) {
      if (connections.length === VIEW_MAX) break;
      connections.push(connection.view());
    }
    const { admitted: open, connectionsMax: limit } = this;
    return { open, limit, omitted: this.connections.size - connections.length, connections };
  }

  /** Ends all connections in order; resolves when they are gone. No more may be admitted. */
  async stop(): Promise<void> {
    for (const connection of this.connections) connection.halfClose();
    if (await this.becomesEmpty(this.graceMs)) return;
    for (const connection of this.connections) connection.endReading();
    if (await this.becomesEmpty(this.drainMs)) return;
    for (const connection of this.connections) connection.cutOff();
  }

  /** Waits until no connection is left; false when that takes longer than `timeoutMs`. */
  private becomesEmpty(timeoutMs: number): Promise<boolean> {
    if (this.admitted === 0) return Promise.resolve(true);
    return new Promise((resolve) => {
      const answer = (empty: boolean): void => {
        clearTimeout(timer);
        this.whenEmpty = undefined;
        resolve(empty);
      };
      const timer = setTimeout(() => answer(false), timeoutMs);
      this.whenEmpty = () => answer(true);
    });
  }
}
