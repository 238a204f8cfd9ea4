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
 * Shares  of the places half are divided among the listeners, and kept for them: clients of one cannot lock out those of
 *         another. The other half goes to whoever comes first.
 * Thread  the stream thread. Time is an argument, Unix seconds.
 */
import type { ConnectionsView, ConnectionView } from '../../model/connection.ts';

/** Connections a view lists: about 200 KiB of JSON. */
const VIEW_MAX = 1000;
/** How long clients have to stop sending after the half-close, ms (docs/behaviour/listeners.md#streams). */
const GRACE_MS = 1000;
/** How long reading what had been sent before may take then, ms. */
const DRAIN_MS = 5000;
/** How long those that are cut off may take to say so, ms. */
const CUT_MS = 1000;

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
  /** How many listeners share them; 1 when left out. */
  readonly listeners?: number;
  readonly graceMs?: number;
  readonly drainMs?: number;
}

export class ConnectionTracker {
  private readonly connectionsMax: number;
  private readonly graceMs: number;
  private readonly drainMs: number;
  private readonly connections = new Set<Tracked>();
  /** Connections that were let in and not yet left, by number of their listener. */
  private readonly admitted: number[];
  /** Places kept for each listener. */
  private readonly share: number;
  /** How those end that are not yet connections: sockets in a TLS handshake. */
  private readonly pending = new Set<() => void>();
  private lastId = 0;
  private whenEmpty: (() => void) | undefined;

  constructor({ connectionsMax, listeners = 1, graceMs = GRACE_MS, drainMs = DRAIN_MS }: TrackerOptions) {
    this.connectionsMax = connectionsMax;
    this.admitted = new Array<number>(listeners).fill(0);
    // Where there are fewer places than listeners, the first to come has them.
    const isScarce = listeners < 2 || connectionsMax < listeners;
    this.share = isScarce ? 0 : Math.max(1, Math.floor(connectionsMax / 2 / listeners));
    this.graceMs = graceMs;
    this.drainMs = drainMs;
  }

  /** Connections that are open, those not yet added included. */
  get open(): number {
    return this.admitted.reduce((sum, count) => sum + count, 0);
  }

  /** Makes room for one more connection of a listener, by number; false when there is none. To be followed by leave(). */
  admit(listener: number): boolean {
    let kept = 0;
    for (const [other, count] of this.admitted.entries()) {
      if (other !== listener) kept += Math.max(0, this.share - count);
    }
    if (this.open + kept >= this.connectionsMax) return false;
    this.admitted[listener] = (this.admitted[listener] as number) + 1;
    return true;
  }

  /** An admitted connection is gone. */
  leave(listener: number): void {
    this.admitted[listener] = (this.admitted[listener] as number) - 1;
    if (this.open === 0) this.whenEmpty?.();
  }

  /** One that was admitted is not yet a connection: `end` ends it at a stop. What this returns says that it is one. */
  addPending(end: () => void): () => void {
    this.pending.add(end);
    return () => this.pending.delete(end);
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
    const { open, connectionsMax: limit } = this;
    return { open, limit, omitted: this.connections.size - connections.length, connections };
  }

  /** Ends all connections in order; resolves when they are gone. No more may be admitted. */
  async stop(): Promise<void> {
    for (const connection of this.connections) connection.halfClose();
    if (await this.becomesEmpty(this.graceMs)) return;
    for (const end of this.pending) end();
    for (const connection of this.connections) connection.endReading();
    if (await this.becomesEmpty(this.drainMs)) return;
    for (const connection of this.connections) connection.cutOff();
    await this.becomesEmpty(CUT_MS);
  }

  /** Waits until no connection is left; false when that takes longer than `timeoutMs`. */
  private becomesEmpty(timeoutMs: number): Promise<boolean> {
    if (this.open === 0) return Promise.resolve(true);
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
