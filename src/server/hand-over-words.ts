/**
 * What two servers say to each other when one takes the other's place (hand-over-giver.ts, hand-over-taker.ts).
 *
 *   new ──take_over──▶ old      over a Unix stream socket at `handover_socket`, mode 0600, users compared
 *   new ◀──sockets──── old      a descriptor each: both may receive from now on, and nothing is lost
 *        the new one starts its threads
 *   new ──receiving──▶ old      the old one stops receiving, without draining what the new one now has
 *   new ◀─connection── old      a descriptor each, with the bytes of an unfinished packet
 *   new ◀──released─── old      ports and files are free; the old one flushes, delivers and ends
 *
 * Until `receiving` nothing has changed for the old one: it goes on when the new one dies or is silent. `withdrawn` says
 * that it does.
 */
import type { ListenerKind } from '../intake/open-listeners.ts';

export const HAND_OVER_VERSION = 1;
/** How long either side waits for an answer that needs no work, ms. */
export const ANSWER_MS = 5000;
/** How long a new server may take from the sockets to `receiving`, ms. */
export const START_MS = 60_000;
/** How long the old one may take from `receiving` to `released`, ms: its backlog, and connections that cannot move. */
export const RELEASE_MS = 30_000;

export interface TakeOver {
  readonly say: 'take_over';
  readonly version: number;
}

export interface OfferedSocket {
  readonly kind: ListenerKind;
  /** What it listens on. */
  readonly name: string;
  /** Opened by whoever started the old server. */
  readonly inherited: boolean;
}

/** The answer, with a descriptor for each socket. */
export interface Sockets {
  readonly say: 'sockets';
  readonly sockets: readonly OfferedSocket[];
}

/** The old server does not hand over, or not any more. */
export interface Withdrawn {
  readonly say: 'withdrawn';
  readonly reason: string;
}

export interface Receiving {
  readonly say: 'receiving';
  /** Indices of the sockets that were taken. */
  readonly taken: readonly number[];
}

/** With one descriptor. */
export interface HandedOver {
  readonly say: 'connection';
  /** Index of its socket among those offered. */
  readonly socket: number;
  /** The beginning of a packet, base64. */
  readonly held: string;
  /** Within a line that is too long. */
  readonly skipping: boolean;
}

export interface Released {
  readonly say: 'released';
}

export type FromOld = Sockets | Withdrawn | HandedOver | Released;
export type FromNew = TakeOver | Receiving;
