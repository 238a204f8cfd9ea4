/**
 * What two servers say to each other when one takes the other's place (giver.ts, taker.ts).
 *
 *   new ──take_over──▶ old      over a Unix stream socket at `hot_restart.socket`, mode 0600, users compared
 *   new ◀──sockets──── old      a descriptor each: both may receive from now on, and nothing is lost
 *        the new one starts its threads
 *   new ──receiving──▶ old      the old one stops receiving, without draining what the new one now has
 *   new ◀─connection── old      a descriptor each, with the bytes of an unfinished packet
 *   new ◀──released─── old      ports and files are free; the old one flushes, delivers and ends
 *
 * Until `receiving` nothing has changed for the old one: it goes on when the new one dies or is silent. `withdrawn` says
 * that it does.
 */
import type { ListenerKind } from '../../listeners/sockets/open-listener.ts';

export const HOT_RESTART_VERSION = 1;
/** How long either side waits for an answer that needs no work, ms. */
export const ANSWER_MS = 5000;
/** How long a new server may take from the sockets to `receiving`, ms. */
export const START_MS = 60_000;
/** How long the old one may take from `receiving` to `released`, ms: its backlog, and connections that cannot move. */
export const RELEASE_MS = 30_000;

/**
 * For how long a new server asks again, ms: where another one is being replaced, or is starting, and where sockets are in use
 * and nobody answers, because their server may be about to.
 */
export const RETRY_MS = 15_000;
/** How often it asks. */
export const RETRY_PAUSE_MS = 100;

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
  /** Whether one more descriptor follows: the socket at which a server is asked, so that there always is one. */
  readonly hasOwn: boolean;
}

/** The old server does not hand over, or not any more. */
export interface Withdrawn {
  readonly say: 'withdrawn';
  readonly reason: string;
  /** Whether it makes sense to ask again in a moment. */
  readonly retry: boolean;
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
  /** What is still to be skipped of a packet that is too long: bytes of a frame; of a line 1. */
  readonly skipping: number;
}

export interface Released {
  readonly say: 'released';
}

export type FromOld = Sockets | Withdrawn | HandedOver | Released;
export type FromNew = TakeOver | Receiving;
