/** What the benchmark's processes say to each other, over the IPC channel of fork(). */
import type { Destination } from '../src/listeners/system/send-batch.ts';
import type { ShapeName } from './corpus/shapes.ts';
import type { Totals } from './totals.ts';

/** First argument of sender.js, as JSON. */
export interface SenderSetup {
  readonly shape: ShapeName;
  /** So many contexts, each in its turn; those of the shape when not given. */
  readonly contexts?: number;
  readonly seed: number;
  readonly bytes: number;
  readonly packetBytesMax: number;
}

/** Where the sender sends to: datagrams, or frames over a Unix stream. */
export type BenchDestination = Destination | { readonly kind: 'stream'; readonly path: string };

/** One order to the sender, answered by one SendReport. Without a rate it sends as fast as it can. */
export interface SendOrder {
  readonly destination: BenchDestination;
  /** Ends at the first of the two; at least one is given. */
  readonly seconds?: number;
  readonly passes?: number;
  readonly packetsPerSecond?: number;
  readonly bytesPerSecond?: number;
  /** Processes in whose name datagrams over a Unix socket are sent, in turn; only root may. */
  readonly pids?: readonly number[];
  /** Sockets that datagrams are sent from, in turn, as of so many clients; one unless it says more. */
  readonly clients?: number;
}

export interface SendReport {
  readonly seconds: number;
  /** What the server has to report when nothing is lost. */
  readonly totals: Totals;
  /** Why sending ended before its time; empty when it did not. */
  readonly failure: string;
}

export interface SenderReady {
  readonly corpus: Totals;
}

/** First argument of l0.js, as JSON. */
export interface LimitSetup {
  readonly destination: Destination;
  /** SO_RCVBUF; 0 leaves the system's default. */
  readonly receiveBufferBytes: number;
}

/** Answer of l0.js to any message, once its socket is empty; counts since the last one. */
export interface LimitReport {
  readonly packets: number;
  readonly bytes: number;
}
