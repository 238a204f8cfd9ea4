/**
 * Hot path. How long a receive of a datagram socket waits: 100 ms, and 250 ms once nothing has come for five seconds.
 *
 * The wait is how late a thread notices a stop, a message of the control thread and the end of a bucket. On a server at
 * rest two listener threads woke up 20 times a second for it, more than all the rest of the process. A packet or a
 * message ends the rest at once, so whoever sends or looks on is answered as before from then on.
 *
 * Threads that share a socket share its timeout: any of them may wait for as long as the one that rests.
 */

/** As long as packets come, ms. */
export const RECEIVE_TIMEOUT_MS = 100;
/** At rest, ms. */
export const REST_TIMEOUT_MS = 250;
/** Receives in a row that brought nothing: five seconds. */
export const EMPTY_RECEIVES_MIN = 50;

export class ReceiveTimeout {
  private readonly set: (ms: number) => void;
  private empty = 0;

  /** `set` sets the timeout of the socket, ms. */
  constructor(set: (ms: number) => void) {
    this.set = set;
    set(RECEIVE_TIMEOUT_MS);
  }

  /** A receive ended because its time was over. */
  noteEmpty(): void {
    if (++this.empty === EMPTY_RECEIVES_MIN) this.set(REST_TIMEOUT_MS);
  }

  /** A packet or a message came, or the receive failed. */
  noteActive(): void {
    if (this.empty >= EMPTY_RECEIVES_MIN) this.set(RECEIVE_TIMEOUT_MS);
    this.empty = 0;
  }
}
